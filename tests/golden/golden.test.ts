import { TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog } from "@leastwise/eventlog";
import { COMPILED_PRIOR, followPolicies, type Policies } from "@leastwise/references";
import { decidedAgain } from "@leastwise/scorer";
import { hashKeyFromBytes, type Millis } from "@leastwise/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

// Decisions that came out once, made again from their records. What comes out otherwise shows in outcomes.txt, line by line, and has to be owned: see
// README.md beside this file.

const { dirname: FOLDER } = import.meta;
const OUTCOMES = path.join(FOLDER, "outcomes.txt");
const DECISIONS = path.join(FOLDER, "decisions.base64.gz");
/** The key of the plays that the corpus was collected from. */
const CODE_KEY = { secret: hashKeyFromBytes(Buffer.alloc(32, 0x11)), version: 1 };
const IS_OWNED = process.env["LEASTWISE_OWN_GOLDEN"] === "true";

function values(file: string): readonly Uint8Array[] {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
  return lines.map((line) => Uint8Array.from(Buffer.from(line, "base64")));
}

/** What came out, as somebody reviews it. The digest is of all of the record, what it was made on included. */
function outcomeOf(record: wire.DecisionRecord): string {
  const { decisionId, reason, candidates, chosen, exploit, ghost, continued, offer, propensity, message } = record;
  const rung = (place: number) => {
    const { campaignId = "", rung: number = 0 } = candidates[place] ?? {};
    return campaignId === "" ? "none" : `${campaignId}/${number}`;
  };
  const { faceValue, expectedCost, conversion = 0, valueMinor = 0, evidence = 0 } = candidates[chosen] ?? {};
  const blocked = candidates.filter(({ blockedBy }) => blockedBy !== "").map(({ blockedBy }) => blockedBy);
  const counts = [...new Set(blocked)].sort().map((by) => `${by}:${blocked.filter((other) => other === by).length}`);
  return [
    decisionId,
    `${reason}${ghost ? " ghost" : ""}${continued ? " continued" : ""}`,
    `chosen ${rung(chosen)}, exploit ${rung(exploit)} of ${candidates.length}`,
    `worth ${faceValue?.minor ?? 0n}, cost ${expectedCost?.minor ?? 0n}, value ${valueMinor.toFixed(3)}`,
    `conversion ${conversion.toFixed(6)}, evidence ${evidence.toFixed(6)}, propensity ${propensity.toFixed(9)}`,
    `blocked ${counts.length === 0 ? "none" : counts.join(" ")}`,
    `offer ${offer === undefined ? "none" : `${offer.faceValue?.minor ?? 0n} ${offer.faceValue?.currency ?? ""}`}`,
    JSON.stringify(message),
    createHash("sha256").update(wire.DecisionRecord.encode(record).finish()).digest("hex").slice(0, 16),
  ].join(" | ");
}

describe("the golden corpus", () => {
  const recorded = values(DECISIONS);
  let directory: string;
  let policies: Policies;
  let end: () => Promise<void>;

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), "leastwise-golden-"));
    const log = await openEmbeddedLog({ directory });
    await log.ensureTopics([{ name: TOPICS.policy, partitions: 1, compacted: true }]);
    const records = values(path.join(FOLDER, "policies.base64.gz")).map((value) => {
      const { policy, appliedAtMs } = wire.PolicyRecord.decode(value);
      return { key: policy?.version ?? "", value, timestampMs: Number(appliedAtMs) as Millis };
    });
    await log.append(records.map((record) => ({ topic: TOPICS.policy, partition: 0, ...record })));
    const problems: unknown[] = [];
    policies = await followPolicies(log, {
      onInForce: () => undefined,
      onUnusable: (version) => problems.push(version),
      onPassedOver: (passedOver) => problems.push(passedOver),
    });
    expect(problems).toEqual([]);
    end = async () => {
      await policies.stop();
      await log.close();
    };
  });

  afterAll(async () => {
    await end();
    rmSync(directory, { recursive: true });
  });

  const again = (value: Uint8Array): wire.DecisionRecord => {
    const policyOf = (version: string) => policies.version(version)?.compiled;
    // No model was ever in force in the plays.
    const modelOf = (version: string) => (version === COMPILED_PRIOR.version ? COMPILED_PRIOR : undefined);
    const made = decidedAgain(wire.DecisionRecord.decode(value), { policyOf, modelOf, codeKey: CODE_KEY });
    if (!made.ok) throw new Error(JSON.stringify(made.error));
    return made.value.record;
  };

  it("has at least 500 decisions, of every kind that plays bring forth", () => {
    const reasons = new Set(recorded.map((value) => wire.DecisionRecord.decode(value).reason));
    expect(recorded.length).toBeGreaterThanOrEqual(500);
    expect(new Set(recorded.map((value) => wire.DecisionRecord.decode(value).decisionId)).size).toBe(recorded.length);
    for (const reason of ["granted", "least_is_none", "holdout", "offer_outstanding", "no_admissible_rung"])
      expect(reasons).toContain(reason);
  });

  it("has decisions of earlier rules and of those of now", () => {
    const rules = recorded.map((value) => {
      const { decisionState } = wire.DecisionRecord.decode(value);
      return (JSON.parse(Buffer.from(decisionState).toString("utf8")) as { readonly v: number }).v;
    });
    expect([1, 2].map((version) => rules.filter((v) => v === version).length >= 100)).toEqual([true, true]);
  });

  it("comes out as it did, in all that a reviewer reads and byte for byte", () => {
    const made = recorded.map(again);
    const outcomes = made.map(outcomeOf);
    if (IS_OWNED) {
      const lines = made.map((record) => Buffer.from(wire.DecisionRecord.encode(record).finish()).toString("base64"));
      writeFileSync(DECISIONS, gzipSync(`${lines.join("\n")}\n`, { level: 9 }));
      writeFileSync(OUTCOMES, `${outcomes.join("\n")}\n`);
      return;
    }
    expect(outcomes).toEqual(readFileSync(OUTCOMES, "utf8").trimEnd().split("\n"));
    for (const [place, record] of made.entries())
      expect(Buffer.from(wire.DecisionRecord.encode(record).finish()).equals(recorded[place]!)).toBe(true);
  });
});
