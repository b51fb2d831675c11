import { TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { cpSync, existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { decisionsOn } from "./decisions-on-log.js";
import { newFolder, runToEnd, serve } from "./program.js";
import { eur, line, need, Shop } from "./shop.js";

// Why a decision came out as it did, asked of a running service and of the log; and that it comes out the same again.

const DOCUMENT = `version: explained-1
author: ada
reason: to be explained
currency: EUR
segments:
  - {name: everyone, expression: "true"}
  - {name: nobody, expression: "false"}
campaigns:
  - campaign_id: owed
    kind: entitlement
    rules: {segment: everyone}
    ladder: [{incentive: {percent_off: {percent: 5%, maximum: 50.00}}}]
    budget_id: all
    offer_ttl: 24h
  - campaign_id: closed
    kind: entitlement
    rules: {segment: nobody}
    ladder: [{incentive: {percent_off: {percent: 10%}}}]
    budget_id: all
    offer_ttl: 24h
guardrails: {floor_price: 50%, max_discount: 30%, margin_floor: 0%, assumed_margin: 40%}
budgets: [{budget_id: all, amount: 1000}]
`;

// Each command is a process of its own.
jest.setTimeout(180_000);

async function leastwise(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { exit, stdout, stderr } = await runToEnd({ args, env });
  return { code: exit.code, out: stdout.join("\n"), err: stderr.join("\n") };
}

describe("leastwise explain and leastwise replay-decision", () => {
  let data: string;
  let decisionId: string;
  let asked: Awaited<ReturnType<typeof leastwise>>[];

  beforeAll(async () => {
    data = newFolder();
    const file = path.join(data, "policy.yaml");
    writeFileSync(file, DOCUMENT);
    const program = await serve(path.join(data, "shop"), { LEASTWISE_POLICY_FILE: file });
    const address = `localhost:${program.ports.rpc}`;
    const shop = new Shop(program.ports);
    try {
      need(await shop.putProducts({ productId: "coat", price: eur(10_000), category: "coats" }));
      need(await shop.putConsent("ada", wire.Purpose.PURPOSE_PERSONALIZATION));
      const cart = { lines: [line("coat", 1, 10_000)] };
      const granted = need(await shop.decide({ subject: { userId: "ada" }, cart }));
      expect(granted.offer?.faceValue?.minor).toBe(500n);
      decisionId = granted.decisionId;
      asked = [
        await leastwise(["explain", decisionId, "--address", address]),
        await leastwise(["explain", decisionId, "--address", address, "--json"]),
        await leastwise(["explain", "unheard-of", "--address", address]),
        await leastwise(["replay-decision", decisionId, "--data", path.join(data, "shop")]),
      ];
    } finally {
      shop.close();
      await program.stop();
    }
  });

  const onLog = (command: string, ...args: readonly string[]) =>
    leastwise([command, ...args, "--data", path.join(data, "shop")]);

  it("says in words and as data why it came out so, of a running service", () => {
    const [words, json] = asked;
    expect([words?.code, words?.err]).toEqual([0, ""]);
    for (const said of [
      "Decided under policy explained-1",
      "Did not apply: closed, as its segment does not hold (segment_does_not_hold).",
      "Chance of an order at rung 0",
      "(entitlement); offer",
    ])
      expect(words?.out).toContain(said);
    expect(JSON.parse(json?.out ?? "")).toMatchObject({
      record: { decision_id: decisionId, reason: "entitlement", chosen: 0, exploit: 0, held: { minor: "5000" } },
      is_custom_unanswered: false,
      ineligible: [{ campaign_id: "closed", reason: "segment_does_not_hold" }],
      terms: expect.arrayContaining([expect.objectContaining({ feature: "intercept", logit: -0.85 })]),
    });
  });

  it("says of one that is not known where else to look, and that a log in use cannot be looked at", () => {
    const [, , unknown, inUse] = asked;
    expect(unknown).toMatchObject({ code: 1, out: "", err: expect.stringContaining("--log looks for it on the log") });
    expect(inUse).toMatchObject({ code: 1, out: "", err: expect.stringContaining("is in use by process") });
  });

  it("says the same of the log alone", async () => {
    expect(await onLog("explain", decisionId, "--log")).toEqual(asked[0]);
    expect(await onLog("explain", "unheard-of", "--log")).toMatchObject({
      ...{ code: 1, err: expect.stringContaining("no decision unheard-of stands on the log") },
    });
  });

  it("decides it again, and finds the same bytes", async () => {
    const { code, out, err } = await onLog("replay-decision", decisionId);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^decisions\/\d+@\d+: entitlement under explained-1 with prior-/);
    expect(out).toContain("decided again, it comes out the same: all ");
    const json = await onLog("replay-decision", decisionId, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ decision_id: decisionId, is_same: true, differences: [] });
  });

  it("names what differs, and ends with 1", async () => {
    const directory = path.join(data, "shop", "log");
    const [record] = await decisionsOn(directory);
    const forged = { ...record!, decisionId: "forged", reason: "granted" };
    const value = wire.DecisionRecord.encode(forged).finish();
    const log = await openEmbeddedLog({ directory });
    try {
      await log.append([{ topic: TOPICS.decisions, partition: 0, value, timestampMs: 0 as Millis }]);
    } finally {
      await log.close();
    }
    const words = await onLog("replay-decision", "forged");
    expect(words).toMatchObject({ code: 1, err: expect.stringContaining("otherwise than it is recorded") });
    expect(words.out).toContain('reason: recorded "granted", now "entitlement"');
    const json = await onLog("replay-decision", "forged", "--json");
    expect(JSON.parse(json.out)).toMatchObject({
      ...{ is_same: false, differences: expect.arrayContaining([expect.objectContaining({ field: "reason" })]) },
    });
  });

  it("makes a code again that an earlier version of the key made", async () => {
    const { code, out } = await leastwise(["replay-decision", decisionId, "--data", path.join(data, "shop")], {
      LEASTWISE_CODES__KEY_VERSION: "1",
    });
    expect(code).toBe(0);
    expect(out).not.toContain("not compared");
  });

  it("compares all but the code where another key made that, or none is there, and makes none", async () => {
    const restored = path.join(data, "restored");
    cpSync(path.join(data, "shop"), restored, { recursive: true });
    rmSync(path.join(restored, "keys"), { recursive: true });
    const args = [decisionId, "--data", restored];
    for (const env of [{}, { LEASTWISE_CODES__KEY: "11".repeat(32) }]) {
      const words = await leastwise(["replay-decision", ...args], env);
      expect([words.code, words.err]).toEqual([0, ""]);
      expect(words.out).toContain("the code of its offer is not compared: it was made with another key or version");
      const json = await leastwise(["replay-decision", ...args, "--json"], env);
      expect(JSON.parse(json.out)).toMatchObject({ is_same: true, is_code_compared: false, differences: [] });
      expect(await leastwise(["explain", "--log", ...args], env)).toEqual(asked[0]);
    }
    expect(existsSync(path.join(restored, "keys"))).toBe(false);
  });
});
