import { describe, expect, it } from "@jest/globals";
import { policyChanges, sayChange } from "./policy-changes.js";
import { readPolicyDocument } from "./read-document.js";

function policyOf(text: string) {
  const read = readPolicyDocument(`currency: EUR\n${text}`);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.policy;
}

const changes = (before: string, after: string) => policyChanges(policyOf(before), policyOf(after)).map(sayChange);

describe("what differs between two policies", () => {
  it("is nothing, where only the version, its author and its reason do", () => {
    expect(changes("version: a\nauthor: ada", "version: b\nreason: other words")).toEqual([]);
  });

  it("is told by id and in people's units, whatever stands before it", () => {
    const before = "budgets: [{budget_id: a, amount: 5}, {budget_id: b, amount: 7.5}]\nguardrails: {floor_price: 60%}";
    const after = "budgets: [{budget_id: b, amount: 8}, {budget_id: c, amount: 1}]\nguardrails: {floor_price: 55%}";
    expect(changes(before, after)).toEqual([
      "~ guardrails.floor_price: 60% → 55%",
      '- budgets[a]: {"budget_id":"a","amount":"5.00"}',
      "~ budgets[b].amount: 7.50 → 8.00",
      '+ budgets[c]: {"budget_id":"c","amount":"1.00"}',
    ]);
  });

  it("counts no order that is another: priority decides among campaigns of equal worth", () => {
    const one = "{campaign_id: one}";
    const two = "{campaign_id: two, ladder: [{incentive: {percent_off: {percent: 5%}}}]}";
    expect(changes(`campaigns: [${one}, ${two}]`, `campaigns: [${two}, ${one}]`)).toEqual([]);
    expect(changes(`campaigns: [${two}]`, `campaigns: [${two.replace("5%", "10%")}]`)).toEqual([
      "~ campaigns[two].ladder[0].incentive.percent_off.percent: 5% → 10%",
    ]);
  });

  it("tells templates apart by where they are shown, in which language and for whom", () => {
    const template = (text: string) => `templates: [{language: en, placement: checkout, text: "${text}"}]`;
    expect(changes(template("a"), template("b"))).toEqual(["~ templates[checkout/en/all].text: a → b"]);
  });
});
