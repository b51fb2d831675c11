import { wire } from "@leastwise/contracts";
import type { CurrencyCode } from "@leastwise/vocabulary";
import type { ReadingAccount } from "./reading-account.js";

/** An event and the line that it came from: the two that order a clickstream. */
export interface SourceEvent {
  readonly line: number;
  readonly event: wire.Event;
}

/** What a reader of one format is given. */
export interface ReaderInput {
  readonly path: string;
  /** Of amounts in a file that does not say. */
  readonly currency: CurrencyCode;
  /** Where it writes what it reads. */
  readonly account: ReadingAccount;
}

/** Reads one format: the events in the order of the file. Ends in an `UnreadableFile` or an error of the file system. */
export type Reader = (input: ReaderInput) => AsyncIterable<SourceEvent>;

/** Stands where a file says that a product was concerned, and not which. */
export const UNKNOWN_PRODUCT_ID = "unknown";

/** An event with what every event has; the rest is absent. */
export function eventOf(
  kind: wire.EventKind,
  occurredAtMs: number,
  given: Partial<wire.Event> & { readonly eventId: string; readonly userId: string },
): wire.Event {
  return {
    kind,
    occurredAtMs: BigInt(occurredAtMs),
    anonymousId: "",
    sessionId: "",
    channel: wire.Channel.CHANNEL_UNSPECIFIED,
    device: wire.Device.DEVICE_UNSPECIFIED,
    place: undefined,
    product: undefined,
    order: undefined,
    goodsReturn: undefined,
    content: undefined,
    ...given,
  };
}

/** One unit, or as many as said, of a product. */
export function productOf(
  productId: string,
  unitPrice: wire.Money | undefined,
  more: Partial<wire.EventProduct> = {},
): wire.EventProduct {
  return { productId, unitPrice, category: "", brand: "", quantity: 1n, ...more };
}

/** An order with these lines. */
export function orderOf(orderId: string, lines: wire.Line[], more: Partial<wire.Order> = {}): wire.Order {
  return { orderId, lines, total: undefined, discount: undefined, codes: [], ...more };
}

export function lineOf(
  productId: string,
  quantity: number,
  unitPrice: wire.Money | undefined,
  discount?: wire.Money,
): wire.Line {
  return { productId, quantity: BigInt(quantity), unitPrice, discount };
}
