/** Milliseconds of a day of the calendar, whose days are all of 24 hours. */
const CALENDAR_DAY_MS = 86_400_000;

/**
 * Days until somebody's next birthday; 0 on the day. Who was born on 29 February has it on the 28th in years without one.
 *
 * @param birthday `MM-DD`
 * @param today days since the first of January 1970, by the calendar on the wall
 */
export function daysToBirthday(birthday: string, today: number): number {
  const year = new Date(today * CALENDAR_DAY_MS).getUTCFullYear();
  const thisYears = birthdayIn(year, birthday);
  return (thisYears >= today ? thisYears : birthdayIn(year + 1, birthday)) - today;
}

function birthdayIn(year: number, birthday: string): number {
  const [month = 1, day = 1] = birthday.split("-").map(Number);
  const lastOfMonth = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return Date.UTC(year, month - 1, Math.min(day, lastOfMonth)) / CALENDAR_DAY_MS;
}
