import { wire } from "@leastwise/contracts";
import { csvRows, type CsvRow } from "./csv-rows.js";
import { eventOf, lineOf, orderOf, productOf, type ReaderInput, type SourceEvent } from "./source-event.js";
import { amountOf, idOfRow, millisOf, moneyFrom } from "./source-values.js";

export const REES46_COLUMNS = [
  "event_time",
  "event_type",
  "product_id",
  "category_id",
  "category_code",
  "brand",
  "price",
  "user_id",
  "user_session",
] as const;

type Row = CsvRow<(typeof REES46_COLUMNS)[number]>;

const KINDS: ReadonlyMap<string, wire.EventKind> = new Map([
  ["view", wire.EventKind.EVENT_KIND_PRODUCT_VIEW],
  ["cart", wire.EventKind.EVENT_KIND_CART_ADD],
  ["remove_from_cart", wire.EventKind.EVENT_KIND_CART_REMOVE],
  ["purchase", wire.EventKind.EVENT_KIND_PURCHASE],
]);

/**
 * REES46 Open CDP event logs (multi-category and cosmetics). Rows carry no id: theirs is a digest of the row, so that
 * exact repeats are known as such. A purchase row is one product: it stays one event, and so one order
 * `session:product:time`, as the file does not say which rows were paid together. A price of 0 is the log's mark for an
 * unknown one (note `zero_price`).
 */
export async function* readRees46(input: ReaderInput): AsyncGenerator<SourceEvent> {
  for await (const row of csvRows(input.path, REES46_COLUMNS)) {
    input.account.row(row.get("event_type"));
    const event = eventOfRow(row, input);
    if (typeof event === "string") {
      input.account.refuse(event);
      continue;
    }
    input.account.take(event);
    yield { line: row.line, event };
  }
}

function eventOfRow(row: Row, { currency, account }: ReaderInput): wire.Event | string {
  if (!row.isWhole) return "wrong_column_count";
  const kind = KINDS.get(row.get("event_type"));
  if (kind === undefined) return "kind_unknown";
  const atMs = millisOf(row.get("event_time"));
  if (atMs === undefined) return "time_unreadable";
  const minor = amountOf(row.get("price"), currency);
  if (minor === undefined) return "amount_unreadable";
  const productId = row.get("product_id");
  const userId = row.get("user_id");
  if (productId === "" || userId === "") return "id_missing";
  if (minor === 0) account.note("zero_price");
  const unitPrice = minor === 0 ? undefined : moneyFrom(minor, currency);
  const sessionId = row.get("user_session");
  const given = { eventId: idOfRow(row.values), userId, sessionId, channel: wire.Channel.CHANNEL_WEB };
  if (kind === wire.EventKind.EVENT_KIND_PURCHASE) {
    const order = orderOf(`${sessionId}:${productId}:${atMs}`, [lineOf(productId, 1, unitPrice)]);
    return eventOf(kind, atMs, { ...given, order });
  }
  const category = row.get("category_code") === "" ? row.get("category_id") : row.get("category_code");
  return eventOf(kind, atMs, {
    ...given,
    product: productOf(productId, unitPrice, { category, brand: row.get("brand") }),
  });
}
