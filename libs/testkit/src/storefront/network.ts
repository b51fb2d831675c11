import { wire } from "@leastwise/contracts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "@leastwise/vocabulary";
import { exponential, oneOf } from "../random/draws.js";
import type { RandomStreams } from "../random/xoshiro128.js";

/** What the way from the browser to the shop does to events, as shares of all events. An event suffers one at most. */
export const NETWORK_RATES = {
  /** Sent a second time, up to some minutes later. */
  duplicate: 0.008,
  /** Arrives between a minute and six hours late. */
  late: 0.015,
  /** Comes without its id. */
  withoutId: 0.004,
  /** Is followed by a broken copy of itself. */
  malformed: 0.001,
} as const;

/** What is wrong with a broken copy: the reason under which the collector is to refuse it. */
export type Flaw =
  | "timestamp_in_seconds"
  | "id_missing"
  | "kind_missing"
  | "negative_price"
  | "quantity_out_of_range"
  | "unknown_currency";

/** One arrival of an event. */
export interface Arrival {
  readonly event: wire.Event;
  readonly afterMs: number;
  readonly fate: "on_time" | "duplicate" | "late" | "without_id" | "malformed";
  readonly flaw: Flaw | undefined;
}

/** What arrives of an event, and how long after it happened. Chance belongs to the event's id. */
export function arrivals(streams: RandomStreams, event: wire.Event): Arrival[] {
  const random = streams.stream(`network/${event.eventId}`);
  const onTime: Arrival = { event, afterMs: 0, fate: "on_time", flaw: undefined };
  // A login is the shop's own word, not the browser's.
  if (event.kind === wire.EventKind.EVENT_KIND_LOGIN) return [onTime];
  let left = random.nextUnit();
  if ((left -= NETWORK_RATES.duplicate) < 0) {
    const afterMs = Math.floor(SECOND_MS + exponential(random, MINUTE_MS));
    return [onTime, { ...onTime, afterMs, fate: "duplicate" }];
  }
  if ((left -= NETWORK_RATES.late) < 0) {
    const afterMs = Math.floor(Math.min(6 * HOUR_MS, MINUTE_MS + exponential(random, 40 * MINUTE_MS)));
    return [{ ...onTime, afterMs, fate: "late" }];
  }
  if ((left -= NETWORK_RATES.withoutId) < 0) {
    return [{ ...onTime, event: { ...event, eventId: "" }, fate: "without_id" }];
  }
  if ((left -= NETWORK_RATES.malformed) < 0) {
    const flaw = oneOf(random, flawsOf(event));
    return [onTime, { event: broken(event, flaw), afterMs: SECOND_MS, fate: "malformed", flaw }];
  }
  return [onTime];
}

function flawsOf({ product }: wire.Event): readonly Flaw[] {
  const always = ["timestamp_in_seconds", "id_missing", "kind_missing"] as const;
  return product?.unitPrice === undefined
    ? always
    : [...always, "negative_price", "quantity_out_of_range", "unknown_currency"];
}

function broken(event: wire.Event, flaw: Flaw): wire.Event {
  const copy = { ...event, eventId: `${event.eventId}-broken` };
  const { product } = event;
  const price = product?.unitPrice;
  switch (flaw) {
    case "timestamp_in_seconds":
      return { ...copy, occurredAtMs: event.occurredAtMs / 1_000n };
    case "id_missing":
      return { ...copy, anonymousId: "", userId: "" };
    case "kind_missing":
      return { ...copy, kind: wire.EventKind.EVENT_KIND_UNSPECIFIED };
    case "quantity_out_of_range":
      return { ...copy, product: product && { ...product, quantity: 2_147_483_648n } };
    case "negative_price":
      return { ...copy, product: product && price && { ...product, unitPrice: { ...price, minor: -price.minor } } };
    case "unknown_currency":
      return { ...copy, product: product && price && { ...product, unitPrice: { ...price, currency: "XYZ" } } };
  }
}
