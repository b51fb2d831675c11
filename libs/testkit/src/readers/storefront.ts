import { wire } from "@leastwise/contracts";
import { csvRows, type CsvRow } from "./csv-rows.js";
import { findStorefrontFile, readStorefrontDetails, type StorefrontDetails } from "./storefront-details.js";
import {
  eventOf,
  lineOf,
  orderOf,
  productOf,
  UNKNOWN_PRODUCT_ID,
  type ReaderInput,
  type SourceEvent,
} from "./source-event.js";
import { amountOf, millisOf, moneyFrom } from "./source-values.js";

export const STOREFRONT_COLUMNS = ["user_id", "event_type", "event_id", "ts"] as const;

type Row = CsvRow<(typeof STOREFRONT_COLUMNS)[number]>;
type Parts = Pick<Partial<wire.Event>, "product" | "order" | "content" | "place">;

/** What a file's event type becomes: the kind, and the parts that its detail file tells. */
interface Mapping {
  readonly kind: wire.EventKind;
  readonly parts?: PartsReader;
}

/** Gives the parts of an event, or the reason why its row is refused. */
type PartsReader = (eventId: string, details: StorefrontDetails, input: ReaderInput) => Parts | string;

const { EventKind } = wire;

const MAPPINGS: ReadonlyMap<string, Mapping> = new Map<string, Mapping>([
  ["Page", { kind: EventKind.EVENT_KIND_PAGE_VIEW }],
  ["Product Viewed", { kind: EventKind.EVENT_KIND_PRODUCT_VIEW, parts: productParts("productViewed") }],
  ["Product Added", { kind: EventKind.EVENT_KIND_CART_ADD, parts: productParts("productAdded") }],
  ["Checkout Started", { kind: EventKind.EVENT_KIND_CHECKOUT_START, parts: checkoutParts }],
  ["Order Completed", { kind: EventKind.EVENT_KIND_PURCHASE, parts: orderParts }],
  ["Pop-up Email Viewed", popup("popupViewed", "popup_view")],
  ["Pop-up Email Accepted", popup("popupAccepted", "popup_accept")],
]);

/**
 * The fashion shop's clickstream: `events` joined with its six detail files on event_id = id. Half of the events have
 * no detail (`without_detail`): such a product is {@link UNKNOWN_PRODUCT_ID} without a price, such an order one unit of
 * it without a total. A pop-up seen or accepted is an engagement with content of kind `popup_view` or `popup_accept`.
 * `total_price` of an order has shipping and taxes in it, which the file does not tell apart (`total_with_shipping`);
 * the files name at most five variants of a cart (`five_variants`: there may have been more).
 */
export async function* readStorefront(input: ReaderInput): AsyncGenerator<SourceEvent> {
  const details = await readStorefrontDetails(input.path);
  for await (const row of csvRows(await findStorefrontFile(input.path, "events"), STOREFRONT_COLUMNS)) {
    input.account.row(row.get("event_type"));
    const event = eventOfRow(row, details, input);
    if (typeof event === "string") {
      input.account.refuse(event);
      continue;
    }
    input.account.take(event);
    yield { line: row.line, event };
  }
}

function eventOfRow(row: Row, details: StorefrontDetails, input: ReaderInput): wire.Event | string {
  if (!row.isWhole) return "wrong_column_count";
  const mapping = MAPPINGS.get(row.get("event_type"));
  if (mapping === undefined) return "kind_unknown";
  const atMs = millisOf(row.get("ts"));
  if (atMs === undefined) return "time_unreadable";
  const userId = row.get("user_id");
  const eventId = row.get("event_id");
  if (userId === "") return "id_missing";
  const parts = mapping.parts?.(eventId, details, input) ?? {};
  if (typeof parts === "string") return parts;
  return eventOf(mapping.kind, atMs, { eventId, userId, channel: wire.Channel.CHANNEL_WEB, ...parts });
}

function productParts(file: "productViewed" | "productAdded"): PartsReader {
  return (eventId, details, { account, currency }) => {
    const detail = details[file].get(eventId);
    if (detail === undefined) {
      account.note("without_detail");
      return { product: productOf(UNKNOWN_PRODUCT_ID, undefined) };
    }
    const minor = amountOf(detail.price, currency);
    if (minor === undefined) return "amount_unreadable";
    if (detail.variant === "") account.note("without_variant");
    const productId = detail.variant === "" ? UNKNOWN_PRODUCT_ID : detail.variant;
    return { product: productOf(productId, moneyFrom(minor, currency)) };
  };
}

function checkoutParts(
  eventId: string,
  details: StorefrontDetails,
  { account, currency }: ReaderInput,
): Parts | string {
  const detail = details.checkoutStarted.get(eventId);
  if (detail === undefined) {
    account.note("without_detail");
    return {};
  }
  const total = amountOf(detail.totalPrice, currency);
  if (total === undefined) return "amount_unreadable";
  const before = detail.fullPrice === "null" ? total : amountOf(detail.fullPrice, currency);
  if (before === undefined) return "amount_unreadable";
  if (detail.variants.length === VARIANTS_MAX) account.note("five_variants");
  const discount = before > total ? moneyFrom(before - total, currency) : undefined;
  return { order: orderOf("", linesOf(detail.variants), { total: moneyFrom(total, currency), discount }) };
}

function orderParts(eventId: string, details: StorefrontDetails, { account, currency }: ReaderInput): Parts | string {
  const detail = details.orderCompleted.get(eventId);
  if (detail === undefined) {
    account.note("without_detail");
    return { order: orderOf(eventId, [lineOf(UNKNOWN_PRODUCT_ID, 1, undefined)]) };
  }
  const total = amountOf(detail.totalPrice, currency);
  const discount = amountOf(detail.totalDiscounts, currency);
  if (total === undefined || discount === undefined) return "amount_unreadable";
  account.note("total_with_shipping");
  if (detail.variants.length === VARIANTS_MAX) account.note("five_variants");
  const country = COUNTRIES.get(detail.shippingCountry);
  if (country === undefined) account.note("country_unknown");
  return {
    place: country === undefined ? undefined : { country, region: "" },
    order: orderOf(eventId, linesOf(detail.variants), {
      total: moneyFrom(total, currency),
      discount: discount === 0 ? undefined : moneyFrom(discount, currency),
      codes: codesOf(detail.discountCodes),
    }),
  };
}

/** Variants that the files tell of a cart at most. */
const VARIANTS_MAX = 5;

/** The countries that the shop sends to. */
const COUNTRIES: ReadonlyMap<string, string> = new Map([
  ["United States", "US"],
  ["Canada", "CA"],
]);

function popup(file: "popupViewed" | "popupAccepted", contentKind: string): Mapping {
  return {
    kind: EventKind.EVENT_KIND_CONTENT_ENGAGEMENT,
    parts: (eventId, details, { account }) => {
      const contentId = details[file].get(eventId);
      if (contentId === undefined) account.note("without_detail");
      return { content: { contentId: contentId ?? "", contentKind } };
    },
  };
}

/** A variant that is named twice is two units. */
function linesOf(variants: readonly string[]): wire.Line[] {
  const units = new Map<string, number>();
  for (const variant of variants) units.set(variant, (units.get(variant) ?? 0) + 1);
  return [...units].map(([variant, quantity]) => lineOf(variant, quantity, undefined));
}

/** The codes of `[{"amount":"3.90","code":"SHAPE15","type":"fixed_amount"}]`. */
function codesOf(json: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return [];
  }
  if (!Array.isArray(parsed)) return [];
  return parsed.flatMap((used: unknown) =>
    typeof used === "object" && used !== null && "code" in used && typeof used.code === "string" ? [used.code] : [],
  );
}
