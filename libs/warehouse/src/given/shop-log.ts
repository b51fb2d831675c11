import { DAY_MS, HOUR_MS, MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { EVENT_KINDS, WINDOWS, type WindowEvent } from "@leastwise/windows";
import type { ClickstreamRow } from "../rows.js";
import { CLICK } from "./sample-rows.js";

/** The shop's own currency. */
export const HOME = "EUR";

/** What happens to a clickstream, in the order of arrival. */
export type Happening =
  | {
      readonly happens: "event";
      readonly subject: SubjectId;
      readonly event: WindowEvent;
      readonly row: Omit<ClickstreamRow, "log_incarnation" | "log_topic" | "log_partition" | "log_offset">;
    }
  | { readonly happens: "login"; readonly subject: SubjectId; readonly account: SubjectId; readonly atMs: number };

/** Whole numbers from a seed (mulberry32, by T. Ettinger): the next from `least` to `most`. */
export function draws(seed: number): (least: number, most: number) => number {
  let state = seed >>> 0;
  return (least, most) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return least + (((mixed ^ (mixed >>> 14)) >>> 0) % (most - least + 1));
  };
}

type Draw = ReturnType<typeof draws>;

const START = Date.UTC(2026, 0, 31, 23, 59, 30);
const EDGES = [0, 1, 4_999, 5_000, MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, DAY_MS];
const LATE = [1, 5_000, MINUTE_MS, 10 * MINUTE_MS, 31 * MINUTE_MS, DAY_MS, 8 * DAY_MS, 31 * DAY_MS, 40 * DAY_MS];
const AHEAD = [MINUTE_MS, 5 * MINUTE_MS, 6 * MINUTE_MS, HOUR_MS];

function pick<T>(draw: Draw, items: readonly T[]): T {
  const item = items[draw(0, items.length - 1)];
  if (item === undefined) throw new RangeError("nothing to choose from");
  return item;
}

/** Subjects by number: anonymous ones begin with an even digit, and become known as accounts, which begin with the odd digit after it. */
export function subjectOf(number: number, isAccount: boolean): SubjectId {
  return `${(2 * (number % 8) + Number(isAccount)).toString(16)}${number.toString(16).padStart(31, "0")}` as SubjectId;
}

/** Looks at more products than are counted exactly, and uses more ids than are remembered: none comes again. */
export const COLLECTOR = subjectOf(200, true);

const FEW = { products: 5, ids: 80 };
const MANY = { products: 5_000, ids: 2_000_000_000 };

/**
 * A clickstream that has all that is difficult: late events of any age, broken clocks, repeated and missing ids, moments at the edges of
 * tiles, sessions and silences, carts that are filled and emptied in any order, other currencies, prices of the catalog, events that windows
 * do not count, more products than are counted exactly, silences after which windows forget, and logins.
 */
export function shopLog(seed: number, subjects: number, eventsMax: number): readonly Happening[] {
  const draw = draws(seed);
  const all: { readonly arrivedMs: number; readonly happening: Happening }[] = [];
  const happens = (arrivedMs: number, happening: Happening): void => {
    all.push({ arrivedMs, happening });
  };
  for (let number = 0; number < subjects; number += 1) {
    // A person goes on as an account where the anonymous shopper stopped, and back.
    let clock = START + draw(0, 3 * DAY_MS);
    for (let left = draw(1, 2 * eventsMax); left > 0; left -= 1) {
      clock += pauseMs(draw);
      const isAccount = draw(0, 1) === 1;
      happens(clock, eventOf(draw, subjectOf(number, isAccount), happenedMs(draw, clock), clock, FEW));
      if (isAccount || draw(0, 9) > 0) continue;
      clock += 1;
      happens(clock, {
        happens: "login",
        subject: subjectOf(number, false),
        account: subjectOf(number, true),
        atMs: clock,
      });
      // The event that named both is the account's.
      happens(clock, eventOf(draw, subjectOf(number, true), clock, clock, FEW));
    }
  }
  let clock = START;
  for (let left = 1_500; left > 0; left -= 1) {
    clock += draw(0, 20 * MINUTE_MS);
    happens(clock, eventOf(draw, COLLECTOR, happenedMs(draw, clock), clock, MANY));
  }
  return all.sort((a, b) => a.arrivedMs - b.arrivedMs).map(({ happening }) => happening);
}

function pauseMs(draw: Draw): number {
  if (draw(0, 24) === 0) return draw(140, 260) * DAY_MS;
  return draw(0, 5) === 0 ? draw(0, 9 * DAY_MS) : Math.max(0, pick(draw, EDGES) + draw(-1, 1));
}

function happenedMs(draw: Draw, arrivedMs: number): number {
  const which = draw(0, 9);
  if (which === 0) return arrivedMs + pick(draw, AHEAD) + draw(-1, 1);
  if (which <= 3) return arrivedMs - pick(draw, LATE) + draw(-1, 1);
  if (which > 6) return arrivedMs;
  // At the edge of a tile.
  const { tileMs } = pick(draw, WINDOWS);
  return Math.floor(arrivedMs / tileMs) * tileMs - draw(0, 1);
}

function eventOf(
  draw: Draw,
  subject: SubjectId,
  atMs: number,
  arrivedMs: number,
  { products, ids }: typeof FEW,
): Happening {
  const kind = draw(0, 29) === 0 && atMs !== arrivedMs ? "login" : pick(draw, EVENT_KINDS);
  const eventId = draw(0, 4) === 0 ? "" : `${subject.slice(1)}-${draw(0, ids)}`;
  const productId = draw(0, 4) === 0 ? "" : `p${draw(1, products)}`;
  const units = draw(0, 3);
  const isOrder = kind === "purchase";
  const lines = isOrder
    ? Array.from({ length: draw(0, 3) }, () => ({ productId: `p${draw(1, products)}`, units: draw(1, 4) }))
    : [];
  const [currency, fromCatalog] = pick(draw, [
    [HOME, false],
    [HOME, false],
    [HOME, true],
    ["USD", false],
    ["", false],
  ] as const);
  const [amount, discount] = currency === "" ? [null, null] : [draw(0, 5_000), draw(0, 1) === 0 ? null : draw(0, 500)];
  const isTold = currency === HOME && !fromCatalog;
  const texts = {
    channel: pick(draw, ["", "web", "app"]),
    device: pick(draw, ["", "mobile"]),
    place: pick(draw, ["", "DE", "DE-BE"]),
  };
  const row = {
    ...CLICK,
    ...{ subject, assignment_key: subject, event_id: eventId, kind, occurred_at: atMs, received_at: arrivedMs },
    ...{ ...texts, product_id: productId, quantity: units, currency, order_id: isOrder ? "o" : "" },
    ...{ unit_price_minor: amount, unit_price_from_catalog: fromCatalog },
    ...{ revenue_minor: isOrder ? amount : null, revenue_from_catalog: isOrder && fromCatalog },
    discount_minor: isOrder ? discount : null,
    lines: lines.map((line) => ({
      product_id: line.productId,
      quantity: line.units,
      unit_price_minor: null,
      discount_minor: 0,
    })),
  };
  const event: WindowEvent = {
    kind: kind === "login" ? "page_view" : kind,
    atMs: atMs as Millis,
    receivedAtMs: arrivedMs as Millis,
    ...{ eventId: eventId || undefined, productId: productId || undefined, units, lines },
    unitPriceMinor: isTold ? (amount ?? undefined) : undefined,
    revenueMinor: isOrder && isTold ? (amount ?? undefined) : undefined,
    discountMinor: isOrder && isTold ? (discount ?? undefined) : undefined,
    ...{ channel: texts.channel || undefined, device: texts.device || undefined, place: texts.place || undefined },
  };
  return { happens: "event", subject, event, row };
}
