import { readEvent, type wire } from "@leastwise/contracts";
import { CartTracker, openClickstream, type Clickstream } from "@leastwise/testkit";
import { err, refusal, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import path from "node:path";
import { DATA_FOLDER, realDataIsHere } from "./real-data.js";

// Every count here stands in the README of the data, or was taken from the files by another program.
interface Expected {
  readonly path: string;
  readonly format: string;
  readonly rows: number;
  readonly events: number;
  readonly shoppers: number;
  readonly bySourceType: Readonly<Record<string, number>>;
  readonly refused: Readonly<Record<string, number>>;
  readonly notes: Readonly<Record<string, number>>;
  /** Sum of `sales_value` over lines with a quantity. */
  readonly paidMinor?: bigint;
}

const EXPECTED: readonly Expected[] = [
  {
    path: "storefront",
    format: "storefront",
    rows: 16_008,
    events: 16_008,
    shoppers: 250,
    bySourceType: {
      Page: 7_616,
      "Product Viewed": 5_849,
      "Pop-up Email Viewed": 1_157,
      "Product Added": 702,
      "Checkout Started": 486,
      "Pop-up Email Accepted": 100,
      "Order Completed": 98,
    },
    refused: {},
    notes: {
      duplicates: 4,
      conflicts: 27,
      // Of 8,392 events that a detail file could tell of: 4,180 + 432 + 323 + 43 + 1,002 + 62 have a row.
      without_detail: 2_350,
      without_variant: 160,
      without_price: 1_669 + 270 + 163 + 55,
      total_with_shipping: 43,
      five_variants: 17,
    },
  },
  {
    path: "rees46/rees46_2019-10-01_first170min.csv.gz",
    format: "rees46",
    rows: 17_434,
    events: 17_434,
    shoppers: 4_504,
    bySourceType: { view: 17_055, cart: 165, purchase: 214 },
    refused: {},
    notes: { duplicates: 5, zero_price: 19, without_price: 19 },
  },
  {
    path: "rees46/rees46_cosmetics_5x1000.csv.gz",
    format: "rees46",
    rows: 4_994,
    events: 4_994,
    shoppers: 892,
    bySourceType: { view: 2_320, cart: 1_300, remove_from_cart: 1_051, purchase: 323 },
    refused: {},
    notes: { duplicates: 291, zero_price: 7, without_price: 7 },
  },
  {
    path: "taobao/taobao_first2h_96k.csv.gz",
    format: "taobao",
    rows: 96_168,
    events: 96_168,
    shoppers: 58_732,
    bySourceType: { pv: 85_773, cart: 5_292, fav: 2_959, buy: 2_144 },
    refused: {},
    notes: { without_price: 85_773 + 5_292 + 2_144 },
  },
  {
    path: "complete-journey",
    format: "complete-journey",
    rows: 503_128,
    events: 46_063,
    shoppers: 410,
    bySourceType: { line: 503_128 },
    refused: { quantity_zero: 4_275 },
    notes: { sold_by_weight: 5_569, manufacturer_coupon: 14_341, line_split: 5_200, order_without_lines: 113 },
    paidMinor: 159_478_900n,
  },
];

/** Half a million lines are read several times over: seconds on an idle machine, more beside other work. */
const READ_MAX_MS = 180_000;
jest.setTimeout(READ_MAX_MS);

const isHere = realDataIsHere("the counts of the real clickstreams");

(isHere ? describe : describe.skip).each(EXPECTED)("$path", (expected) => {
  let stream: Clickstream;
  beforeAll(async () => {
    const result = await openClickstream({
      path: path.join(DATA_FOLDER, expected.path),
      currency: "USD" as CurrencyCode,
      segmentToEvents: () => err(refusal("no_segment_here", "", undefined, "none")),
    });
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    stream = result.value;
  });

  it("has the counts of the data's own README, every row accounted for", () => {
    const { account } = stream;
    expect(stream.format.name).toBe(expected.format);
    expect([account.rows, account.events, stream.total]).toEqual([expected.rows, expected.events, expected.events]);
    expect(Object.fromEntries(account.bySourceType)).toEqual(expected.bySourceType);
    expect(Object.fromEntries(account.refused)).toEqual(expected.refused);
    expect(Object.fromEntries(account.notes)).toEqual(expected.notes);
    expect([...account.byKind.values()].reduce((a, b) => a + b, 0)).toBe(expected.events);
  });

  it("comes in order of time, each event good for the collector's door", async () => {
    const shoppers = new Set<string>();
    let newestMs = 0n;
    for await (const event of stream.events) {
      if (event.occurredAtMs < newestMs) throw new Error(`${event.eventId} comes too late`);
      newestMs = event.occurredAtMs;
      const checked = readEvent(event, Number(event.occurredAtMs) as Millis);
      if (!checked.ok) throw new Error(JSON.stringify(checked.error));
      shoppers.add(event.userId);
    }
    expect(shoppers.size).toBe(expected.shoppers);
  });

  it("asks Decide only about carts with prices, and says of every other cart why not", async () => {
    const carts = new CartTracker(stream.format.asksAt);
    let asked = 0;
    let priced = true;
    for await (const event of stream.events) {
      const question = carts.see(event);
      if (question === undefined) continue;
      asked += 1;
      priced &&= (question.request.cart?.lines ?? []).every((line) => line.unitPrice !== undefined);
    }
    const skipped = [...carts.skipped.values()].reduce((a, b) => a + b, 0);
    expect([carts.asked, priced]).toEqual([asked, true]);
    if (stream.format.asksAt === "order") expect(asked + skipped).toBe(expected.events);
    if (expected.format === "taobao") expect(Object.fromEntries(carts.skipped)).toEqual({ without_price: 5_292 });
    else expect(asked).toBeGreaterThan(100);
  });

  it("has orders whose lines add up to what was paid, to the cent", async () => {
    if (expected.paidMinor === undefined) return;
    let unequal = 0;
    let total = 0n;
    for await (const { order } of stream.events) {
      if (sumOf(order?.lines ?? []) !== order?.total?.minor) unequal += 1;
      total += order?.total?.minor ?? 0n;
    }
    expect([unequal, total]).toEqual([0, expected.paidMinor]);
  });
});

function sumOf(lines: readonly wire.Line[]): bigint {
  return lines.reduce(
    (sum, line) => sum + line.quantity * (line.unitPrice?.minor ?? 0n) - (line.discount?.minor ?? 0n),
    0n,
  );
}
