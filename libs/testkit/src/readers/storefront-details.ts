import { access, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { csvRows, type CsvRow } from "./csv-rows.js";
import { UnreadableFile } from "./unreadable-file.js";

/** What is told beside an event, by event id. Of two rows with one id the first counts; in the file they are equal. */
export interface StorefrontDetails {
  readonly productViewed: ReadonlyMap<string, { readonly variant: string; readonly price: string }>;
  readonly productAdded: ReadonlyMap<string, { readonly variant: string; readonly price: string }>;
  readonly checkoutStarted: ReadonlyMap<string, CheckoutDetail>;
  readonly orderCompleted: ReadonlyMap<string, OrderDetail>;
  /** The pop-up's id. */
  readonly popupViewed: ReadonlyMap<string, string>;
  /** The pop-up's id. */
  readonly popupAccepted: ReadonlyMap<string, string>;
}

interface CheckoutDetail {
  readonly totalPrice: string;
  /** `null` where there is no discount. */
  readonly fullPrice: string;
  readonly variants: readonly string[];
}

interface OrderDetail {
  readonly totalPrice: string;
  readonly totalDiscounts: string;
  readonly discountCodes: string;
  readonly shippingCountry: string;
  readonly variants: readonly string[];
}

const VARIANTS = ["variant_item_1", "variant_item_2", "variant_item_3", "variant_item_4", "variant_item_5"] as const;

/** Reads the six detail files, a few thousand rows, whole. */
export async function readStorefrontDetails(path: string): Promise<StorefrontDetails> {
  return {
    productViewed: await byId(path, "product_viewed", ["variant", "price"], productOf),
    productAdded: await byId(path, "product_added", ["variant", "price"], productOf),
    checkoutStarted: await byId(
      path,
      "checkout_started",
      ["total_price", "without_discount_price", ...VARIANTS],
      (row) => ({
        totalPrice: row.get("total_price"),
        fullPrice: row.get("without_discount_price"),
        variants: variantsOf(row),
      }),
    ),
    orderCompleted: await byId(
      path,
      "order_completed",
      ["total_price", "total_discounts", "discount_codes", "shipping_country", ...VARIANTS],
      (row) => ({
        totalPrice: row.get("total_price"),
        totalDiscounts: row.get("total_discounts"),
        discountCodes: row.get("discount_codes"),
        shippingCountry: row.get("shipping_country"),
        variants: variantsOf(row),
      }),
    ),
    popupViewed: await byId(path, "popup_view", ["popup_id"], (row) => row.get("popup_id")),
    // The file's own spelling.
    popupAccepted: await byId(path, "popup_acepted", ["popup_id"], (row) => row.get("popup_id")),
  };
}

async function byId<Column extends string, Detail>(
  path: string,
  name: string,
  columns: readonly Column[],
  detailOf: (row: CsvRow<Column | "id">) => Detail,
): Promise<Map<string, Detail>> {
  const details = new Map<string, Detail>();
  for await (const row of csvRows<Column | "id">(await findStorefrontFile(path, name), ["id", ...columns])) {
    const id = row.get("id");
    if (!details.has(id)) details.set(id, detailOf(row));
  }
  return details;
}

function productOf(row: CsvRow<"variant" | "price" | "id">): { variant: string; price: string } {
  return { variant: row.get("variant"), price: row.get("price") };
}

function variantsOf(row: CsvRow<(typeof VARIANTS)[number]>): string[] {
  return VARIANTS.map((column) => row.get(column)).filter((variant) => variant !== "");
}

/** `NAME.csv.gz` or `NAME.csv` in the folder, or beside the file, that was named. Neither: `file_not_found`. */
export async function findStorefrontFile(path: string, name: string): Promise<string> {
  const folder = (await stat(path)).isDirectory() ? path : dirname(path);
  for (const ending of [".csv.gz", ".csv"]) {
    const file = join(folder, name + ending);
    if (await exists(file)) return file;
  }
  throw new UnreadableFile(
    "file_not_found",
    "path",
    join(folder, `${name}.csv.gz`),
    "the storefront's events and its six detail files",
  );
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
