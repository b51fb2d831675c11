import { MINUTE_MS } from "@leastwise/vocabulary";
import { CivilClock } from "./civil-time.js";

/** A language that shoppers are told times in. */
export type TimeLanguage = "en" | "de";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** How each writes a day. */
const DAY_WORDS: Readonly<Record<TimeLanguage, (date: Date) => string>> = {
  en: (date) => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ""} ${date.getUTCFullYear()}`,
  de: (date) => `${twoDigits(date.getUTCDate())}.${twoDigits(date.getUTCMonth() + 1)}.${date.getUTCFullYear()}`,
};

/** Whom of its countries each asks for a zone's short name: the first that has more than an offset (`GMT-5`) for it is believed. */
const ZONE_LANGUAGES: Readonly<Record<TimeLanguage, readonly string[]>> = {
  en: ["en-GB", "en-US", "en-AU"],
  de: ["de"],
};

const DAY_MS = 1_440 * MINUTE_MS;
/** Zones change their names with their clocks, at full quarters of an hour. */
const QUARTER_MS = 15 * MINUTE_MS;

/** Tells instants as a language writes them, in one IANA time zone. What it says is a function of instant and language alone. */
export class ToldTime {
  /** Of its own: offers end later than now, and a clock remembers but one quarter of an hour. */
  readonly #clock: CivilClock;
  /** Made beforehand: the first of a language takes longer than a checkout may. None for UTC, which is called so everywhere. */
  readonly #formats: Readonly<Record<TimeLanguage, readonly Intl.DateTimeFormat[]>>;
  readonly #names = new Map<TimeLanguage, { readonly quarter: number; readonly name: string }>();

  /** @throws RangeError if there is no such time zone. */
  constructor(timeZone: string) {
    this.#clock = new CivilClock(timeZone);
    const formatOf = (language: string) => new Intl.DateTimeFormat(language, { timeZone, timeZoneName: "short" });
    const isUtc = timeZone === "UTC";
    this.#formats = {
      en: isUtc ? [] : ZONE_LANGUAGES.en.map(formatOf),
      de: isUtc ? [] : ZONE_LANGUAGES.de.map(formatOf),
    };
  }

  /** The minute of an instant, Unix milliseconds, with the zone's short name: `23 Nov 2026, 15:00 CET`. */
  say(atMs: number, language: TimeLanguage): string {
    const { day, minute } = this.#clock.at(atMs);
    const time = `${twoDigits(Math.floor(minute / 60))}:${twoDigits(minute % 60)}`;
    return `${DAY_WORDS[language](new Date(day * DAY_MS))}, ${time} ${this.#zoneName(atMs, language)}`;
  }

  #zoneName(atMs: number, language: TimeLanguage): string {
    const quarter = Math.floor(atMs / QUARTER_MS);
    const known = this.#names.get(language);
    if (known?.quarter === quarter) return known.name;
    const names = this.#formats[language].map((format) => shownZone(format, atMs));
    const name = names.find((shown) => !/^(GMT|UTC)[+-]/.test(shown)) ?? names[0] ?? "UTC";
    this.#names.set(language, { quarter, name });
    return name;
  }
}

function shownZone(format: Intl.DateTimeFormat, atMs: number): string {
  return format.formatToParts(atMs).find(({ type }) => type === "timeZoneName")?.value ?? "UTC";
}

function twoDigits(part: number): string {
  return String(part).padStart(2, "0");
}
