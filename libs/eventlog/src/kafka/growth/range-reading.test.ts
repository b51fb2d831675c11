import { describe, expect, it } from "@jest/globals";
import type { EventLog, ScanSubscription } from "../../port.js";
import { checkReadable } from "./range-reading.js";

const RANGE = { topic: "clickstream", partition: 2, from: 3, to: 10 };

/** A log whose scan does this, and ends with what it is told of. */
function logThat(scans: (subscription: ScanSubscription) => Promise<void> | void): Pick<EventLog, "scan"> {
  return {
    scan: (subscription) => {
      const finished = Promise.resolve()
        .then(() => scans(subscription))
        .then(() => new Promise<void>(() => undefined));
      finished.catch(() => undefined);
      return Promise.resolve({ finished, stop: () => Promise.resolve() });
    },
  };
}

const spans = (nextOffset: number) => ({
  ...{ topic: "clickstream", partition: 2, count: 0, bytes: Buffer.alloc(0), endOffset: 10, nextOffset },
  ...{ offsets: new Float64Array(), timestampsMs: new Float64Array() },
  ...{ valueFrom: new Int32Array(), valueTo: new Int32Array() },
});

describe("what is to be copied", () => {
  it("is looked through to its end, though no record may stand there", async () => {
    const asked: unknown[] = [];
    const log = logThat(async (subscription) => {
      asked.push(subscription.partitions, await subscription.from(2));
      await subscription.onSpans(spans(7));
      await subscription.onSpans(spans(10));
    });
    await checkReadable(log, RANGE);
    expect(asked).toEqual([[2], 3]);
    await checkReadable(
      logThat(() => undefined),
      { ...RANGE, from: 10 },
    );
  });

  it("is refused where it is damaged, and it is said where", async () => {
    const log = logThat((subscription) =>
      subscription.onPoisoned({
        ...{ topic: "clickstream", partition: 2, firstOffset: 5, nextOffset: 8 },
        ...{ bytes: Buffer.alloc(0), bytesTotal: 9, reason: "checksum_mismatch" },
      }),
    );
    await expect(checkReadable(log, RANGE)).rejects.toMatchObject({
      code: "corrupt_record",
      message: "clickstream/2 cannot be read from offset 5 on: checksum_mismatch",
    });
  });
});
