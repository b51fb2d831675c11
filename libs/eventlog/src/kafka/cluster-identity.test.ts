import { describe, expect, it } from "@jest/globals";
import type { Millis } from "@leastwise/vocabulary";
import { clusterOf, LOG_TOPIC, newIncarnation } from "../incarnation.js";
import type { LogRecord } from "../port.js";
import { checkCluster } from "./cluster-identity.js";

const REFUSED = { code: "incarnation_mismatch", hint: "terminal" };

function failureOf(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("the cluster that a log is in", () => {
  it.each([
    { begunIn: "A", pinned: undefined, found: "A" },
    // A log of a version that did not note it.
    { begunIn: undefined, pinned: undefined, found: "A" },
    { begunIn: "A", pinned: "B", found: "B" },
    { begunIn: undefined, pinned: "A", found: "A" },
  ])("is the one that it has to be: %o", (identity) => {
    checkCluster(identity);
  });

  it("is refused if the log was begun in another, with what to do", () => {
    const failure = failureOf(() => {
      checkCluster({ begunIn: "A", pinned: undefined, found: "B" });
    });
    expect(failure).toMatchObject(REFUSED);
    expect(failure).toMatchObject({
      message: expect.stringMatching(
        /brokers are of the cluster B, but this log was begun in the cluster A.*log\.brokers.*log\.cluster_id to B/,
      ),
    });
  });

  it("is refused if another is pinned, wherever the log was begun", () => {
    const failure = failureOf(() => {
      checkCluster({ begunIn: "B", pinned: "A", found: "B" });
    });
    expect(failure).toMatchObject({ ...REFUSED, message: expect.stringContaining("log.cluster_id is A") });
  });

  it("is what the log's first record says, if it says so", () => {
    const record = (value: Uint8Array): LogRecord => ({ ...newIncarnation("i", 0), value, offset: 0 });
    expect(clusterOf(record(newIncarnation("i", 0, "A").value))).toBe("A");
    for (const value of ["{}", "null", "[]", "no JSON", '{"cluster_id":7}'])
      expect(clusterOf(record(Buffer.from(value)))).toBeUndefined();
    expect(newIncarnation("i", 5)).toMatchObject({ topic: LOG_TOPIC.name, key: "i", timestampMs: 5 as Millis });
  });
});
