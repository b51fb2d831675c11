import { LogError, type PoisonedBatch } from "../../port.js";
import type { SpanList } from "../../span-list.js";
import { unpack, type Packing } from "../compression/unpack.js";
import { CannotUnpack } from "../compression/unpacked-bytes.js";
import { AbortedTransactions } from "./aborted-transactions.js";
import type { FetchedPartition } from "./fetch-protocol.js";
import type { PartitionCursor, SuspectStretch } from "./partition-cursor.js";
import { stretchEnd } from "./poisoned-stretch.js";
import { batchForm, HEADER_BYTES, looksLikeBatch, RecordBatch } from "./record-batch.js";
import { readInt64 } from "./wire-bytes.js";

/** Most bytes of a damaged stretch that are kept. */
const POISONED_BYTES_MAX = 65_536;

/** Whoever takes what was read. False says that nothing more is to be handed over. */
export interface Taker {
  readonly topic: string;
  takeSpans(spans: SpanList): Promise<boolean>;
  takePoisoned(batch: PoisonedBatch): Promise<boolean>;
}

/** Hands what was fetched of one partition over, in order; the cursor follows what was settled. Throws a LogError at what no reading again would mend. */
export async function handOver(
  bytes: Buffer,
  fetched: FetchedPartition,
  cursor: PartitionCursor,
  spans: SpanList,
  taker: Taker,
): Promise<void> {
  await new Handover(bytes, fetched, cursor, spans, taker).run();
}

class Handover {
  readonly #bytes: Buffer;
  readonly #fetched: FetchedPartition;
  readonly #cursor: PartitionCursor;
  readonly #spans: SpanList;
  readonly #taker: Taker;
  readonly #aborted: AbortedTransactions;
  /** First offset behind what was looked at. */
  #next: number;
  #goesOn = true;

  constructor(bytes: Buffer, fetched: FetchedPartition, cursor: PartitionCursor, spans: SpanList, taker: Taker) {
    this.#bytes = bytes;
    this.#fetched = fetched;
    this.#cursor = cursor;
    this.#spans = spans;
    this.#taker = taker;
    this.#aborted = new AbortedTransactions(fetched.aborted);
    this.#next = cursor.next;
  }

  async run(): Promise<void> {
    const { from, to } = this.#fetched;
    this.#begin(this.#bytes);
    let at = from;
    while (at < to && this.#goesOn) {
      const form = batchForm(this.#bytes, at, to);
      // Brokers give the first batch whole, however large; what they cut off comes whole the next time.
      if (form === "partial" && at > from) break;
      if (form === "old_format") throw oldFormat(this.#taker.topic, this.#fetched.partition, this.#next);
      const batch = form === "whole" ? new RecordBatch(this.#bytes, at) : undefined;
      const read = batch === undefined ? false : this.#read(batch);
      const isRead = typeof read === "boolean" ? read : await read;
      if (batch !== undefined && isRead) at = batch.to;
      else at = await this.#passOver(at, form === "checksum_mismatch" ? form : "batch_malformed");
    }
    await this.#flush();
  }

  #begin(bytes: Buffer): void {
    this.#spans.begin(this.#taker.topic, this.#fetched.partition, bytes);
  }

  /** False if the batch cannot be what the broker keeps there, though its checksum is right. At once, where nothing is to be handed over first. */
  #read(batch: RecordBatch): boolean | Promise<boolean> {
    if (!this.#isInPlace(batch)) return false;
    if (this.#isGone(batch)) return this.#tellWhatIsGone(batch);
    const isLeftOut = this.#aborted.holds(batch) || batch.isControl;
    if (!isLeftOut && batch.codec !== "none") return this.#readPacked(batch, batch.codec);
    const isRead = isLeftOut || batch.addTo(this.#spans, this.#bytes, batch.from + HEADER_BYTES, batch.to, this.#next);
    if (isRead) this.#next = batch.lastOffset + 1;
    return isRead;
  }

  /** Unpacked bytes are others, so what stands in these goes first. */
  async #readPacked(batch: RecordBatch, packing: Packing): Promise<boolean> {
    const unpacked = unpackedRecords(batch, packing);
    if (unpacked === undefined) return false;
    await this.#flush();
    this.#begin(unpacked);
    const isRead = batch.addTo(this.#spans, unpacked, 0, unpacked.length, this.#next);
    if (isRead) {
      this.#next = batch.lastOffset + 1;
      await this.#flush();
    }
    this.#begin(this.#bytes);
    return isRead;
  }

  /** What no checksum covers must fit what is known: offsets rise from batch to batch, and end before the log does. */
  #isInPlace(batch: RecordBatch): boolean {
    const { baseOffset, lastOffset, from } = batch;
    // An answer begins with the batch that holds the offset, be it in its middle.
    const begins = from === this.#fetched.from ? lastOffset : baseOffset;
    const isRising = begins >= this.#next && baseOffset >= 0 && baseOffset <= lastOffset;
    const follows = baseOffset <= this.#next || lastOffset < this.#baseBehind(batch);
    return isRising && follows && lastOffset < this.#fetched.endOffset;
  }

  /** Where the batch behind says that it begins. */
  #baseBehind({ to }: RecordBatch): number {
    const isThere = looksLikeBatch(this.#bytes, to, this.#fetched.to);
    return isThere ? readInt64(this.#bytes, to) : Number.POSITIVE_INFINITY;
  }

  /** Reads a damaged place once more from the start; if that is no better, passes over it. Gives where to go on. */
  async #passOver(at: number, reason: PoisonedBatch["reason"]): Promise<number> {
    const { to, endOffset } = this.#fetched;
    await this.#flush();
    if (!this.#goesOn) return to;
    const end = stretchEnd(this.#bytes, at, to, this.#next, endOffset);
    const bytes = Buffer.from(this.#bytes.subarray(at, Math.min(end.at, at + POISONED_BYTES_MAX)));
    const stretch = { firstOffset: this.#next, bytes, bytesTotal: end.at - at, reason };
    const isSecondTime = this.#cursor.suspect?.firstOffset === this.#next;
    this.#cursor.suspect = isSecondTime ? undefined : stretch;
    if (isSecondTime) await this.#report(stretch, end.nextOffset);
    return isSecondTime ? end.at : to;
  }

  /** True if what could not be read once was not given again: brokers look for an offset by what may be the damage. */
  #isGone({ baseOffset }: RecordBatch): boolean {
    return this.#cursor.suspect?.firstOffset === this.#next && baseOffset > this.#next;
  }

  async #tellWhatIsGone(batch: RecordBatch): Promise<boolean> {
    const { suspect } = this.#cursor;
    this.#cursor.suspect = undefined;
    if (suspect !== undefined) await this.#report(suspect, batch.baseOffset);
    return this.#goesOn ? this.#read(batch) : true;
  }

  async #report(stretch: SuspectStretch, nextOffset: number): Promise<void> {
    const { topic } = this.#taker;
    const { partition } = this.#fetched;
    this.#goesOn = await this.#taker.takePoisoned({ topic, partition, ...stretch, nextOffset });
    if (this.#goesOn) this.#cursor.next = this.#next = nextOffset;
  }

  async #flush(): Promise<void> {
    const spans = this.#spans;
    if (!this.#goesOn || this.#next === this.#cursor.next) return;
    spans.nextOffset = this.#next;
    spans.endOffset = Math.max(this.#fetched.endOffset, this.#next);
    this.#goesOn = await this.#taker.takeSpans(spans);
    if (this.#goesOn) this.#cursor.next = this.#next;
    this.#begin(this.#bytes);
  }
}

/** The batch's records; undefined if they cannot be unpacked. */
function unpackedRecords(batch: RecordBatch, packing: Packing): Buffer | undefined {
  try {
    return unpack(packing, batch.bytes.subarray(batch.from + HEADER_BYTES, batch.to));
  } catch (error) {
    if (error instanceof CannotUnpack) return undefined;
    throw error;
  }
}

function oldFormat(topic: string, partition: number, offset: number): LogError {
  const message = `${topic}/${partition} has records in a format of before Kafka 0.11 at offset ${offset}: a scan does not read them`;
  return new LogError("topic_mismatch", message, "terminal");
}
