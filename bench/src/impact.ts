import { compare, ReplayedShop } from "@leastwise/leastwise";
import { readPolicyDocument } from "@leastwise/policy";
import { COMPILED_PRIOR, compileWritten } from "@leastwise/references";
import { openClickstream } from "@leastwise/testkit";
import { err, PURPOSES, type CurrencyCode } from "@leastwise/vocabulary";
import { existsSync } from "node:fs";
import path from "node:path";
import { figuresOf, inWords, spreadOf, type Bench, type Figures } from "./harness.js";

const DOLLARS = "USD" as CurrencyCode;
const GROCERY = path.join(process.env["LEASTWISE_DATA"] ?? path.resolve("..", "shared", "data"), "complete-journey");

const documentOf = (version: string, percent: number): string => `version: ${version}
author: bench
reason: to be compared
currency: USD
segments:
  - {name: everyone, expression: "true"}
  - {name: large, expression: cart.value_minor > 5000}
  - {name: regulars, expression: features.purchases_30d >= 4}
campaigns:
  - campaign_id: large-baskets
    kind: incentive
    rules: {segment: large}
    ladder:
      - incentive: {percent_off: {percent: ${percent}%, maximum: 10.00}}
      - incentive: {percent_off: {percent: ${percent + 5}%, maximum: 10.00}}
    experiment_id: all
    budget_id: all
    offer_ttl: 24h
  - campaign_id: regulars
    kind: incentive
    rules: {segment: regulars}
    ladder: [{incentive: {loyalty_credit: {amount: 1.00, breakage: 20%}}}]
    experiment_id: all
    budget_id: all
    offer_ttl: 24h
guardrails: {floor_price: 50%, max_discount: 30%, margin_floor: 5%, assumed_margin: 30%}
experiments: [{experiment_id: all, salt: all/1, holdout: 10%}]
budgets: [{budget_id: all, amount: 200000}]
`;

/** Deciding the grocery's baskets again under two policies, pass after pass until the time is over; a million baskets are 22 passes. */
export const impactBench: Bench = {
  name: "impact",
  summary: "policy impact over the grocery's 46,063 baskets, decided under two policies, again and again",
  async run({ seconds, say }): Promise<Figures> {
    if (!existsSync(GROCERY)) throw new Error(`left out: the grocery's baskets are not in ${GROCERY}`);
    const opened = await openClickstream({
      ...{ path: GROCERY, currency: DOLLARS },
      segmentToEvents: () => err({ reason: "not_segment", field: "", came: "", expected: "no Segment file" }),
    });
    if (!opened.ok) throw new Error(`${opened.error.field}: ${opened.error.reason}`);
    const policies = { before: compiled(documentOf("before", 2)), after: compiled(documentOf("after", 4)) };
    const perSecond: number[] = [];
    let carts = 0;
    const endMs = performance.now() + seconds * 1_000;
    do {
      const shop = new ReplayedShop(opened.value, DOLLARS, PURPOSES);
      const startedMs = performance.now();
      const { report } = await compare(shop.moments(), policies, COMPILED_PRIOR);
      perSecond.push((report.decisions * 1_000) / (performance.now() - startedMs));
      carts += report.decisions;
      say(`${carts.toLocaleString("en")} baskets: ${perSecond.at(-1)?.toFixed(0) ?? ""} a second`);
    } while (performance.now() < endMs);
    const spread = spreadOf(perSecond);
    say(`carts a second, each decided twice, its events counted: ${inWords(spread, 0)}`);
    return { ...figuresOf("carts_per_s", spread), carts };
  },
};

function compiled(text: string) {
  const document = readPolicyDocument(text);
  const policy = document.ok ? compileWritten(document.value.policy) : document;
  if (!policy.ok) throw new Error(`the bench's policy is refused: ${JSON.stringify(policy.error)}`);
  return policy.value;
}
