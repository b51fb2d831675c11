import { encodeDecision, type wire } from "@leastwise/contracts";
import type { SubjectId } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { granted } from "./given/records.js";
import { readDecision } from "./recorded.js";
import { SentDecisions, type SentDecision } from "./sent-decisions.js";

const ADA = "a0".repeat(16) as SubjectId;

function sentOf(record: wire.DecisionRecord, epoch: number): SentDecision {
  const bytes = encodeDecision({ ...record, ownerEpoch: BigInt(epoch) });
  return { decisionId: record.decisionId, epoch, recorded: readDecision(record), bytes };
}

describe("decisions on their way to the log and back", () => {
  it("are known by their bytes, once", () => {
    const sent = new SentDecisions();
    const one = sentOf(granted({ id: "d1", subject: ADA }), 3);
    sent.send(one);
    expect(sent.takeBack(Uint8Array.from(one.bytes))).toBe(one);
    expect(sent.takeBack(one.bytes)).toBeUndefined();
  });

  it("are not taken for what another owner wrote of the same decision, nor for what is no record", () => {
    const sent = new SentDecisions();
    const record = granted({ id: "d1", subject: ADA });
    const one = sentOf(record, 3);
    sent.send(one);
    const others = [
      sentOf(record, 4).bytes,
      sentOf({ ...record, message: "other" }, 3).bytes,
      Buffer.of(10),
      Buffer.alloc(0),
    ];
    for (const other of others) expect(sent.takeBack(other)).toBeUndefined();
    expect(sent.takeBack(one.bytes)).toBe(one);
  });

  it("are read like any once the log has not taken them", () => {
    const sent = new SentDecisions();
    const one = sentOf(granted({ id: "d1", subject: ADA }), 0);
    sent.send(one);
    sent.forget("d1");
    expect(sent.takeBack(one.bytes)).toBeUndefined();
  });
});
