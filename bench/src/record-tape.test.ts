import { describe, expect, it } from "@jest/globals";
import { decodeClickstreamRecord } from "@leastwise/contracts";
import type { RecordSpans } from "@leastwise/eventlog";
import { shapeStream } from "./event-stream.js";
import { tapesOf } from "./record-tape.js";

const LATER_MS = Date.UTC(2027, 0, 1);

describe("a tape of records", () => {
  it("plays the events of a stream, each pass as others of the same subjects", () => {
    const stream = shapeStream(200);
    const [tape] = tapesOf(stream, 1);
    if (tape === undefined) throw new Error("a partition has a tape");
    const first = eventsIn(tape.spans(0, stream.count, (offset) => stream.timeAt[offset] ?? 0));
    const second = eventsIn(tape.spans(tape.count, stream.count, () => LATER_MS));

    expect(first.map(({ subject }) => subject)).toEqual([...stream.subjectAt].map((index) => stream.subjects[index]));
    expect(first.map(({ event }) => Number(event?.occurredAtMs))).toEqual([...stream.timeAt]);
    expect(second.map(({ subject }) => subject)).toEqual(first.map(({ subject }) => subject));
    expect(new Set(second.map(({ receivedAtMs }) => Number(receivedAtMs)))).toEqual(new Set([LATER_MS]));
    expect(new Set([...first, ...second].map(({ event }) => event?.eventId)).size).toBe(2 * stream.count);
  });

  it("ends a batch where a pass ends", () => {
    const stream = shapeStream(200);
    const tapes = tapesOf(stream, 4);

    expect(tapes.reduce((count, tape) => count + tape.count, 0)).toBe(stream.count);
    for (const tape of tapes) {
      expect(tape.spans(tape.count - 1, 10, () => LATER_MS).count).toBe(1);
      expect(tape.spans(tape.count - 1, 10, () => LATER_MS).nextOffset).toBe(tape.count);
    }
  });
});

function eventsIn({ count, bytes, valueFrom, valueTo }: RecordSpans) {
  return Array.from({ length: count }, (_, index) => {
    const body = decodeClickstreamRecord(bytes.subarray(valueFrom[index], valueTo[index]));
    if (!body.ok || body.value.$case !== "event") throw new Error("a tape has events alone");
    return body.value.value;
  });
}
