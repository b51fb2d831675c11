import { describe, expect, it } from "@jest/globals";
import { accountOf, decide, EMPTY_STATE, type Decision, type DecisionInput } from "@leastwise/decision";
import { readModelDocument, readPolicyDocument } from "@leastwise/policy";
import { compileProposed, compileWrittenModel, FEATURE_CATALOGUE } from "@leastwise/references";
import { formatMoney, PURPOSES, type AssignmentKey, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import type { SubjectId } from "@leastwise/vocabulary";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../journey/built-program.js";

const PAGE = readFileSync(path.join(ROOT, "docs/choice.md"), "utf8");
const [POLICY = "", MODEL = ""] = [...PAGE.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = ""]) => yaml);
const [, OBJECTIVE = ""] = /`(objective: .*?)`/.exec(PAGE) ?? [];
const EUR = "EUR" as CurrencyCode;
const NOON = Date.UTC(2026, 10, 30, 12) as Millis;
const DAY_MS = 86_400_000;

function policyOf(text: string) {
  const document = readPolicyDocument(text);
  const compiled = document.ok ? compileProposed(document.value.policy) : document;
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

function model() {
  const document = readModelDocument(MODEL);
  const compiled = document.ok ? compileWrittenModel(document.value.model) : document;
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

function inputOf(text: string, changes: Partial<DecisionInput> = {}): DecisionInput {
  return {
    cause: { caller: "shop", requestId: "", sessionId: "visit" },
    ...{ subject: "ada" as SubjectId, assignmentKey: "ada" as AssignmentKey, nowMs: NOON, clock: "wall" },
    cart: { currency: EUR, lines: [{ productId: "coat", quantity: 1, unitPriceMinor: 10_000 }], shippingMinor: 0 },
    catalog: [{ productId: "coat", unitCostMinor: 6_000 }],
    ...{ channel: "web", device: "mobile", place: { country: "", region: "" }, partnerSegments: [], proposedClass: "" },
    features: {
      ...{ catalogue: "c", values: FEATURE_CATALOGUE.names.map(() => Number.NaN), texts: {} },
      ...{ asOfOffset: 0, partition: 0 },
    },
    ...{ consent: PURPOSES, decisionState: EMPTY_STATE, policy: policyOf(text), model: model() },
    budgets: { all: { remainingMinor: 100_000, shadowPriceBp: 0 } },
    ...{ explorationSpentMinor: {}, decisionsPerRung: {}, realisedMargins: {}, offersLeft: {} },
    ...{ killSwitch: false, observeOnly: false, language: "en", freshness: "fresh" },
    codeKey: { secret: { k0: 7n, k1: 11n }, version: 1 },
    ...changes,
  };
}

function decided(...args: Parameters<typeof inputOf>): Decision {
  const outcome = decide(inputOf(...args));
  if (outcome.kind !== "decided") throw new Error("repeated");
  return outcome.decision;
}

/** The table as the page has it, but for how wide its columns are. */
function tableOf({ candidates, exploit }: Decision): readonly string[] {
  const money = (minor: number) => formatMoney({ minor: Math.round(minor), currency: EUR }).replace(" EUR", "");
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return candidates
    .map((candidate, place) => ({ ...candidate, isChoice: place === exploit }))
    .toSorted((a, b) => a.rung - b.rung)
    .map(({ rung, faceValueMinor, conversion, expectedCostMinor, valueMinor, evidence, isChoice }) => {
      const bold = (text: string) => (isChoice ? `**${text}**` : text);
      return `| ${[
        bold(rung === 0 ? "nothing" : `rung ${rung}`),
        ...[money(faceValueMinor), percent(conversion), money(expectedCostMinor), money(valueMinor)],
        rung === 0 ? "" : percent(evidence),
      ].join(" | ")} |`;
    });
}

const narrow = (line: string) => line.replaceAll(/ +/g, " ");
const tables = [...PAGE.matchAll(/^\| +\|.*\n\|[-: |]+\n((?:\|.*\n)+)/gm)].map(([, rows = ""]) =>
  rows.trim().split("\n").map(narrow),
);

describe("the page of the choice", () => {
  it("has of profit what is decided", () => {
    expect(tables[0]).toEqual(tableOf(decided(POLICY)).map(narrow));
  });

  it("has of a target what is decided, and what an order counts for", () => {
    const objective = `    experiment_id: everybody\n    ${OBJECTIVE}\n`;
    const targeting = POLICY.replace("    experiment_id: everybody\n", objective);
    const decision = decided(targeting);
    expect(tables[1]).toEqual(tableOf(decision).map(narrow));
    const [target] = accountOf(inputOf(targeting), decision, FEATURE_CATALOGUE.names).targets;
    expect(PAGE).toContain(`here ${formatMoney({ minor: target?.orderWorthMinor ?? 0, currency: EUR })}, the least`);
  });

  it("has of a shopper who was given something what is decided", () => {
    const before = {
      ...{ offerId: "o", campaignId: "shares", atMs: (NOON - 5 * DAY_MS) as Millis, costMinor: 0 },
      ...{ faceValueMinor: 1_000, cartDigest: "another", episodeId: "e", ended: true },
    };
    const decisionState = { ...EMPTY_STATE, history: [before] };
    expect(tables[2]).toEqual(tableOf(decided(POLICY, { decisionState })).map(narrow));
  });
});
