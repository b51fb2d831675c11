import { RandomStreams } from "@leastwise/testkit";
import { DAY_MS } from "@leastwise/vocabulary";

/** A shopper at the checkout on some day of a year. */
export interface YearShopper {
  readonly id: string;
  readonly atMs: number;
  readonly cartMinor: number;
  readonly costMinor: number;
  /** The shopper buys if the chance of it is greater, from 0 to below 1. */
  readonly draw: number;
}

const ON_A_DAY = 50;
/** Days of the year, from 0, on which a sale brings eight times as many as else. */
export const FLASH_SALE_DAYS = { first: 323, last: 327 } as const;
const FLASH_SALE_RUSH = 8;
const DECEMBER_FROM_DAY = 334;

/** The shoppers of a year, as they come: more at weekends and in December, and a rush in a flash sale. Carts and margins are as different as in a shop. */
export function shoppersOfYear(year: number): readonly YearShopper[] {
  const random = new RandomStreams(`pacing ${year}`).stream("shoppers");
  const startMs = Date.UTC(year, 0, 1);
  return Array.from({ length: 365 }, (_, day) => {
    const count = Math.round(ON_A_DAY * rush(day, new Date(startMs + day * DAY_MS).getUTCDay()));
    const times = Array.from({ length: count }, () => startMs + Math.floor((day + random.nextUnit()) * DAY_MS));
    return times
      .toSorted((a, b) => a - b)
      .map((atMs, place): YearShopper => {
        const cartMinor = Math.round(2_000 * Math.exp(1.6 * random.nextUnit()));
        const costMinor = Math.round(cartMinor * (0.35 + 0.5 * random.nextUnit()));
        return { id: `${day}-${place}`, atMs, cartMinor, costMinor, draw: random.nextUnit() };
      });
  }).flat();
}

function rush(day: number, weekday: number): number {
  if (day >= FLASH_SALE_DAYS.first && day <= FLASH_SALE_DAYS.last) return FLASH_SALE_RUSH;
  return (weekday === 0 || weekday === 6 ? 1.6 : 1) * (day >= DECEMBER_FROM_DAY ? 1.8 : 1);
}
