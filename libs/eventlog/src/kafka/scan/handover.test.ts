import { describe, expect, it } from "@jest/globals";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import type { PoisonedBatch, RecordSpans } from "../../port.js";
import { SpanList } from "../../span-list.js";
import type { AbortedTransaction } from "./aborted-transactions.js";
import { crc32c } from "./crc32c.js";
import { expectedNext } from "./expected-next.js";
import { batchBytes, type GivenBatch, type GivenRecord, marker, plain } from "./given/batch-bytes.js";
import { handOver } from "./handover.js";
import { PartitionCursor } from "./partition-cursor.js";
import { batchEnd, CODECS, HEADER_BYTES, RecordBatch } from "./record-batch.js";
import { RequestBytes } from "./wire-bytes.js";

/** What an owner was handed. */
class Owner {
  readonly topic = "t";
  readonly spans: { offsets: number[]; values: string[]; timestampsMs: number[]; next: number }[] = [];
  readonly poisoned: PoisonedBatch[] = [];
  takesMax = Number.POSITIVE_INFINITY;

  get records(): [number, string][] {
    return this.spans.flatMap(({ offsets, values }) =>
      offsets.map((offset, i): [number, string] => [offset, values[i]!]),
    );
  }

  takeSpans({ count, bytes, offsets, valueFrom, valueTo, timestampsMs, nextOffset }: RecordSpans): Promise<boolean> {
    const indexes = Array.from({ length: count }, (_, index) => index);
    this.spans.push({
      offsets: [...offsets.subarray(0, count)],
      values: indexes.map((index) => bytes.toString("latin1", valueFrom[index], valueTo[index])),
      timestampsMs: [...timestampsMs.subarray(0, count)],
      next: nextOffset,
    });
    return Promise.resolve(this.spans.length < this.takesMax);
  }

  takePoisoned(batch: PoisonedBatch): Promise<boolean> {
    this.poisoned.push(batch);
    return Promise.resolve(true);
  }
}

interface Given {
  readonly next?: number;
  readonly endOffset?: number;
  readonly aborted?: readonly AbortedTransaction[];
  /** How often a broker is asked. Default 1. */
  readonly times?: number;
  /** What stands in the log, as it was written: tells a broker where each batch begins. Default the bytes. */
  readonly intact?: Buffer;
}

/** Hands over what a broker gives of these bytes, each time from where the cursor stands, up to the log's end. */
async function handed(bytes: Buffer, given: Given = {}, owner = new Owner()): Promise<{ owner: Owner; next: number }> {
  const { next = 0, endOffset = 1_000, aborted = [], times = 1, intact = bytes } = given;
  const cursor = new PartitionCursor(3, next);
  const spans = new SpanList();
  for (let time = 0; time < times && cursor.next < endOffset; time++) {
    const from = placeOf(intact, cursor.next);
    const fetched = {
      topic: "t",
      partition: 3,
      errorCode: 0,
      endOffset,
      stableOffset: endOffset,
      aborted,
      from,
      to: bytes.length,
    };
    await handOver(bytes, fetched, cursor, spans, owner);
  }
  return { owner, next: cursor.next };
}

/** Where the batch begins that holds the offset. */
function placeOf(intact: Buffer, offset: number): number {
  let at = 0;
  while (at + HEADER_BYTES <= intact.length && batchEnd(intact, at) < intact.length) {
    if (new RecordBatch(intact, at).lastOffset >= offset) break;
    at = batchEnd(intact, at);
  }
  return at;
}

const batches = (...given: GivenBatch[]): Buffer => Buffer.concat(given.map(batchBytes));

describe("handing over", () => {
  it("merges batches of one answer, skips what is below the cursor, and ignores what was cut off", async () => {
    const bytes = batches(plain(10, "a", "b"), plain(12, "c"), plain(20, "d", "e"), plain(22, "cut off"));
    for (let cut = 1; cut < batchBytes(plain(22, "cut off")).length; cut++) {
      const { owner, next } = await handed(bytes.subarray(0, bytes.length - cut), { next: 11 });
      expect(owner.spans).toEqual([
        { offsets: [11, 12, 20, 21], values: ["b", "c", "d", "e"], timestampsMs: [0, 0, 0, 0], next: 22 },
      ]);
      expect([owner.poisoned, next]).toEqual([[], 22]);
    }
  });

  it("gives any batch back: keys, headers, tombstones, gaps, times before the base, either stamp, packed or not", async () => {
    const record = fc.record(
      {
        key: fc.string({ maxLength: 5 }).map((key) => Buffer.from(key).toString("latin1")),
        value: fc.uint8Array({ maxLength: 200 }),
        gap: fc.integer({ min: 1, max: 3_000 }),
        sinceMs: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
        headers: fc.dictionary(fc.string({ maxLength: 3 }), fc.string({ maxLength: 90 }), { maxKeys: 3 }),
      },
      { requiredKeys: ["gap"] },
    );
    const codec = fc.constantFrom(...CODECS);
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 30 }),
        fc.boolean(),
        codec,
        async (given, stampedByBroker, packed) => {
          let delta = -1;
          const records = given.map(({ gap, ...rest }): GivenRecord => ({ ...rest, delta: (delta += gap) }));
          const stamps = { baseTimestampMs: 2 ** 41, newestTimestampMs: 2 ** 41 + 5, stampedByBroker };
          const bytes = batchBytes({ baseOffset: 2 ** 40, records, codec: packed, ...stamps });
          const { owner } = await handed(bytes, { next: 7, endOffset: 2 ** 41 });
          const values = records.map(({ value }) => Buffer.from(value ?? []).toString("latin1"));
          expect(owner.records).toEqual(records.map((one, index) => [2 ** 40 + one.delta, values[index]]));
          expect(owner.spans[0]!.timestampsMs).toEqual(
            records.map(({ sinceMs = 0 }) => 2 ** 41 + (stampedByBroker ? 5 : sinceMs)),
          );
        },
      ),
    );
  });

  it("hands a packed batch over by itself, in its place", async () => {
    const { owner, next } = await handed(
      batches(plain(0, "a"), { ...plain(1, "b", "c"), codec: "gzip" }, plain(3, "d")),
    );
    expect(owner.spans.map(({ values }) => values)).toEqual([["a"], ["b", "c"], ["d"]]);
    expect(next).toBe(4);
  });

  it("drops what transactions without effect wrote, and nothing else", async () => {
    const by = (producerId: number, batch: GivenBatch): GivenBatch => ({ ...batch, producerId, isTransactional: true });
    const bytes = batches(
      by(1, plain(0, "1 aborted")),
      by(2, plain(1, "2 kept")),
      plain(2, "nobody's"),
      by(1, plain(3, "1 aborted too")),
      marker(4, 1, "abort"),
      by(1, plain(5, "1 kept")),
      marker(6, 2, "commit"),
      marker(7, 1, "commit"),
      by(2, plain(8, "2 aborted")),
      marker(9, 2, "abort"),
    );
    const aborted = [
      { producerId: 2n, firstOffset: 8 },
      { producerId: 1n, firstOffset: 0 },
    ];
    const { owner, next } = await handed(bytes, { aborted });
    expect(owner.records).toEqual([
      [1, "2 kept"],
      [2, "nobody's"],
      [5, "1 kept"],
    ]);
    expect(next).toBe(10);
  });

  it("tells of progress without records, and stops when nobody takes any more", async () => {
    const only = await handed(batches(marker(5, 1, "commit"), { baseOffset: 6, records: [], lastDelta: 3 }));
    expect(only.owner.spans).toEqual([{ offsets: [], values: [], timestampsMs: [], next: 10 }]);
    const sated = Object.assign(new Owner(), { takesMax: 1 });
    const { next } = await handed(batches({ ...plain(0, "a"), codec: "gzip" }, plain(1, "b")), {}, sated);
    expect([sated.records, next]).toEqual([[[0, "a"]], 0]);
  });

  it("takes 150,000 records in one batch", async () => {
    const records = Array.from({ length: 150_000 }, (_, delta) => ({ value: Buffer.from(`${delta}`), delta }));
    const { owner } = await handed(batchBytes({ baseOffset: 0, records }), { endOffset: 200_000 });
    expect(owner.records).toHaveLength(150_000);
    expect(owner.records.at(-1)).toEqual([149_999, "149999"]);
  });

  it.each(["gzip", "snappy", "lz4", "zstd"] as const)(
    "passes over what says that it is packed with %s, and is not, and reads its neighbours",
    async (codec) => {
      const bytes = batches(plain(0, "a"), { ...plain(1, "b"), codec, isPackedSo: false }, plain(2, "c"));
      const { owner, next } = await handed(bytes, { endOffset: 3, times: 3 });
      expect([owner.records, next]).toEqual([
        [
          [0, "a"],
          [2, "c"],
        ],
        3,
      ]);
      expect(owner.poisoned).toMatchObject([{ firstOffset: 1, nextOffset: 2, reason: "batch_malformed" }]);
    },
  );

  it("ends at a format of before Kafka 0.11, and says so", async () => {
    const checked = new RequestBytes().int8(1).int8(0).int64(7).int32(-1).bytes(Buffer.from("value")).done();
    const behind = new RequestBytes()
      .int32(crc32(checked) | 0)
      .raw(checked)
      .done();
    const old = new RequestBytes().int64(0).bytes(behind).done();
    await expect(handed(old)).rejects.toMatchObject({
      code: "topic_mismatch",
      message: expect.stringContaining("0.11"),
    });
  });
});

describe("a damaged batch", () => {
  const before = batchBytes(plain(0, "a", "b"));
  const middle = batchBytes(plain(2, "c", "d", "e"));
  const behind = batchBytes(plain(5, "f", "g"));
  const CHECKED_FROM = 21;
  const LEADER_EPOCH = [12, 13, 14, 15];
  const intact = Buffer.concat([before, middle, behind]);

  it("is read once more before it is passed over, as it may have been damaged on its way", async () => {
    const damaged = Buffer.concat([before, middle, behind]);
    damaged[before.length + 70]! ^= 1;
    const { owner, next } = await handed(damaged, { endOffset: 7, intact });
    expect([owner.records.length, owner.poisoned, next]).toEqual([2, [], 2]);
  });

  it.each([1, 2, 4, 64, 128, 255])(
    "of which any byte differs by %i is passed over, and its neighbours are read",
    async (by) => {
      for (let at = 8; at < middle.length; at++) {
        const damaged = Buffer.from(intact);
        damaged[before.length + at]! ^= by;
        const { owner, next } = await handed(damaged, { endOffset: 7, times: 4, intact });
        const neighbours = [
          [0, "a"],
          [1, "b"],
          [5, "f"],
          [6, "g"],
        ];
        expect([at, next]).toEqual([at, 7]);
        if (LEADER_EPOCH.includes(at)) {
          expect([owner.records.length, owner.poisoned]).toEqual([7, []]);
          continue;
        }
        expect([at, owner.records]).toEqual([at, neighbours]);
        expect([at, owner.poisoned.length]).toEqual([at, 1]);
        const [{ firstOffset, nextOffset, bytes, bytesTotal, reason }] = owner.poisoned as [PoisonedBatch];
        expect([at, firstOffset, nextOffset]).toEqual([at, 2, 5]);
        expect(bytes).toEqual(damaged.subarray(before.length, before.length + middle.length));
        expect(bytesTotal).toBe(middle.length);
        if (at >= CHECKED_FROM - 4) expect(reason).toBe("checksum_mismatch");
      }
    },
  );

  it.each([
    ["finds the batch again", true],
    ["looks for it by what is damaged", false],
  ])(
    "of which only the offset differs, which no checksum covers, costs its neighbours nothing: a broker that %s",
    async (_, finds) => {
      for (let at = 0; at < 8; at++) {
        for (const by of [1, 2, 4, 64, 128, 255]) {
          const damaged = Buffer.from(intact);
          damaged[before.length + at]! ^= by;
          const given = { endOffset: 7, times: 4, ...(finds ? { intact } : {}) };
          const { owner, next } = await handed(damaged, given);
          const { records } = owner;
          const inside = records.filter(([offset]) => offset >= 2 && offset < 5);
          const neighbours = records.filter((record) => !inside.includes(record));
          expect([at, by, ...neighbours.map(([, value]) => value)]).toEqual([at, by, "a", "b", "f", "g"]);
          expect(records.map(([offset]) => offset)).toEqual(records.map(([offset]) => offset).sort());
          const isTold = owner.poisoned.map(({ firstOffset, nextOffset }) => [firstOffset, nextOffset]);
          expect([at, by, ...isTold]).toEqual(inside.length > 0 ? [at, by] : [at, by, [2, 5]]);
          expect(next).toBe(7);
        }
      }
    },
  );

  it("that is the last gives up no more than its header can claim", async () => {
    for (let at = 0; at < middle.length; at++) {
      const damaged = Buffer.concat([before, middle]);
      damaged[before.length + at]! ^= 32;
      const { owner, next } = await handed(damaged, {
        endOffset: 5,
        times: 8,
        intact: Buffer.concat([before, middle]),
      });
      expect(owner.records.slice(0, 2)).toEqual([
        [0, "a"],
        [1, "b"],
      ]);
      expect(next).toBeLessThanOrEqual(5);
      for (const { nextOffset, firstOffset } of owner.poisoned) {
        expect(nextOffset).toBeGreaterThan(firstOffset);
        expect(nextOffset).toBeLessThanOrEqual(5);
      }
    }
  });

  it("that stands first and is cut off is damaged: brokers give the first batch whole", async () => {
    for (let length = 1; length < middle.length; length++) {
      const { owner } = await handed(middle.subarray(0, length), { next: 2, endOffset: 5, times: 2 });
      expect(owner.poisoned).toHaveLength(1);
      expect(owner.poisoned[0]).toMatchObject({ firstOffset: 2, reason: "batch_malformed", bytesTotal: length });
      expect(owner.records).toEqual([]);
    }
  });

  it("is one whose records are not what the header says, though its checksum is right", async () => {
    const records = [0, 1, 2].map((delta) => ({ value: Buffer.from("x"), delta }));
    const withCount = (count: number): Buffer => {
      const bytes = batchBytes({ baseOffset: 0, records });
      bytes.writeInt32BE(count, HEADER_BYTES - 4);
      bytes.writeInt32BE(crc32c(bytes, CHECKED_FROM, bytes.length) | 0, CHECKED_FROM - 4);
      return bytes;
    };
    const notGzip = batchBytes({ baseOffset: 0, records });
    notGzip.writeInt16BE(1, CHECKED_FROM);
    notGzip.writeInt32BE(crc32c(notGzip, CHECKED_FROM, notGzip.length) | 0, CHECKED_FROM - 4);
    const deltasBeyondLast = batchBytes({ baseOffset: 0, records, lastDelta: 1 });
    const sameDeltas = batchBytes({ baseOffset: 0, records: [records[1]!, records[1]!], lastDelta: 2 });
    const bads = [...[-1, 0, 2, 4, 2 ** 31 - 1].map(withCount), notGzip, deltasBeyondLast, sameDeltas];
    for (const bad of bads) {
      const { owner, next } = await handed(Buffer.concat([bad, batchBytes(plain(3, "y"))]), { endOffset: 4, times: 2 });
      expect(owner.poisoned).toMatchObject([{ reason: "batch_malformed", firstOffset: 0, nextOffset: 3 }]);
      expect([owner.records, next]).toEqual([[[3, "y"]], 4]);
    }
  });

  it("is kept to 64 KiB, and its size is told", async () => {
    const large = batchBytes({ baseOffset: 0, records: [{ value: Buffer.alloc(100_000), delta: 0 }] });
    large[80]! ^= 1;
    const { owner } = await handed(large, { endOffset: 1, times: 2 });
    expect(owner.poisoned[0]).toMatchObject({ bytesTotal: large.length, firstOffset: 0, nextOffset: 1 });
    expect(owner.poisoned[0]!.bytes).toHaveLength(65_536);
  });

  it("never throws anything out, whatever the bytes are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (noise) => {
        const bytes = Buffer.concat([noise, behind]);
        const { owner, next } = await handed(bytes, { endOffset: 7, times: 2, intact: Buffer.alloc(0) });
        expect(next).toBeGreaterThanOrEqual(0);
        for (const { nextOffset, firstOffset } of owner.poisoned) expect(nextOffset).toBeGreaterThan(firstOffset);
      }),
    );
  });
});

describe("expectedNext", () => {
  it("looks at the headers of whole batches only", () => {
    const bytes = batches(plain(0, "a", "b"), plain(7, "c"), plain(8, "cut off"));
    expect(expectedNext(bytes, 0, bytes.length - 1, 0)).toBe(8);
    expect(expectedNext(bytes, 0, bytes.length, 0)).toBe(9);
    expect(expectedNext(bytes, 0, 20, 5)).toBe(5);
    expect(expectedNext(Buffer.alloc(200), 0, 200, 5)).toBe(5);
  });
});
