import { encodeClickstreamRecord, kindOfName, TOPICS, wire } from "@leastwise/contracts";
import type { RecordSpans } from "@leastwise/eventlog";
import { bucketOf, partitionOfBucket } from "@leastwise/vocabulary";
import { EVENT_KINDS } from "@leastwise/windows";
import type { EventStream } from "./event-stream.js";

/** More than any of the records takes. */
const RECORD_BYTES = 256;
const ID_FRONT = "event-";
const PASS_DIGITS = 4;
const TIME_BYTES = 6;
const PASSES_MAX = 16 ** PASS_DIGITS;

/**
 * A partition's records, encoded once and played over and over: each pass as other events of the same subjects, for their ids and times are
 * written into the bytes anew. What stands at an offset is the same whenever it is asked for.
 */
export class RecordTape {
  readonly partition: number;
  /** Records of one pass. */
  readonly count: number;
  /** Bytes of a record's value, in the mean. */
  readonly meanBytes: number;
  readonly #bytes: Buffer;
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  readonly #passAt: Int32Array;
  readonly #receivedAt: Int32Array;
  readonly #occurredAt: Int32Array;

  /** @param indexes which of the stream's events */
  constructor(stream: EventStream, partition: number, indexes: Int32Array) {
    const { length } = indexes;
    this.partition = partition;
    this.count = length;
    this.#from = new Int32Array(length);
    this.#to = new Int32Array(length);
    this.#passAt = new Int32Array(length);
    this.#receivedAt = new Int32Array(length);
    this.#occurredAt = new Int32Array(length);
    const all = Buffer.allocUnsafe(length * RECORD_BYTES);
    let end = 0;
    indexes.forEach((index, place) => {
      end = this.#encode(stream, index, place, all, end);
    });
    this.#bytes = all.subarray(0, end);
    this.meanBytes = end / length;
  }

  /**
   * Records from an offset on, at most so many: fewer where a pass ends. Good until the next call.
   *
   * @param atMs when what stands at an offset happened, Unix ms
   */
  spans(offset: number, countMax: number, atMs: (offset: number) => number): RecordSpans {
    const place = offset % this.count;
    const count = Math.min(countMax, this.count - place);
    const pass = Math.floor(offset / this.count);
    if (pass >= PASSES_MAX) throw new RangeError(`a tape has ${PASSES_MAX} passes`);
    const digits = Buffer.from(pass.toString(16).padStart(PASS_DIGITS, "0"), "latin1");
    const offsets = new Float64Array(count);
    const timestampsMs = new Float64Array(count);
    for (let index = 0; index < count; index += 1) {
      const ms = Math.floor(atMs(offset + index));
      offsets[index] = offset + index;
      timestampsMs[index] = ms;
      digits.copy(this.#bytes, this.#passAt[place + index]);
      writeTime(this.#bytes, this.#receivedAt[place + index] ?? 0, ms);
      writeTime(this.#bytes, this.#occurredAt[place + index] ?? 0, ms);
    }
    return {
      ...{ topic: TOPICS.clickstream, partition: this.partition, count, bytes: this.#bytes, offsets, timestampsMs },
      valueFrom: this.#from.subarray(place, place + count),
      valueTo: this.#to.subarray(place, place + count),
      endOffset: offset + count,
      nextOffset: offset + count,
    };
  }

  #encode(stream: EventStream, index: number, place: number, into: Buffer, from: number): number {
    const eventId = `${ID_FRONT}${"0".repeat(PASS_DIGITS)}${index.toString(16).padStart(8, "0")}`;
    const value = encoded(stream, index, eventId);
    const to = from + into.write(value.toString("latin1"), from, "latin1");
    const time = Buffer.alloc(TIME_BYTES);
    writeTime(time, 0, stream.timeAt[index] ?? 0);
    const receivedAt = value.indexOf(time);
    const occurredAt = value.indexOf(time, receivedAt + TIME_BYTES);
    const idAt = value.indexOf(eventId, 0, "latin1");
    if (receivedAt < 0 || occurredAt < 0 || idAt < 0) throw new Error("a record has an id and two times");
    this.#from[place] = from;
    this.#to[place] = to;
    this.#passAt[place] = from + idAt + ID_FRONT.length;
    this.#receivedAt[place] = from + receivedAt;
    this.#occurredAt[place] = from + occurredAt;
    return to;
  }
}

/** The stream's events, each in the partition of its subject. */
export function tapesOf(stream: EventStream, partitions: number): readonly RecordTape[] {
  const partitionOf = Uint16Array.from(stream.subjects, (subject) => partitionOfBucket(bucketOf(subject), partitions));
  const indexes = Array.from({ length: partitions }, (): number[] => []);
  stream.subjectAt.forEach((subject, index) => indexes[partitionOf[subject] ?? 0]?.push(index));
  return indexes.map((own, partition) => new RecordTape(stream, partition, Int32Array.from(own)));
}

function encoded(stream: EventStream, index: number, eventId: string): Buffer {
  const { subjects, subjectAt, kindAt, productAt, timeAt, products } = stream;
  const subject = subjects[subjectAt[index] ?? -1] ?? "";
  const kind = kindOfName(EVENT_KINDS[kindAt[index] ?? -1] ?? "");
  if (kind === undefined) throw new Error("the contract has every kind of a stream");
  const atMs = BigInt(timeAt[index] ?? 0);
  const productId = products.ids[productAt[index] ?? -1] ?? "";
  const line = { productId, quantity: 1n, unitPrice: { minor: 1_999n, currency: "USD" } };
  const what =
    kind === wire.EventKind.EVENT_KIND_PURCHASE
      ? { order: { orderId: `order-${index}`, lines: [line] } }
      : { product: line };
  const event = { eventId, kind, occurredAtMs: atMs, ...what };
  const recorded = { subject, assignmentKey: subject, receivedAtMs: atMs, source: "bench", event };
  const bytes = encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial(recorded) });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A time of these centuries as protobuf's varint, which has always as many bytes: seven bits in each, the lowest first. */
function writeTime(bytes: Buffer, at: number, ms: number): void {
  let low = ms % 2 ** 28;
  const high = (ms - low) / 2 ** 28;
  for (let index = 0; index < 4; index += 1) {
    bytes[at + index] = (low & 0x7f) | 0x80;
    low >>>= 7;
  }
  bytes[at + 4] = (high & 0x7f) | 0x80;
  bytes[at + 5] = high >>> 7;
}
