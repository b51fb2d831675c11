import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { differenceOf, relativeOf, sampleRatio, sumsOf, type Contrast } from "@leastwise/lift";
import { DAY_MS, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedWarehouse, type EmbeddedWarehouse } from "./embedded.js";
import { createLiftViews, liftReport, type LiftContrast, type LiftReport } from "./lift-report.js";
import { applyMigrations } from "./migrate.js";
import type { EnrolmentRow, OfferRow, OrderRow, ReturnRow } from "./rows.js";
import { ENROLMENT, OFFER, ORDER, RETURN } from "./given/sample-rows.js";

const oracle = (name: string): string =>
  readFileSync(new URL(`../../../tests/oracles/lift/${name}`, import.meta.url), "utf8");

interface Test {
  readonly estimate: number;
  readonly ci: readonly [number, number];
  readonly p_value: number;
}
interface Expected {
  readonly metrics: Record<string, { gbstats?: Record<string, Test>; gbstats_as_mean?: Record<string, Test> }>;
  readonly edge_cases: Record<string, { input: { kind: string; holdout: number[]; treatment: number[] } }>;
}

const EXPECTED = JSON.parse(oracle("expected.json")) as Expected;
const START = Date.UTC(2026, 0, 1);
const EUR = "EUR" as CurrencyCode;
const directory = mkdtempSync(join(tmpdir(), "leastwise-lift-"));
let warehouse: EmbeddedWarehouse;
let blocks = 0;

const token = () => ({ deduplicationToken: `block ${String((blocks += 1))}` });

function ask(experiment: string, more: { asOfMs?: number; horizonMs?: number } = {}): Promise<LiftReport> {
  return liftReport(warehouse, {
    experiment,
    fromMs: START as Millis,
    toMs: (START + 10 * DAY_MS) as Millis,
    currency: EUR,
    ...more,
    asOfMs: (more.asOfMs ?? START + 100 * DAY_MS) as Millis,
  });
}

const metric = (report: LiftReport, name: string) => report.metrics.find((row) => row.metric === name)!;

function near(actual: number | undefined, expected: number | undefined, relative = 1e-9): void {
  if (expected === undefined) expect(actual).toBeUndefined();
  else expect(Math.abs((actual ?? NaN) - expected)).toBeLessThanOrEqual(relative * Math.abs(expected) + 1e-300);
}

function same(actual: LiftContrast, twin: Contrast): void {
  expect(actual.reason).toBe(twin.reason);
  near(actual.estimate, twin.estimate);
  near(actual.interval?.[0], twin.interval?.[0]);
  near(actual.interval?.[1], twin.interval?.[1]);
  if (twin.pValue === undefined) expect(actual.pValue).toBeUndefined();
  else expect(Math.abs(actual.pValue! - twin.pValue)).toBeLessThanOrEqual(1e-9);
}

function agrees(actual: LiftContrast, expected: Test): void {
  near(actual.estimate, expected.estimate);
  near(actual.interval?.[0], expected.ci[0]);
  near(actual.interval?.[1], expected.ci[1]);
  expect(Math.abs(actual.pValue! - expected.p_value)).toBeLessThanOrEqual(1e-9);
}

const enrolment = (experiment: string, subject: string, arm: "treatment" | "holdout", at = START): EnrolmentRow => ({
  ...ENROLMENT,
  experiment,
  subject,
  assignment_key: subject,
  arm,
  enrolled_at: at,
  holdout_bp: 2_000,
});

const order = (subject: string, id: string, revenue: number, more: Partial<OrderRow> = {}): OrderRow => ({
  ...ORDER,
  subject,
  assignment_key: subject,
  order_id: id,
  ordered_at: START + DAY_MS,
  revenue_minor: revenue,
  cost_of_goods_minor: 0,
  ...more,
});

beforeAll(async () => {
  warehouse = await openEmbeddedWarehouse({ directory });
  await applyMigrations(warehouse);
  await createLiftViews(warehouse);
  await createLiftViews(warehouse);
});
afterAll(async () => {
  await warehouse.close();
  rmSync(directory, { recursive: true, force: true });
});

describe("the reference users in the tables", () => {
  const rows = oracle("users.csv")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  let report: LiftReport;

  beforeAll(async () => {
    const enrolments: EnrolmentRow[] = [];
    const orders: OrderRow[] = [];
    for (const [subject, arm, , count, revenue, margin] of rows) {
      enrolments.push(enrolment("reference", subject!, arm as "treatment" | "holdout"));
      // The whole revenue stands on the first order.
      for (let n = 0; n < Number(count); n += 1) {
        const first = n === 0;
        orders.push(
          order(subject!, `${subject!}-${String(n)}`, first ? Number(revenue) : 0, {
            cost_of_goods_minor: first ? Number(revenue) - Number(margin) : 0,
          }),
        );
      }
    }
    await warehouse.insert("enrolments", enrolments, token());
    await warehouse.insert("orders", orders, token());
    report = await ask("reference");
  });

  it.each([
    ["conversion", "conversion", 2],
    ["orders", "orders", 3],
    ["revenue", "revenue_minor", 4],
    ["margin", "margin_minor", 5],
  ])("SQL = twin = reference for %s", (name, key, column) => {
    const arm = (wanted: string) => sumsOf(rows.filter((row) => row[1] === wanted).map((row) => Number(row[column])));
    const actual = metric(report, name);
    const [treatment, holdout] = [arm("treatment"), arm("holdout")];
    expect([actual.arms.treatment.sum, actual.arms.holdout.sum]).toEqual([treatment.sum, holdout.sum]);
    same(actual.difference, differenceOf(treatment, holdout));
    same(actual.relative, relativeOf(treatment, holdout));
    const tests = EXPECTED.metrics[key]!.gbstats_as_mean ?? EXPECTED.metrics[key]!.gbstats!;
    agrees(actual.difference, tests["absolute_fixed"]!);
    agrees(actual.relative, tests["relative_fixed"]!);
  });

  it("checks the sample ratio as the twin does", () => {
    const twin = sampleRatio([3188, 812], [0.8, 0.2]);
    if (!twin.ok) throw new Error("refused");
    expect(report.subjects).toEqual({ treatment: 3188, holdout: 812 });
    near(report.sampleRatio.chiSquare, twin.value.chiSquare);
    near(report.sampleRatio.pValue, twin.value.pValue);
    expect(report.sampleRatio).toMatchObject({ alarm: false, expected: { treatment: 3200, holdout: 800 } });
  });

  it("counts nothing twice that was written twice", async () => {
    await warehouse.insert("enrolments", [enrolment("reference", "u000000", "treatment", START + 5)], token());
    await warehouse.insert("orders", [order("u000000", "u000000-0", 28_632, { cost_of_goods_minor: 18_917 })], token());
    expect(await ask("reference")).toEqual(report);
  });
});

describe("edge cases: SQL = twin", () => {
  it.each(Object.entries(EXPECTED.edge_cases))("%s", async (name, { input }) => {
    const experiment = `edge ${name}`;
    const enrolments: EnrolmentRow[] = [];
    const orders: OrderRow[] = [];
    for (const arm of ["treatment", "holdout"] as const) {
      input[arm].forEach((value, at) => {
        const subject = `${name}-${arm}-${String(at)}`;
        enrolments.push(enrolment(experiment, subject, arm));
        if (value !== 0) orders.push(order(subject, "o", value));
      });
    }
    await warehouse.insert("enrolments", enrolments, token());
    await warehouse.insert("orders", orders, token());
    const report = await ask(experiment);
    const treatment = sumsOf(input.treatment);
    const holdout = sumsOf(input.holdout);
    for (const actual of [metric(report, "revenue"), metric(report, "margin")]) {
      same(actual.difference, differenceOf(treatment, holdout));
      same(actual.relative, relativeOf(treatment, holdout));
      expect(actual.arms.treatment.sum).toBe(treatment.sum);
    }
  });

  it("an experiment that nobody knows has six metrics without subjects", async () => {
    const report = await ask("nobody");
    expect(report.metrics.map((row) => row.difference)).toEqual(new Array(6).fill({ reason: "no_subjects" }));
    expect(report.sampleRatio).toMatchObject({ alarm: false, reason: "no_subjects" });
  });
});

describe("what counts", () => {
  const offer = (more: Partial<OfferRow>): OfferRow => ({
    ...OFFER,
    subject: "what-t",
    assignment_key: "what-t",
    order_id: "a",
    ...more,
  });
  const goodsReturn = (more: Partial<ReturnRow>): ReturnRow => ({
    ...RETURN,
    subject: "what-t",
    assignment_key: "what-t",
    order_id: "a",
    ...more,
  });

  it("takes orders within the horizon, offers and returns of those orders, one currency", async () => {
    const horizon = START + 7 * DAY_MS;
    await warehouse.insert(
      "enrolments",
      [
        enrolment("what", "what-t", "treatment"),
        // A later enrolment in the other arm changes nothing: the first one is analysed.
        enrolment("what", "what-t", "holdout", START + 1),
        enrolment("what", "what-h", "holdout"),
        enrolment("what", "what-early", "holdout", START - 1),
        enrolment("what", "what-early", "holdout", START + 1),
      ],
      token(),
    );
    await warehouse.insert(
      "orders",
      [
        order("what-t", "before", 1_000_000, { ordered_at: START - 1 }),
        order("what-t", "a", 900, { ordered_at: START, cost_of_goods_minor: 500 }),
        order("what-t", "b", 300, { ordered_at: horizon, cost_of_goods_minor: null }),
        order("what-t", "late", 1_000_000, { ordered_at: horizon + 1 }),
        order("what-t", "dollars", 1_000_000, { currency: "USD" }),
        order("what-h", "c", 1_000, { cost_of_goods_minor: 600 }),
      ],
      token(),
    );
    await warehouse.insert(
      "offers",
      [
        // 100 off the goods, of which a partner bears 40.
        offer({ at: START + 1, cost_minor: 60, lines: [{ product_id: "p", quantity: 1, discount_minor: 100 }] }),
        offer({ at: START + 1, cost_minor: 60, lines: [{ product_id: "p", quantity: 1, discount_minor: 100 }] }),
        offer({ at: START + 1, offer_id: "ship", cost_minor: 30, lines: [] }),
        offer({ at: START + 1, offer_id: "other", order_id: "late", cost_minor: 1_000_000, lines: [] }),
        offer({ at: START + 1, offer_id: "issued", kind: "issued", cost_minor: 1_000_000, lines: [] }),
      ],
      token(),
    );
    await warehouse.insert(
      "returns",
      [
        goodsReturn({ log_offset: 1, returned_at: START + DAY_MS, refund_minor: 90, cost_recovered_minor: 50 }),
        goodsReturn({ log_offset: 1, returned_at: START + DAY_MS, refund_minor: 90, cost_recovered_minor: 50 }),
        goodsReturn({ log_offset: 2, returned_at: START + 31 * DAY_MS, refund_minor: 1_000_000 }),
      ],
      token(),
    );
    const report = await ask("what");
    const sums = Object.fromEntries(report.metrics.map((row) => [row.metric, row.arms.treatment.sum]));
    expect(sums).toEqual({
      conversion: 1n,
      orders: 3n,
      revenue: 1_200n,
      incentive_cost: 90n,
      returns: 40n,
      // Goods 700, less what the offers cost beyond the price that revenue lacks already (90 − 100), less returns.
      margin: 700n + 10n - 40n,
    });
    expect(metric(report, "margin").arms.holdout.sum).toBe(400n);
    expect(report).toMatchObject({
      subjects: { treatment: 1, holdout: 1 },
      ordersWithoutCost: 1,
      ordersOtherCurrency: 1,
      matureSubjects: 2,
    });
    expect((await ask("what", { asOfMs: START + 10 * DAY_MS })).matureSubjects).toBe(0);
    expect(metric(await ask("what", { asOfMs: START }), "orders").arms.treatment.sum).toBe(1n);
    expect(metric(await ask("what", { horizonMs: 0 }), "orders").arms.treatment.sum).toBe(1n);
  });

  /** What came of one shopper of the treatment arm who placed an order of 900, of goods that cost 500. */
  async function sumsAfter(name: string, orders: readonly Partial<OrderRow>[], returns: readonly Partial<ReturnRow>[]) {
    const who = { subject: name, assignment_key: name };
    await warehouse.insert("enrolments", [enrolment(name, name, "treatment")], token());
    const placed = orders.map((more, at) => order(name, `o${at}`, 900, { cost_of_goods_minor: 500, ...more }));
    await warehouse.insert("orders", placed, token());
    const cameBack = returns.map((more, at) =>
      goodsReturn({ ...who, event_id: "", log_offset: at, order_id: "o0", returned_at: START + 2 * DAY_MS, ...more }),
    );
    await warehouse.insert("returns", cameBack, token());
    const report = await ask(name);
    return { report, sums: Object.fromEntries(report.metrics.map((row) => [row.metric, row.arms.treatment.sum])) };
  }

  it("counts a return once that was sent again, by its event id, and each that has none", async () => {
    const refund = { refund_minor: 90, cost_recovered_minor: 50 };
    const again = await sumsAfter(
      "again",
      [{}],
      [
        { event_id: "r1", ...refund },
        { event_id: "r1", ...refund },
      ],
    );
    expect(again.sums).toMatchObject({ returns: 40n, margin: 360n });
    const twice = await sumsAfter(
      "twice",
      [{}],
      [
        { event_id: "r1", ...refund },
        { event_id: "r2", ...refund },
      ],
    );
    expect(twice.sums).toMatchObject({ returns: 80n, margin: 320n });
    const nameless = await sumsAfter("nameless", [{}], [refund, refund]);
    expect(nameless.sums).toMatchObject({ returns: 80n, margin: 320n });
  });

  it("lets a return move nothing whose refund is not said", async () => {
    const unsaid = { refund_minor: null, cost_recovered_minor: 0 };
    const { sums } = await sumsAfter("unsaid", [{}], [unsaid]);
    expect(sums).toMatchObject({ returns: 0n, margin: 400n });
    const beside = await sumsAfter("beside", [{}], [unsaid, { refund_minor: 90, cost_recovered_minor: 50 }]);
    expect(beside.sums).toMatchObject({ returns: 40n, margin: 360n });
  });

  it("counts an order of unknown revenue as an order, and none of its money: neither goods, offers nor returns", async () => {
    const unknown = { revenue_minor: null, cost_of_goods_minor: null };
    const used = (name: string) =>
      offer({ subject: name, assignment_key: name, order_id: "o0", at: START + 1, lines: [] });
    await warehouse.insert("offers", [used("unpriced"), used("priceless")], token());
    const back = { refund_minor: 90, cost_recovered_minor: 50 };
    for (const [name, currency] of [
      ["unpriced", "EUR"],
      ["priceless", ""],
    ] as const) {
      const { report, sums } = await sumsAfter(name, [{ ...unknown, currency }, {}], [{ ...back, currency: "EUR" }]);
      expect(sums).toEqual({
        ...{ conversion: 1n, orders: 2n, revenue: 900n, margin: 400n },
        ...{ incentive_cost: 0n, returns: 0n },
      });
      expect(report).toMatchObject({ ordersWithoutCost: 1, ordersOtherCurrency: 0 });
    }
    const alone = await sumsAfter("alone", [unknown], []);
    expect(alone.sums).toMatchObject({ conversion: 1n, orders: 1n, revenue: 0n, margin: 0n });
  });

  it.each([
    ["list prices: the offer is not off yet", 1_000, 900],
    ["what was paid: the offer is off", 900, 900],
    ["what was paid after a discount of the shop's own, too", 850, 850],
  ])("counts an offer's cost once where the shop reports %s", async (name, revenue, margin) => {
    const lines = [{ product_id: "p", quantity: 2, unit_price_minor: 500, discount_minor: 0, unit_cost_minor: 0 }];
    const who = { subject: name, assignment_key: name };
    await warehouse.insert("enrolments", [enrolment(name, name, "treatment")], token());
    await warehouse.insert("orders", [order(name, "a", revenue, { lines })], token());
    const off = [{ product_id: "p", quantity: 2, discount_minor: 100 }];
    const used = offer({ ...who, at: START + 1, offer_id: name, cost_minor: 100, lines: off });
    await warehouse.insert("offers", [used], token());
    expect(metric(await ask(name), "margin").arms.treatment.sum).toBe(BigInt(margin));
  });

  it("follows a shopper over the login: order, offer and return count for the enrolment of the browser", async () => {
    const known = { subject: "login-known", assignment_key: "login-browser" };
    await warehouse.insert("enrolments", [enrolment("login", "login-browser", "treatment")], token());
    await warehouse.insert("orders", [{ ...order("", "a", 900), ...known, cost_of_goods_minor: 500 }], token());
    const used = offer({
      ...known,
      at: START + 1,
      subject: "login-browser",
      offer_id: "login",
      cost_minor: 60,
      lines: [],
    });
    await warehouse.insert("offers", [used], token());
    await warehouse.insert(
      "returns",
      [goodsReturn({ ...known, returned_at: START + 2 * DAY_MS, refund_minor: 90, cost_recovered_minor: 50 })],
      token(),
    );
    const report = await ask("login");
    expect(report.subjects).toEqual({ treatment: 1, holdout: 0 });
    const sums = Object.fromEntries(report.metrics.map((row) => [row.metric, row.arms.treatment.sum]));
    expect(sums).toMatchObject({ conversion: 1n, revenue: 900n, incentive_cost: 60n, returns: 40n, margin: 300n });
  });

  it("counts what a browser's code cost, and what came back to it, for the account that used it and was known before", async () => {
    const [browser, account] = ["two-keys-browser", "two-keys-account"];
    const enrolments = [enrolment("two keys", browser, "treatment"), enrolment("two keys", account, "treatment")];
    await warehouse.insert("enrolments", enrolments, token());
    await warehouse.insert("orders", [order(account, "two-keys", 900, { cost_of_goods_minor: 500 })], token());
    const used = offer({ subject: browser, assignment_key: browser, offer_id: "two-keys", order_id: "two-keys" });
    await warehouse.insert("offers", [{ ...used, at: START + 1, cost_minor: 60, lines: [] }], token());
    const back = { assignment_key: browser, order_id: "two-keys", returned_at: START + 2 * DAY_MS, refund_minor: 90 };
    await warehouse.insert("returns", [goodsReturn({ ...back, cost_recovered_minor: 50 })], token());
    const report = await ask("two keys");
    const sums = Object.fromEntries(report.metrics.map((row) => [row.metric, row.arms.treatment.sum]));
    expect(sums).toMatchObject({ conversion: 1n, revenue: 900n, incentive_cost: 60n, returns: 40n, margin: 300n });
  });

  it("rings when the arms are not what was asked for", async () => {
    const rows = Array.from({ length: 200 }, (_, n) =>
      enrolment("skewed", `s${String(n)}`, n < 100 ? "treatment" : "holdout"),
    );
    await warehouse.insert("enrolments", rows, token());
    const report = await ask("skewed");
    expect(report.sampleRatio.alarm).toBe(true);
    const twin = sampleRatio([100, 100], [0.8, 0.2]);
    if (twin.ok) near(report.sampleRatio.pValue, twin.value.pValue);
  });
});
