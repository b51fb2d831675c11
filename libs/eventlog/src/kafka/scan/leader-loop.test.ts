import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { SpanList } from "../../span-list.js";
import { openSession } from "./broker-session.js";
import { batchBytes, plain } from "./given/batch-bytes.js";
import { ScriptedBroker } from "./given/scripted-broker.js";
import { LeaderLoop } from "./leader-loop.js";
import { PartitionCursor } from "./partition-cursor.js";

const TOPIC = "t";

let broker: ScriptedBroker;
beforeEach(async () => (broker = await ScriptedBroker.start()));
afterEach(() => broker.stop());

/** A loop whose owner hears as it says. */
function loopOf(takeSpans: (spans: SpanList) => Promise<boolean>): LeaderLoop {
  const options = {
    topic: TOPIC,
    partitionBytesMax: 1_000,
    gapAfterMs: Number.POSITIVE_INFINITY,
    leadersGoodForMs: Number.POSITIVE_INFINITY,
    connect: (signal: AbortSignal) => openSession(broker.address, {}, undefined, signal),
    onDue: () => undefined,
    onDisplaced: () => undefined,
    onOutOfRange: () => undefined,
  };
  return new LeaderLoop(options, { topic: TOPIC, takeSpans, takePoisoned: () => Promise.resolve(true) });
}

/** Reads on at 7, as what stood before it is gone, of which nobody has told its owner. */
function behindAGap(partition: number): PartitionCursor {
  const cursor = new PartitionCursor(partition, 0);
  cursor.passTo(7, 8);
  return cursor;
}

describe("a gap", () => {
  it("is told before the records behind it, also of a partition that comes while the owner hears of another's", async () => {
    const record = batchBytes(plain(7, "behind"));
    broker.onFetch = (places) =>
      Promise.resolve(
        places.every(({ offset }) => offset > 7)
          ? undefined
          : places.map(({ partition, offset }) => ({
              ...{ partition, endOffset: 8, bytes: offset > 7 ? Buffer.alloc(0) : record },
            })),
      );
    const heard = new Map([0, 1].map((partition) => [partition, [] as number[]]));
    const loop = loopOf(({ partition, count, nextOffset }) => {
      if (partition === 0 && count === 0) loop.add(behindAGap(1));
      heard.get(partition)?.push(nextOffset);
      if ([...heard.values()].every((offsets) => offsets.includes(8))) loop.stop();
      return Promise.resolve(true);
    });
    loop.add(behindAGap(0));
    await loop.run();
    expect([...heard.values()]).toEqual([
      [7, 8],
      [7, 8],
    ]);
  });
});
