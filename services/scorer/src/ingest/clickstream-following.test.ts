import { describe, expect, it } from "@jest/globals";
import type { EventLog, RecordSpans, ScanSubscription } from "@leastwise/eventlog";
import { ClickstreamFollowing } from "./clickstream-following.js";

/** A log whose scans hand over what a test gives them, as long as they are not stopped. */
class HandedLog {
  readonly begun: Record<string, number>[] = [];
  stopped = 0;
  subscription: ScanSubscription | undefined;

  async scan(subscription: ScanSubscription) {
    const places = (subscription.partitions ?? []).map(async (one) => [one, await subscription.from(one)] as const);
    this.begun.push(Object.fromEntries(await Promise.all(places)));
    this.subscription = subscription;
    const stop = () => {
      this.stopped += 1;
      return Promise.resolve();
    };
    return { finished: new Promise<void>(() => undefined), stop };
  }

  async hand(partition: number, nextOffset: number): Promise<void> {
    await this.subscription?.onSpans({ partition, nextOffset } as unknown as RecordSpans);
  }

  async handPoisoned(partition: number, nextOffset: number): Promise<void> {
    const stretch = {
      topic: "clickstream",
      partition,
      firstOffset: 0,
      nextOffset,
      bytes: Buffer.alloc(1),
      bytesTotal: 1,
    };
    await this.subscription?.onPoisoned({ ...stretch, reason: "checksum_mismatch" });
  }
}

function follow(onSpans: () => Promise<void> = () => Promise.resolve()) {
  const log = new HandedLog();
  const following = new ClickstreamFollowing(log as unknown as EventLog, { onSpans, onPoisoned: () => undefined });
  return { log, following };
}

const places = (...of: readonly (readonly [number, number])[]) => new Map(of);

describe("following partitions that become others", () => {
  it("goes on with those that stay behind what was taken, records or not, and begins with new ones where it is told", async () => {
    const { log, following } = follow();
    await following.follow(places([0, 3], [1, 5]));
    await log.hand(0, 9);
    await log.handPoisoned(1, 7);
    await following.follow(places([0, 3], [1, 5], [2, 1]));
    await following.follow(places([0, 0]));
    await following.follow(places([0, 0], [2, 4]));
    expect(log.begun).toEqual([{ 0: 3, 1: 5 }, { 0: 9, 1: 7, 2: 1 }, { 0: 9 }, { 0: 9, 2: 4 }]);
    expect(log.stopped).toBe(3);
  });

  it("is not disturbed when they stay the same, and scans nothing when there are none", async () => {
    const { log, following } = follow();
    await following.follow(places());
    await following.follow(places([0, 3]));
    await following.follow(places([0, 8]));
    await following.follow(places());
    expect([log.begun, log.stopped]).toEqual([[{ 0: 3 }], 1]);
    await following.stop();
    await following.finished;
    await expect(following.follow(places([1, 0]))).rejects.toThrow("not followed any more");
  });

  it("reads nothing again that could not be taken: it has ended", async () => {
    const { log, following } = follow(() => Promise.reject(new Error("not seen to")));
    await following.follow(places([0, 3]));
    await expect(log.hand(0, 9)).rejects.toThrow("not seen to");
    await expect(following.follow(places([0, 3], [1, 0]))).rejects.toThrow("not seen to");
    await expect(following.finished).rejects.toThrow("not seen to");
    expect(log.begun).toHaveLength(1);
    await following.stop();
  });
});
