import type { LogError } from "../../port.js";
import { SpanList } from "../../span-list.js";
import { sayKafkaFailure } from "../kafka-failure.js";
import { BODY_AT, type BrokerConnection } from "./broker-connection.js";
import { expectedNext } from "./expected-next.js";
import {
  type FetchedPartition,
  FETCH_KEY,
  FETCH_VERSION,
  fetchRequest,
  type FetchResponse,
  fetchResponse,
} from "./fetch-protocol.js";
import { fetchFailure, OFFSET_OUT_OF_RANGE } from "./fetch-failure.js";
import { handOver, type Taker } from "./handover.js";
import type { PartitionCursor } from "./partition-cursor.js";
import { ReceiveBuffers } from "./receive-buffers.js";

const WAIT_MS = 250;
/** Most bytes that one answer brings of all partitions together; two answers are held at once. */
const BYTES_MAX = 16_777_216;
const NOTHING: Buffer = Buffer.alloc(0);

export interface LoopOptions {
  readonly topic: string;
  readonly partitionBytesMax: number;
  /** See `ScanOptions.gapAfterMs`. */
  readonly gapAfterMs: number;
  /** See `ScanOptions.leadersGoodForMs`. */
  readonly leadersGoodForMs: number;
  /** The connection ends with the signal, also while it is made. */
  connect(signal: AbortSignal): Promise<BrokerConnection>;
  /** It is time to ask anew who leads these. They are no longer this loop's. */
  onDue(cursors: readonly PartitionCursor[]): void;
  /** The broker does not, or cannot, serve these any more. They are no longer this loop's. */
  onDisplaced(cursors: readonly PartitionCursor[], failure: LogError): void;
  /** The log does not have the offset that the cursor asks for. It is no longer this loop's. */
  onOutOfRange(cursor: PartitionCursor): void;
}

/** An answer on its way, and from which offset each partition was asked for. */
interface Asked {
  readonly offsets: ReadonlyMap<number, number>;
  readonly answer: Promise<FetchResponse>;
}

/**
 * Reads from one broker the partitions that it leads. While one answer is handed over, the next is on its way, asked for
 * by a guess at where that will begin; what was guessed wrong is dropped and asked for anew.
 */
export class LeaderLoop {
  readonly #options: LoopOptions;
  readonly #taker: Taker;
  readonly #buffers = new ReceiveBuffers();
  readonly #spans = new SpanList();
  readonly #stopped = new AbortController();
  /** In the order in which they are asked for: who was served goes behind, as an answer's bytes are shared from the front. */
  #cursors: PartitionCursor[] = [];
  #throttleMs = 0;
  #isStopped = false;

  constructor(options: LoopOptions, taker: Taker) {
    this.#options = options;
    this.#taker = taker;
  }

  /** False if the loop has ended, or is about to. */
  add(cursor: PartitionCursor): boolean {
    if (this.#isStopped) return false;
    cursor.emptyAt = undefined;
    this.#cursors.push(cursor);
    return true;
  }

  /** Asks for nothing more, and drops what is on its way. */
  stop(): void {
    this.#isStopped = true;
    this.#stopped.abort();
  }

  /** Settles when it is stopped, or has no partitions any more: it then takes none. Rejects at what ends the whole scan. */
  async run(): Promise<void> {
    let connection: BrokerConnection | undefined;
    try {
      connection = await this.#options.connect(this.#stopped.signal);
      await this.#readAll(connection);
    } catch (error) {
      const failure = sayKafkaFailure(`scanning ${this.#options.topic}`, error);
      if (this.#stopped.signal.aborted) return;
      this.#isStopped = true;
      if (failure.hint === "terminal") throw failure;
      if (this.#cursors.length > 0) this.#options.onDisplaced(this.#cursors.splice(0), failure);
    } finally {
      connection?.close();
      this.#spans.release();
    }
  }

  async #readAll(connection: BrokerConnection): Promise<void> {
    const dueMs = performance.now() + this.#options.leadersGoodForMs;
    let asked: Asked | undefined;
    while (!this.#isStopped) {
      await this.#tellWhatIsGone([...this.#cursors]);
      asked ??= this.#ask(connection, new Map());
      if (asked === undefined) {
        this.#isStopped = true;
        return;
      }
      const response = await asked.answer;
      this.#throttleMs = response.throttleMs;
      const failure = fetchFailure(response.errorCode, this.#options.topic);
      if (failure !== undefined) throw failure;
      const fetched = this.#sorted(response, asked.offsets);
      const ahead = new Map(
        fetched.map(([cursor, { from, to }]) => [cursor, expectedNext(response.bytes, from, to, cursor.next)]),
      );
      asked = this.#ask(connection, ahead);
      for (const [cursor, partition] of fetched) {
        // It may have come while another's owner was told.
        await this.#tellWhatIsGone([cursor]);
        await handOver(response.bytes, partition, cursor, this.#spans, this.#taker);
      }
      if (performance.now() < dueMs) continue;
      this.#isStopped = true;
      this.#options.onDue(this.#cursors.splice(0));
    }
  }

  /** An owner may wait for an offset whose record is gone: it hears that reading goes on behind it, before any records from there. */
  async #tellWhatIsGone(cursors: readonly PartitionCursor[]): Promise<void> {
    for (const cursor of cursors) {
      if (cursor.untoldEnd === undefined) continue;
      this.#spans.begin(this.#options.topic, cursor.partition, NOTHING);
      this.#spans.nextOffset = cursor.next;
      this.#spans.endOffset = cursor.untoldEnd;
      this.#spans.removedFrom = cursor.untoldRemovedFrom;
      cursor.untoldEnd = undefined;
      cursor.untoldRemovedFrom = undefined;
      await this.#taker.takeSpans(this.#spans);
    }
  }

  /** Undefined if there is nothing to ask for. */
  #ask(connection: BrokerConnection, ahead: ReadonlyMap<PartitionCursor, number>): Asked | undefined {
    if (this.#cursors.length === 0) return undefined;
    const { topic, partitionBytesMax } = this.#options;
    const places = this.#cursors.map((cursor) => ({
      partition: cursor.partition,
      offset: ahead.get(cursor) ?? cursor.next,
    }));
    const request = {
      doing: `fetching ${topic}`,
      key: FETCH_KEY,
      version: FETCH_VERSION,
      body: fetchRequest({ topic, places, waitMs: WAIT_MS, bytesMax: BYTES_MAX, partitionBytesMax }),
      heldMs: WAIT_MS + this.#throttleMs,
      into: this.#buffers.next(),
    };
    const answer = connection.request(request).then((bytes) => fetchResponse(bytes, BODY_AT));
    // Looked at when its turn comes; until then a failure waits.
    answer.catch(() => undefined);
    return { offsets: new Map(places.map(({ partition, offset }) => [partition, offset])), answer };
  }

  /** What came with records that are wanted. Partitions with errors are given away. */
  #sorted({ partitions }: FetchResponse, offsets: ReadonlyMap<number, number>): [PartitionCursor, FetchedPartition][] {
    const served: [PartitionCursor, FetchedPartition][] = [];
    const unhindered = whereNothingCameBefore(partitions, offsets);
    for (const fetched of partitions) {
      const cursor = this.#cursors.find(({ partition }) => partition === fetched.partition);
      if (cursor === undefined || offsets.get(fetched.partition) !== cursor.next) continue;
      const failure = fetchFailure(fetched.errorCode, `${this.#options.topic}/${fetched.partition}`);
      if (failure === undefined) cursor.succeeded();
      if (failure === undefined && fetched.to > fetched.from) served.push([cursor, fetched]);
      else if (failure === undefined && unhindered.has(fetched.partition)) this.#foundNothing(cursor, fetched);
      if (failure?.hint === "terminal" && fetched.errorCode !== OFFSET_OUT_OF_RANGE) throw failure;
      if (failure !== undefined || fetched.to > fetched.from)
        this.#cursors = this.#cursors.filter((one) => one !== cursor);
      if (fetched.errorCode === OFFSET_OUT_OF_RANGE) this.#options.onOutOfRange(cursor);
      else if (failure !== undefined) this.#options.onDisplaced([cursor], failure);
    }
    this.#cursors.push(...served.map(([cursor]) => cursor));
    return served;
  }

  /** Compaction may leave nothing up to the end; that a broker only has nothing at hand, it does not say twice for long. */
  #foundNothing(cursor: PartitionCursor, { stableOffset, endOffset }: FetchedPartition): void {
    if (stableOffset <= cursor.next) return;
    const nowMs = performance.now();
    if (cursor.emptyAt?.offset !== cursor.next) cursor.emptyAt = { offset: cursor.next, sinceMs: nowMs };
    if (nowMs - cursor.emptyAt.sinceMs >= this.#options.gapAfterMs) cursor.passTo(stableOffset, endOffset);
  }
}

/** The partitions of which bytes would have come if there were any: what is asked for before them shares the answer first. */
function whereNothingCameBefore(
  partitions: readonly FetchedPartition[],
  offsets: ReadonlyMap<number, number>,
): ReadonlySet<number> {
  const given = new Set(partitions.filter(({ from, to }) => to > from).map(({ partition }) => partition));
  const inOrder = [...offsets.keys()];
  const first = inOrder.findIndex((partition) => given.has(partition));
  return new Set(first < 0 ? inOrder : inOrder.slice(0, first));
}
