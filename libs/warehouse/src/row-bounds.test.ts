import { describe, expect, it } from "@jest/globals";
import { rowRefusal } from "./row-bounds.js";
import { CLICK, DEAD_LETTER, DECISION, ENROLMENT, OFFER, ORDER, RETURN } from "./given/sample-rows.js";

const LINE = { product_id: "p", quantity: 1, unit_price_minor: 1, discount_minor: 0 };
const [RUNG] = DECISION.rungs;

function wordsOf(row: object): string | undefined {
  const refused = rowRefusal(row);
  return refused === undefined ? undefined : `${refused.reason} at ${refused.field}, got ${refused.came}`;
}

describe("a row that its table can hold", () => {
  it.each([CLICK, DECISION, OFFER, ORDER, RETURN, ENROLMENT, DEAD_LETTER])("is taken", (row) => {
    expect(rowRefusal(row)).toBeUndefined();
  });

  it("may have the largest numbers there are", () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(rowRefusal({ ...ORDER, revenue_minor: most, discount_minor: -most, log_offset: most })).toBeUndefined();
    expect(rowRefusal({ ...ENROLMENT, holdout_bp: 65_535, enrolled_at: 0 })).toBeUndefined();
    expect(rowRefusal({ ...DECISION, propensity: 1e308, features: { some: -1e308 } })).toBeUndefined();
  });
});

describe("a row that its table cannot hold", () => {
  it.each<[string, object, string]>([
    [
      "money beyond 2^53 − 1",
      { ...ORDER, revenue_minor: 1.93e25 },
      "amount_out_of_range at revenue_minor, got 1.93e+25",
    ],
    ["half a cent", { ...RETURN, refund_minor: 0.5 }, "amount_out_of_range at refund_minor, got 0.5"],
    [
      "money in a line",
      { ...CLICK, lines: [LINE, { ...LINE, unit_price_minor: 2 ** 53 }] },
      "amount_out_of_range at lines[1].unit_price_minor, got 9007199254740992",
    ],
    ["no number", { ...CLICK, quantity: Number.NaN }, "value_out_of_range at quantity, got NaN"],
    ["a time before all", { ...CLICK, occurred_at: -1 }, "value_out_of_range at occurred_at, got -1"],
    ["a time after all", { ...OFFER, at: 4_102_444_800_000 }, "value_out_of_range at at, got 4102444800000"],
    ["half a millisecond", { ...CLICK, received_at: 1.5 }, "value_out_of_range at received_at, got 1.5"],
    ["less than nothing", { ...ENROLMENT, holdout_bp: -1 }, "value_out_of_range at holdout_bp, got -1"],
    ["more than 16 bits", { ...ENROLMENT, holdout_bp: 65_536 }, "value_out_of_range at holdout_bp, got 65536"],
    ["more than 32 bits", { ...DEAD_LETTER, partition: 2 ** 32 }, "value_out_of_range at partition, got 4294967296"],
    ["a rung out of reach", { ...DECISION, rung: 2 ** 31 }, "value_out_of_range at rung, got 2147483648"],
    [
      "a chance without end",
      { ...DECISION, rungs: [{ ...RUNG, conversion: Infinity }] },
      "value_out_of_range at rungs[0].conversion, got Infinity",
    ],
    [
      "a feature without end",
      { ...DECISION, features: { some: -Infinity } },
      "value_out_of_range at features.some, got -Infinity",
    ],
  ])("says so of %s", (_, row, words) => {
    expect(wordsOf(row)).toBe(words);
  });
});
