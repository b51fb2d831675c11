import { kindName, type KindName, wire } from "@leastwise/contracts";
import { Repeats } from "./repeats.js";

/** What was read of a file. Every row is an event, part of one, or refused under a name: nothing goes missing. */
export interface Account {
  /** Rows or lines of the main file, without the header. */
  readonly rows: number;
  /** Events made of them. */
  readonly events: number;
  readonly byKind: ReadonlyMap<KindName, number>;
  /** Rows by the file's own word for what happened, refused ones included: what the data's README counts. */
  readonly bySourceType: ReadonlyMap<string, number>;
  /** Rows that became nothing, by reason. */
  readonly refused: ReadonlyMap<string, number>;
  /**
   * Remarks on what was read. All formats: `duplicates` (the same event id for the same shopper again; kept, the windows
   * count it once), `conflicts` (an event id under another shopper; kept), `without_event_id`, `without_price` (an event
   * that could tell a price or a total, and does not). The readers say their own beside these.
   */
  readonly notes: ReadonlyMap<string, number>;
}

/** The account while it is written. */
export class ReadingAccount implements Account {
  rows = 0;
  events = 0;
  readonly byKind = new Map<KindName, number>();
  readonly bySourceType = new Map<string, number>();
  readonly refused = new Map<string, number>();
  readonly notes = new Map<string, number>();
  readonly #repeats = new Repeats();

  /** A row was read, which calls itself `sourceType`. */
  row(sourceType: string): void {
    this.rows += 1;
    increase(this.bySourceType, sourceType);
  }

  /** The row that was read last became nothing. */
  refuse(reason: string): void {
    increase(this.refused, reason);
  }

  note(remark: string): void {
    increase(this.notes, remark);
  }

  /** An event was made. */
  take(event: wire.Event): void {
    this.events += 1;
    const kind = kindName(event.kind);
    if (kind !== undefined) increase(this.byKind, kind);
    const repeat = this.#repeats.see(event);
    if (repeat !== undefined) this.note(repeat);
    if (couldTellMoney(event) && !tellsMoney(event)) this.note("without_price");
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const { EventKind } = wire;
const MONEY_KINDS: ReadonlySet<wire.EventKind> = new Set([
  EventKind.EVENT_KIND_PRODUCT_VIEW,
  EventKind.EVENT_KIND_CART_ADD,
  EventKind.EVENT_KIND_CART_REMOVE,
  EventKind.EVENT_KIND_CHECKOUT_START,
  EventKind.EVENT_KIND_PURCHASE,
]);

function couldTellMoney(event: wire.Event): boolean {
  return MONEY_KINDS.has(event.kind);
}

function tellsMoney({ product, order }: wire.Event): boolean {
  if (product?.unitPrice !== undefined || order?.total !== undefined) return true;
  return order !== undefined && order.lines.length > 0 && order.lines.every((line) => line.unitPrice !== undefined);
}
