import { wire } from "@leastwise/contracts";
import { csvRows, type CsvRow } from "./csv-rows.js";
import { eventOf, lineOf, orderOf, productOf, type ReaderInput, type SourceEvent } from "./source-event.js";
import { idOfRow } from "./source-values.js";

export const TAOBAO_COLUMNS = ["user_id", "item_id", "category_id", "behavior", "timestamp"] as const;

type Row = CsvRow<(typeof TAOBAO_COLUMNS)[number]>;

const KINDS: ReadonlyMap<string, wire.EventKind> = new Map([
  ["pv", wire.EventKind.EVENT_KIND_PRODUCT_VIEW],
  ["cart", wire.EventKind.EVENT_KIND_CART_ADD],
  ["fav", wire.EventKind.EVENT_KIND_CONTENT_ENGAGEMENT],
  ["buy", wire.EventKind.EVENT_KIND_PURCHASE],
]);

/**
 * Taobao UserBehavior. It has no prices, and none are invented: no cart of it can be decided. A favourite is an
 * engagement with content (`favourite`) about the product; a purchase row is one order `user:item:second` of one unit.
 */
export async function* readTaobao(input: ReaderInput): AsyncGenerator<SourceEvent> {
  for await (const row of csvRows(input.path, TAOBAO_COLUMNS)) {
    input.account.row(row.get("behavior"));
    const event = eventOfRow(row);
    if (typeof event === "string") {
      input.account.refuse(event);
      continue;
    }
    input.account.take(event);
    yield { line: row.line, event };
  }
}

function eventOfRow(row: Row): wire.Event | string {
  if (!row.isWhole) return "wrong_column_count";
  const kind = KINDS.get(row.get("behavior"));
  if (kind === undefined) return "kind_unknown";
  const seconds = row.get("timestamp");
  if (!/^\d{9,11}$/.test(seconds)) return "time_unreadable";
  const productId = row.get("item_id");
  const userId = row.get("user_id");
  if (productId === "" || userId === "") return "id_missing";
  const given = { eventId: idOfRow(row.values), userId };
  const atMs = Number(seconds) * 1_000;
  if (kind === wire.EventKind.EVENT_KIND_PURCHASE) {
    const order = orderOf(`${userId}:${productId}:${seconds}`, [lineOf(productId, 1, undefined)]);
    return eventOf(kind, atMs, { ...given, order });
  }
  const product = productOf(productId, undefined, { category: row.get("category_id") });
  const content =
    kind === wire.EventKind.EVENT_KIND_CONTENT_ENGAGEMENT ? { contentId: "", contentKind: "favourite" } : undefined;
  return eventOf(kind, atMs, { ...given, product, content });
}
