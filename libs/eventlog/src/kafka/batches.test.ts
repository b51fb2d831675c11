import { describe, expect, it } from "@jest/globals";
import type { Millis } from "@leastwise/vocabulary";
import type { NewRecord } from "../port.js";
import { BATCH_BYTES_MAX, BATCH_RECORDS_MAX, rounds } from "./batches.js";

const records = (count: number, partition = 0, bytes = 1): NewRecord[] =>
  Array.from({ length: count }, () => ({
    topic: "t",
    partition,
    value: new Uint8Array(bytes),
    timestampMs: 0 as Millis,
  }));

const sizes = (calls: NewRecord[][]): number[][] =>
  rounds(calls).map((round) => round.map((batch) => batch.records.length));

describe("rounds", () => {
  it("sends all partitions of several calls at once, and remembers the places", () => {
    const [round, ...rest] = rounds([[...records(1, 1), ...records(2, 0)], records(1, 1)]);
    expect(rest).toEqual([]);
    expect(round?.map(({ partition, places }) => [partition, places])).toEqual([
      [1, [0, 3]],
      [0, [1, 2]],
    ]);
  });

  it("does not cut a call that fits one batch", () => {
    expect(sizes([records(BATCH_RECORDS_MAX - 1), records(2), records(1)])).toEqual([[BATCH_RECORDS_MAX - 1], [3]]);
  });

  it("begins a new batch where a record's time is too far from that of the first", () => {
    const at = (timestampMs: number): NewRecord => ({ ...records(1)[0]!, timestampMs: timestampMs as Millis });
    const [first, second, third] = rounds([[at(1_000), at(900), at(1_100), at(899), at(999), at(1_000)]], 100);
    expect([first, second, third].map((round) => round?.map(({ places }) => places))).toEqual([
      [[0, 1, 2]],
      [[3, 4]],
      [[5]],
    ]);
  });

  it("cuts a call that does not, by records and by bytes", () => {
    expect(sizes([records(2 * BATCH_RECORDS_MAX + 1)])).toEqual([[BATCH_RECORDS_MAX], [BATCH_RECORDS_MAX], [1]]);
    expect(sizes([records(5, 0, BATCH_BYTES_MAX / 2)])).toEqual([[2], [2], [1]]);
  });
});
