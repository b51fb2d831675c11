import { TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog } from "@leastwise/eventlog";
import { follow } from "@leastwise/references";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd } from "../journey/program.js";
import { DATA_FOLDER, realDataIsHere } from "./real-data.js";

// What is decided at the carts of a real shop's clickstream, under a model in force and with everybody's consent, and whether that makes sense.

const REPLAY_MAX_MS = 300_000;
const EXPLAINED = 20;

const POLICY = `version: storefront-journey-1
author: ada
reason: a journey on a real clickstream
currency: USD
segments:
  - { name: everybody, expression: "true" }
  - { name: first-visit, expression: "features.session_seq == 1 && features.purchases_all == 0" }
  - { name: came-back, expression: "features.session_seq > 1 && features.purchases_all == 0" }
  - { name: bought-before, expression: "features.purchases_all > 0" }
campaigns:
  - campaign_id: shares
    kind: incentive
    rules: { segment: everybody }
    ladder:
      - incentive: { percent_off: { percent: 5% } }
      - incentive: { percent_off: { percent: 10% } }
      - incentive: { percent_off: { percent: 15% } }
    experiment_id: shoppers
    budget_id: all
    offer_ttl: 24h
    exploration: { floor: 1%, cold_start_decisions_per_rung: 0, budget: 1000.00 }
guardrails: { floor_price: 50%, max_discount: 30%, margin_floor: 10%, assumed_margin: 45% }
experiments: [{ experiment_id: shoppers, salt: shoppers/1, holdout: 10% }]
budgets: [{ budget_id: all, amount: 100000.00 }]
`;

/** Who bought before buys anyway: a sure thing the more often they did. */
const MODEL = `version: storefront-learned-1
horizon: 7d
baseline:
  - { feature: intercept, mean: -1.6, sd: 0.1 }
  - { feature: purchases_all, mean: 1.1, sd: 0.1, min: 0, max: 3 }
  - { feature: session_product_views, mean: 0.05, sd: 0.01, min: 0, max: 30 }
formats:
  - { format: percent_off, slope_mean: 0.55, slope_sd: 0.12, null_probability: 0.05, depth_scale_bp: 1000 }
`;

const SEGMENTS = ["first-visit", "came-back", "bought-before"] as const;

/** Decided anew: nothing stood that is told again. */
function isNew({ candidates, continued, reason }: wire.DecisionRecord): boolean {
  return !continued && candidates.length > 1 && reason !== "offer_outstanding";
}

async function decisionsIn(directory: string): Promise<readonly wire.DecisionRecord[]> {
  const log = await openEmbeddedLog({ directory });
  const decisions: wire.DecisionRecord[] = [];
  const following = await follow(log, TOPICS.decisions, ({ value }) =>
    decisions.push(wire.DecisionRecord.decode(value)),
  );
  await following.stop();
  await log.close();
  return decisions.filter(({ decisionId }) => decisionId !== "");
}

const isHere = realDataIsHere("decisions at the carts of a real clickstream");

(isHere ? describe : describe.skip)("decisions at the carts of a real shop", () => {
  const data = path.join(newFolder(), "play");
  let decisions: readonly wire.DecisionRecord[];

  beforeAll(async () => {
    const folder = newFolder();
    writeFileSync(path.join(folder, "policy.yaml"), POLICY);
    writeFileSync(path.join(folder, "model.yaml"), MODEL);
    const replay = ["--replay", path.join(DATA_FOLDER, "storefront"), "--consent", "all"];
    const documents = ["--policy", path.join(folder, "policy.yaml"), "--model", path.join(folder, "model.yaml")];
    const { exit, stderr } = await runToEnd(
      { args: ["play", "--once", "--data", data, ...replay, ...documents] },
      REPLAY_MAX_MS,
    );
    if (exit.code !== 0) throw new Error(stderr.join("\n"));
    decisions = await decisionsIn(path.join(data, "log"));
  }, REPLAY_MAX_MS);

  it("are made at every cart that has prices, by the model, on what the shopper did", () => {
    expect(decisions).toHaveLength(576);
    expect(new Set(decisions.map(({ modelVersion }) => modelVersion))).toEqual(new Set(["storefront-learned-1"]));
    expect(decisions.filter(({ degradedReason }) => degradedReason !== "")).toEqual([]);
    // Nothing can be given in a replay: what happened has happened.
    expect(decisions.filter(({ offer }) => offer !== undefined)).toEqual([]);
  });

  it("give nothing to most sure things, and something to more of those who are not", () => {
    const shares = Object.fromEntries(
      SEGMENTS.map((segment) => {
        const made = decisions.filter((decision) => isNew(decision) && decision.segments.includes(segment));
        const nones = made.filter(({ exploit }) => exploit === 0).length;
        return [segment, { decided: made.length, none: Number((nones / made.length).toFixed(2)) }];
      }),
    );
    process.stdout.write(`share of none among what would be chosen: ${JSON.stringify(shares)}\n`);
    for (const { decided } of Object.values(shares)) expect(decided).toBeGreaterThan(25);
    const [first, back, bought] = SEGMENTS.map((segment) => shares[segment]!.none);
    expect(bought!).toBeGreaterThan(0.5);
    expect(first!).toBeLessThan(bought!);
    expect(back!).toBeLessThan(bought!);
  });

  it("choose what is worth it with enough certainty, never what is worth less and dearer, and guardrails hold", () => {
    for (const { candidates, exploit, decisionId } of decisions.filter(isNew)) {
      const choice = candidates[exploit]!;
      const admissible = candidates.filter(({ rung, blockedBy }) => rung > 0 && blockedBy === "");
      for (const { depthBp } of admissible) expect(depthBp).toBeLessThanOrEqual(3_000);
      if (choice.rung === 0) continue;
      expect([decisionId, choice.blockedBy, choice.evidence >= 0.75, choice.valueMinor > 0]).toEqual([
        ...[decisionId, "", true, true],
      ]);
      const better = admissible.filter(
        ({ valueMinor, expectedCost, evidence }) =>
          evidence >= 0.8 && valueMinor >= choice.valueMinor && expectedCost!.minor < choice.expectedCost!.minor,
      );
      expect([decisionId, better]).toEqual([decisionId, []]);
    }
  });

  it("hold out about one in ten, of all who were asked about, whatever would have been chosen", () => {
    const arms = new Map(decisions.flatMap(({ subject, enrolments }) => enrolments.map(({ arm }) => [subject, arm])));
    const held = [...arms.values()].filter((arm) => arm === "holdout").length;
    expect(arms.size).toBe(new Set(decisions.map(({ subject }) => subject)).size);
    expect(held / arms.size).toBeGreaterThan(0.02);
    expect(held / arms.size).toBeLessThan(0.25);
  });

  it(
    "are explained in words that name no product and no view",
    async () => {
      const chosen = decisions.filter(isNew).filter((_, place) => place % 10 === 0);
      expect(chosen.length).toBeGreaterThanOrEqual(EXPLAINED);
      for (const { decisionId, cart } of chosen.slice(0, EXPLAINED)) {
        const { exit, stdout } = await runToEnd(
          { args: ["explain", decisionId, "--log", "--data", data] },
          REPLAY_MAX_MS,
        );
        const told = stdout.join("\n");
        expect([decisionId, exit.code]).toEqual([decisionId, 0]);
        expect(told).toContain("Chance of an order at rung 0");
        process.stdout.write(`${told}\n\n`);
        const { message } = decisions.find((decision) => decision.decisionId === decisionId)!;
        for (const { productId } of cart?.lines ?? []) expect(message).not.toContain(productId);
        expect(message).not.toMatch(/view|visit|browse|look/i);
      }
    },
    REPLAY_MAX_MS,
  );
});
