import { describe, expect, it } from "@jest/globals";
import type { wire } from "@leastwise/contracts";
import fc from "fast-check";
import { readPolicyDocument } from "./read-document.js";
import { readDuration, readInstant, readPercent, writeDuration, writeInstant, writePercent } from "./quantities.js";
import { writePolicyDocument } from "./write-document.js";

const DOCUMENT = `
version: fashion-2026-12
author: ada@shop.example
reason: the first of December
currency: EUR
segments:
  - name: members
    expression: profile.member == true
campaigns:
  - campaign_id: advent
    kind: incentive
    rules: {segment: members}
    ladder:
      - incentive: {percent_off: {percent: 5%, maximum: 40.00}}
      - incentive: {amount_off: {amount: 12.5}}
    schedule:
      time_zone: Europe/Berlin
      starts: 2026-12-01T08:00
      ends: 2026-12-24
      weekly:
        - {days: [friday, saturday], from: 18:00, to: 02:30}
    experiment_id: all
    budget_id: december
    offer_ttl: 24h
    frequency_caps: [{offers_max: 2, period: 7d}]
guardrails: {floor_price: 60%, max_discount: 30%, margin_floor: -2.5%}
experiments: [{experiment_id: all, salt: all/1, holdout: 10%}]
budgets: [{budget_id: december, amount: 20000}]
`;

function policyOf(text: string): wire.Policy {
  const read = readPolicyDocument(text);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.policy;
}

function problemsOf(text: string) {
  const read = readPolicyDocument(text);
  return read.ok
    ? []
    : read.error.map(({ reason, field, line, column, expected }) => ({ reason, field, line, column, expected }));
}

describe("a policy document", () => {
  it("says in its own words that there are two documents, and that keys are not merged", () => {
    expect(problemsOf(`${DOCUMENT}---\n${DOCUMENT}`)).toMatchObject([
      { reason: "document_malformed", expected: "one policy in a file" },
    ]);
    const merged = DOCUMENT.replace("segments:", "segments: &all").replace("guardrails: {", "guardrails: {<<: *all, ");
    expect(problemsOf(merged)).toMatchObject([
      { reason: "unknown_field", expected: "fields written out: keys are not merged, *name stands for a whole value" },
    ]);
  });

  it("has lists of quantities, each in people's units", () => {
    const rfm = "rfm: {recency: [7d, 30d, 90d, 180d], frequency: [2, 4, 8, 16], monetary: [50.00, 100, 500, 1000.50]}";
    const policy = policyOf(DOCUMENT + rfm);
    const monetary = [5_000n, 10_000n, 50_000n, 100_050n].map((minor) => ({ minor, currency: "EUR" }));
    const recencyMs = [7n, 30n, 90n, 180n].map((days) => days * 86_400_000n);
    expect(policy.rfm).toEqual({ recencyMs, frequency: [2n, 4n, 8n, 16n], monetary });
    const written = writePolicyDocument(policy);
    expect(policyOf(written)).toEqual(policy);
    expect(written).toMatch(/recency:\s+(\[7d, 30d, 90d, 180d\]|- 7d)/);
    const own = rfm.replace(
      "recency: [7d, 30d, 90d, 180d]",
      "recency_ms: [604800000, 2592000000, 7776000000, 15552000000]",
    );
    expect(policyOf(DOCUMENT + own).rfm).toEqual(policy.rfm);
    expect(problemsOf(DOCUMENT + rfm.replace("90d", "90 days")).map(({ field, line }) => [field, line])).toEqual([
      ["rfm.recency_ms[2]", 29],
    ]);
  });

  it("has quantities in people's units", () => {
    const eur = (minor: bigint) => ({ minor, currency: "EUR" });
    const policy = policyOf(DOCUMENT);
    expect(policy.campaigns[0]).toMatchObject({
      approach: { $case: "rules", value: { segment: "members" } },
      ladder: [
        { incentive: { kind: { $case: "percentOff", value: { percentBp: 500, maximum: eur(4_000n) } } } },
        { incentive: { kind: { $case: "amountOff", value: { amount: eur(1_250n) } } } },
      ],
      schedule: {
        startsAtMs: BigInt(Date.UTC(2026, 11, 1, 7)),
        // The day that it ends on is in it.
        endsAtMs: BigInt(Date.UTC(2026, 11, 24, 23)),
        timeZone: "Europe/Berlin",
        weekly: [{ days: [5, 6], fromMinute: 1_080, toMinute: 150 }],
      },
      offerTtlMs: 86_400_000n,
      frequencyCaps: [{ offersMax: 2, periodMs: 604_800_000n }],
    });
    expect(policy.guardrails).toMatchObject({ floorPriceBp: 6_000, maxDiscountBp: 3_000, marginFloorBp: -250 });
    expect(policy.budgets[0]?.amount).toEqual(eur(2_000_000n));
  });

  it("may be JSON, in the contract's own form", () => {
    const json = JSON.stringify({
      version: "v",
      currency: "JPY",
      experiments: [{ experiment_id: "all", salt: "s", holdout_bp: 1_000, startsAtMs: "1767225600000" }],
      budgets: [{ budgetId: "b", amount: { minor: 500, currency: "JPY" } }],
    });
    expect(policyOf(json)).toMatchObject({
      experiments: [{ holdoutBp: 1_000, startsAtMs: 1_767_225_600_000n }],
      budgets: [{ amount: { minor: 500n, currency: "JPY" } }],
    });
  });

  it("is written so that it reads as the same policy", () => {
    const policy = policyOf(DOCUMENT);
    expect(policyOf(writePolicyDocument(policy))).toEqual(policy);
    expect(writePolicyDocument(policy)).toContain("offer_ttl: 1d");
    expect(writePolicyDocument(policy)).toContain("starts: 2026-12-01T08:00");
    expect(writePolicyDocument(policy)).toMatch(/days:\s+- friday\s+- saturday\s+from: 18:00\s+to: 02:30/);
  });

  it("has civil times in its own zone where a schedule names none", () => {
    const schedule = "campaigns: [{schedule: {starts: 2026-07-01T08:00}}]";
    const startsAtMs = BigInt(Date.UTC(2026, 6, 1, 6));
    const policy = policyOf(`time_zone: Europe/Berlin\n${schedule}`);
    expect(policy.campaigns[0]?.schedule).toMatchObject({ startsAtMs, timeZone: "" });
    expect(writePolicyDocument(policy)).toContain("starts: 2026-07-01T08:00");
    expect(policyOf(writePolicyDocument(policy))).toEqual(policy);
  });

  it.each([
    [
      "a misspelt field",
      "verison: v",
      {
        reason: "unknown_field",
        field: "verison",
        line: 1,
        column: 1,
        expected: "a field of Policy; did you mean version?",
      },
    ],
    [
      "a misspelt field of a list",
      "currency: EUR\nbudgets:\n  - budget_id: b\n    amuont: 5",
      {
        reason: "unknown_field",
        field: "budgets[0].amuont",
        line: 4,
        column: 5,
        expected: "a field of Budget; did you mean amount?",
      },
    ],
    [
      "a percentage without its sign",
      "guardrails:\n  floor_price: 60",
      {
        reason: "quantity_malformed",
        field: "guardrails.floor_price_bp",
        line: 2,
        column: 16,
        expected: "a percentage with at most two decimals, for example 12.5%",
      },
    ],
    [
      "a time of day after midnight",
      "campaigns: [{schedule: {weekly: [{to: 24:01}]}}]",
      {
        reason: "quantity_malformed",
        field: "campaigns[0].schedule.weekly[0].to_minute",
        line: 1,
        column: 39,
        expected: "a time of day from 00:00 to 24:00, for example 18:30",
      },
    ],
    [
      "a duration without a unit",
      "campaigns: [{offer_ttl: 24}]",
      {
        reason: "quantity_malformed",
        field: "campaigns[0].offer_ttl_ms",
        line: 1,
        column: 25,
        expected: "a duration such as 7d, 24h, 30m, 90s or 250ms",
      },
    ],
    [
      "an amount with too many decimals",
      "currency: EUR\nbudgets: [{amount: 5.001}]",
      {
        reason: "quantity_malformed",
        field: "budgets[0].amount",
        line: 2,
        column: 20,
        expected: "an amount in EUR such as 20.00",
      },
    ],
    [
      "a choice that there is not",
      "campaigns:\n- kind: incentiv",
      {
        reason: "unknown_value",
        field: "campaigns[0].kind",
        line: 2,
        column: 9,
        expected: "one of incentive, entitlement; did you mean incentive?",
      },
    ],
    [
      "a zone that there is not",
      "campaigns:\n- schedule: {time_zone: Europe/Berlim}",
      {
        reason: "unknown_time_zone",
        field: "campaigns[0].schedule.time_zone",
        line: 2,
        column: 25,
        expected: "an IANA time zone, for example Europe/Berlin; did you mean Europe/Berlin?",
      },
    ],
    [
      "a time in an hour that the clocks skip",
      "campaigns:\n- schedule:\n    time_zone: Europe/Berlin\n    starts: 2026-03-29T02:30",
      {
        reason: "quantity_malformed",
        field: "campaigns[0].schedule.starts_at_ms",
        line: 4,
        column: 13,
        expected: "a time that the clocks of Europe/Berlin show once: they are put forward or back then",
      },
    ],
    [
      "a key that stands twice",
      "version: a\nversion: b",
      { reason: "field_repeated", field: "version", line: 2, column: 1, expected: "version once" },
    ],
    [
      "no YAML",
      "version: [",
      { reason: "document_malformed", field: "", line: 1, column: 11, expected: "YAML or JSON" },
    ],
    [
      "two of which there can be one",
      "campaigns:\n- rules: {segment: a}\n  propensity: {kind: dormant}",
      {
        reason: "one_of_several",
        field: "campaigns[0].propensity",
        line: 3,
        column: 3,
        expected: "rules or propensity, not both",
      },
    ],
    [
      "an alias of nothing",
      "guardrails: {floor_price: *none}",
      {
        reason: "unknown_alias",
        field: "guardrails.floor_price_bp",
        line: 1,
        column: 27,
        expected: "a name that an anchor before it gave",
      },
    ],
    [
      "a list where fields belong",
      "guardrails: []",
      { reason: "wrong_type", field: "guardrails", line: 1, column: 13, expected: "fields, each a name and a value" },
    ],
  ])("names %s, with its line and column", (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it("has ids that look like numbers, written so that they stay texts", () => {
    const policy = policyOf(
      DOCUMENT.replace("version: fashion-2026-12", 'version: "2026.12"').replaceAll("december", '"007"'),
    );
    expect(policy.budgets[0]?.budgetId).toBe("007");
    expect(policyOf(writePolicyDocument(policy))).toEqual(policy);
    expect(writePolicyDocument(policy)).toContain("amount: 20000.00");
  });

  it("may name its zone, or its currency, by an alias, and under the contract's other name", () => {
    const schedules = (second: string) =>
      policyOf(`campaigns:\n- schedule: {time_zone: &z Europe/Berlin}\n- schedule: {${second}, starts: 2026-11-01}`);
    for (const zone of ["time_zone: *z", "timeZone: Europe/Berlin"])
      expect(schedules(zone).campaigns[1]?.schedule?.startsAtMs).toBe(BigInt(Date.UTC(2026, 9, 31, 23)));
    const budgets = policyOf("reason: &c EUR\ncurrency: *c\nbudgets: [{amount: 5}]").budgets;
    expect(budgets[0]?.amount).toEqual({ minor: 500n, currency: "EUR" });
  });

  it("has a message with nothing behind its name as an empty one, so that what it lacks is told", () => {
    expect(policyOf("campaigns: [{breaker: }]").campaigns[0]?.breaker).toEqual(
      policyOf("campaigns: [{breaker: {}}]").campaigns[0]?.breaker,
    );
    expect(policyOf("campaigns: [{breaker: }]").campaigns[0]?.breaker).toBeDefined();
    expect(policyOf("campaigns: [{horizon: , budget_id: }]").campaigns[0]?.budgetId).toBe("");
  });

  it("tells once, at its own line, that amounts have no currency to be read in", () => {
    const amounts = "budgets: [{amount: 5}, {amount: 6}]";
    const expected = "the policy's currency, an ISO 4217 code, for example EUR";
    const problem = { reason: "unknown_currency", field: "currency" };
    expect(problemsOf(amounts)).toEqual([{ ...problem, line: 1, column: 1, expected }]);
    expect(problemsOf(`version: v\ncurrency: eur\n${amounts}`)).toEqual([
      { ...problem, line: 2, column: 11, expected: `${expected}; did you mean EUR?` },
    ]);
  });

  it("tells all that is wrong at once", () => {
    expect(problemsOf("verison: v\nguardrails: {floor_price: 60}").map(({ line }) => line)).toEqual([1, 2]);
  });

  it("locates what is wrong with its meaning", () => {
    const read = readPolicyDocument(DOCUMENT);
    if (!read.ok) throw new Error("it reads");
    const problem = { reason: "r", came: "c", expected: "e" };
    expect(
      read.value.locate({ ...problem, field: "campaigns[0].ladder[1].incentive.amount_off.amount" }),
    ).toMatchObject({ line: 15 });
    expect(
      read.value.locate({ ...problem, field: "campaigns[0].ladder[1].incentive.amount_off.cart_min" }),
    ).toMatchObject({ line: 15 });
    expect(read.value.locate({ ...problem, field: "campaigns[0].propensity.kind" })).toMatchObject({ line: 10 });
    expect(read.value.locate({ ...problem, field: "campaigns[0].ladder[9]" })).toMatchObject({ line: 14 });
    expect(read.value.locate({ ...problem, field: "templates" })).toMatchObject({ line: 1, column: 1 });
  });

  it("locates what is wrong within a text, be it an alias of one", () => {
    const block = "expression: |\n      profile.member &&\n        cart.units > 'x'";
    const anchored = block.replace("expression: |", "expression: &members |");
    const document = DOCUMENT.replace("expression: profile.member == true", anchored).replace(
      "campaigns:",
      "  - {name: again, expression: *members}\ncampaigns:",
    );
    const known = readPolicyDocument(document);
    if (!known.ok) throw new Error(JSON.stringify(known.error));
    const problem = { reason: "r", came: "c", expected: "e" };
    const textOffset = "profile.member &&\n  cart.units > ".length;
    expect(known.value.locate({ ...problem, field: "segments[0].expression", textOffset })).toEqual({
      ...{ ...problem, field: "segments[0].expression" },
      ...{ line: 10, column: 22 },
    });
    expect(known.value.locate({ ...problem, field: "segments[1].expression", textOffset })).toMatchObject({ line: 10 });
    expect(known.value.locate({ ...problem, field: "segments[9].expression", textOffset })).toMatchObject({ line: 7 });
  });

  it("refuses what is nested deeper than anything in a policy", () => {
    for (const count of [3_000, 100_000])
      expect(problemsOf("[".repeat(count) + "]".repeat(count))).toMatchObject([
        { expected: expect.stringMatching(/what a document is made of|fields, each a name and a value/) },
      ]);
  });

  it("refuses 10 MB, and aliases of aliases, before they cost anything", () => {
    expect(problemsOf(`reason: ${"x".repeat(10_000_000)}`)).toMatchObject([{ reason: "document_too_large" }]);
    const times = (alias: string) => Array.from({ length: 1_000 }, () => alias).join(", ");
    const bomb = `campaigns: [&c {ladder: [&r {incentive: {percent_off: {percent: 5%}}}, ${times("*r")}]}, ${times("*c")}]`;
    expect(problemsOf(bomb).map(({ reason }) => reason)).toEqual(["document_too_large"]);
  });
});

describe("quantities", () => {
  it("read as they are written", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(2 ** 40), (bp, ms) => {
        expect(readPercent(writePercent(bp))).toBe(bp);
        expect(readDuration(writeDuration(ms))).toBe(ms);
      }),
    );
  });

  it("instants do, in every zone, through every change of the clocks", () => {
    const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu");
    fc.assert(
      fc.property(zones, fc.integer({ min: Date.UTC(2020), max: Date.UTC(2040) }), (zone, ms) => {
        const hour = ms - (ms % 1_800_000);
        expect(readInstant(writeInstant(hour, zone), zone, "starts")).toBe(hour);
        expect(readInstant(writeInstant(ms, zone), zone, "ends")).toBe(ms);
      }),
    );
  });

  it("a day is as long as the clocks make it", () => {
    const day = (date: string) =>
      Number(readInstant(date, "Europe/Berlin", "ends")) - Number(readInstant(date, "Europe/Berlin", "starts"));
    expect(["2026-03-29", "2026-06-01", "2026-10-25"].map(day)).toEqual([23, 24, 25].map((hours) => hours * 3_600_000));
  });
});
