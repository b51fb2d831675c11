import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Crash, recordAt, Surroundings, type Fate } from "./given/crashing.js";
import { HeldBytes, heldBytesOf } from "./held-bytes.js";
import { PartitionRecorder } from "./partition-recorder.js";

const RANGE = Array.from({ length: 100 }, (_, offset) => offset);
const FATE = fc.constantFrom<Fate>("goes on", "goes on", "goes on", "ends before", "ends after");
/** Offsets with gaps, as of a compacted topic. */
const OFFSETS = fc
  .array(fc.integer({ min: 1, max: 4 }), { maxLength: 30 })
  .map((steps) => steps.map((_, index) => steps.slice(0, index + 1).reduce((sum, step) => sum + step, -1)));

/** One life of the process: reads in batches from where it should, writes, and ends where fate has it. */
async function live(around: Surroundings, blockRowsMax: number, batch: number): Promise<"ended" | "done"> {
  const recorder = new PartitionRecorder(around.options(blockRowsMax));
  try {
    const from = await recorder.resume();
    const unread = around.records.filter(({ offset }) => offset >= from);
    for (let at = 0; at < unread.length; at += batch) await recorder.take(unread.slice(at, at + batch));
    while (recorder.pendingCount > 0) await recorder.flush();
    return "done";
  } catch (error) {
    if (error instanceof Crash) return "ended";
    throw error;
  }
}

/** Does something that may fail, and then another thing until that has succeeded: what was taken over is not taken again. */
async function untilItSucceeds(first: () => Promise<void>, again = first): Promise<void> {
  for (let next = first; ; next = again) {
    try {
      await next();
      return;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
  }
}

describe("a partition on its way to the warehouse", () => {
  it("has every record there once, wherever the process ends, however it reads and cuts", async () => {
    const lives = fc.array(
      fc.record({
        fates: fc.array(FATE, { maxLength: 12 }),
        blockRowsMax: fc.integer({ min: 1, max: 6 }),
        batch: fc.integer({ min: 1, max: 7 }),
      }),
      { maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(OFFSETS, lives, async (offsets, ends) => {
        const around = new Surroundings(offsets);
        for (const { fates, blockRowsMax, batch } of ends) {
          around.decree(fates);
          await live(around, blockRowsMax, batch);
        }
        around.decree([]);
        expect(await live(around, 4, 3)).toBe("done");
        expect(around.counted).toEqual(offsets);
      }),
      { numRuns: 500 },
    );
  });

  it("has every record there once, if acts fail and the process goes on", async () => {
    const batches = fc.integer({ min: 1, max: 7 });
    const rowsMax = fc.integer({ min: 1, max: 6 });
    await fc.assert(
      fc.asyncProperty(
        OFFSETS,
        fc.array(FATE, { maxLength: 40 }),
        rowsMax,
        batches,
        async (offsets, fates, max, batch) => {
          const around = new Surroundings(offsets);
          around.decree(fates);
          const recorder = new PartitionRecorder(around.options(max));
          await recorder.resume();
          for (let at = 0; at < offsets.length; at += batch) {
            await untilItSucceeds(
              () => recorder.take(around.records.slice(at, at + batch)),
              () => recorder.flush(),
            );
          }
          while (recorder.pendingCount > 0) await untilItSucceeds(() => recorder.flush());
          expect(around.counted).toEqual(offsets);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is cut again as it was planned, although this time blocks are larger", async () => {
    const around = new Surroundings([0, 1, 2, 3, 4, 5]);
    around.decree(["goes on", "ends after"]); // the plan, then the write
    expect(await live(around, 2, 6)).toBe("ended");
    expect(around.commit).toEqual({ offset: 0, note: '{"to":2}' });
    expect(await live(around, 100, 6)).toBe("done");
    expect([...around.blocks]).toEqual([
      ["i/clickstream/0/0-2", [0, 1]],
      ["i/clickstream/0/2-6", [2, 3, 4, 5]],
    ]);
  });

  it("waits with a planned block until its last record has been read", async () => {
    const around = new Surroundings([0, 1, 2]);
    around.commit = { offset: 0, note: '{"to":3}' };
    const recorder = new PartitionRecorder(around.options(1));
    await recorder.resume();
    await recorder.take([recordAt(0), recordAt(1)]);
    await recorder.flush();
    expect([around.counted, recorder.pendingCount]).toEqual([[], 2]);
    await recorder.take([recordAt(2)]);
    expect([around.counted, recorder.pendingCount]).toEqual([[0, 1, 2], 0]);
  });

  it("goes on where the log begins, if what was planned is no longer kept", async () => {
    const around = new Surroundings([5, 6]);
    around.commit = { offset: 0, note: '{"to":3}' };
    around.begin = 5;
    expect(await new PartitionRecorder(around.options(10)).resume()).toBe(5);
    expect(await live(around, 10, 10)).toBe("done");
    expect(around.counted).toEqual([5, 6]);
  });

  it("has what is left of a planned block of which the log no longer keeps the beginning", async () => {
    const around = new Surroundings([2, 3, 4, 5]);
    around.commit = { offset: 0, note: '{"to":4}' };
    around.begin = 2;
    expect(await live(around, 10, 1)).toBe("done");
    expect([...around.blocks]).toEqual([
      ["i/clickstream/0/0-4", [2, 3]], // its token says what was planned: it may be there already
      ["i/clickstream/0/4-6", [4, 5]],
    ]);
  });

  it("that is let go while a block is written keeps what was written, and nothing after", async () => {
    const around = new Surroundings([0, 1, 2, 3]);
    const recorder = new PartitionRecorder(around.options(2));
    await recorder.resume();
    const taking = recorder.take(around.records);
    while (around.commit === undefined) await Promise.resolve(); // until the first block is planned
    await recorder.release();
    await taking;
    expect(around.counted).toEqual([0, 1]);
    expect(around.commit).toEqual({ offset: 2, note: "" });
    expect(recorder.oldestPendingMs).toBeUndefined();
    expect(await live(around, 2, 4)).toBe("done"); // its next reader
    expect(around.counted).toEqual([0, 1, 2, 3]);
  });

  it("says how much it has read and not written, and since when", async () => {
    const around = new Surroundings([0, 1, 2]);
    const recorder = new PartitionRecorder(around.options(10));
    await recorder.resume();
    await recorder.take(around.records, 5);
    expect([recorder.pendingCount, recorder.unreadCount, recorder.oldestPendingMs]).toEqual([3, 5, 1_000]);
    await recorder.flush();
    expect([recorder.pendingCount, recorder.oldestPendingMs]).toEqual([0, undefined]);
    await recorder.release();
    expect(recorder.unreadCount).toBe(0); // somebody else's now
  });

  it("does not go round for ever where retention took a planned block before any of it was read", async () => {
    const around = new Surroundings([0, 1, 2, 8, 9]);
    around.commit = { offset: 0, note: '{"to":3}' };
    const recorder = new PartitionRecorder(around.options(10));
    await recorder.resume();
    await recorder.take(around.records.slice(3)); // what stood before is gone by now
    await recorder.flush();
    expect(around.counted).toEqual([8, 9]);
    expect([recorder.pendingCount, around.commit]).toEqual([0, { offset: 10, note: "" }]);
  });

  it("ends a block where its records' bytes do, and takes one record however large it is", async () => {
    const around = new Surroundings([0, 1, 2, 3, 4]);
    const records = around.records.map((record) => ({
      ...record,
      value: Buffer.alloc(record.offset === 2 ? 9_000 : 400),
    }));
    const recorder = new PartitionRecorder({ ...around.options(100), blockBytesMax: 1_500 });
    await recorder.resume();
    await recorder.take(records);
    await recorder.flush();
    expect([...around.blocks.values()]).toEqual([[0, 1], [2], [3, 4]]);
  });

  it("holds no more than is allowed, with all others, while nothing can be written; then nothing is lost or doubled", async () => {
    const arounds = [new Surroundings(RANGE), new Surroundings(RANGE), new Surroundings(RANGE)];
    const held = new HeldBytes(20 * heldBytesOf(recordAt(0)));
    let comesBack: () => void = () => undefined;
    const away = new Promise<void>((resolve) => (comesBack = resolve));
    const readers = arounds.map(async (around) => {
      around.held = held;
      const { write, ...options } = around.options(1_000);
      const recorder = new PartitionRecorder({
        ...options,
        write: async (...block) => {
          await away;
          return await write(...block);
        },
      });
      await recorder.resume();
      for (let at = 0; at < RANGE.length; at += 5) await recorder.take(around.records.slice(at, at + 5));
      while (recorder.pendingCount > 0) await recorder.flush();
    });
    await new Promise(setImmediate); // all that can go on without the warehouse has gone on
    expect(held.isFull).toBe(true);
    expect(held.bytes).toBeLessThanOrEqual((20 + 3 * 5) * heldBytesOf(recordAt(0)));
    comesBack();
    await Promise.all(readers);
    for (const { counted } of arounds) expect(counted).toEqual(RANGE);
    expect(held.bytes).toBe(0);
  });

  it("goes on after what the warehouse has where the group's commit is forgotten", async () => {
    const around = new Surroundings([0, 1, 2, 3]);
    around.commitOfRows = { offset: 1, note: '{"to":3}' };
    expect(await live(around, 10, 10)).toBe("done");
    expect([...around.blocks]).toEqual([
      ["i/clickstream/0/1-3", [1, 2]],
      ["i/clickstream/0/3-4", [3]],
    ]);
  });
});
