import { TOPICS } from "@leastwise/contracts";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import {
  CHECKPOINT_FORMAT,
  CHECKPOINT_FORMATS_READ,
  CheckpointMalformed,
  CheckpointReader,
  type SlabWindowStore,
} from "@leastwise/windows";
import { setTimeout as delay } from "node:timers/promises";
import { OWNED, STANDBY, type Claim } from "../holding.js";
import type { OrderBook } from "../ingest/order-book.js";
import { waitToStop } from "../ingest/stop-wait.js";
import { CHUNK_PAYLOAD_BYTES_MAX } from "./checkpoint-topics.js";
import type { Manifest } from "./chunk.js";
import type { CheckpointIdentity, CheckpointStore, CheckpointWriting } from "./store.js";

export interface CheckpointKeeperOptions {
  /** By partition; none for one that is taken in elsewhere. They may come and go: see `restore` and `release`. */
  readonly windows: readonly (SlabWindowStore | undefined)[];
  /** By partition, like the windows. */
  readonly orders: readonly (OrderBook | undefined)[];
  readonly store: CheckpointStore;
  /** Of the log that the windows are a fold of. */
  readonly incarnation: string;
  /** The shop's own, which amounts in the windows are in. */
  readonly currency: string;
  /** Of this process, for what is claimed without an epoch of its own; later processes have higher ones. */
  readonly epoch: number;
  /** How long reading the tails of all partitions again may take, ms: beyond, a checkpoint of the one with the longest is written. */
  readonly objectiveMs: number;
  /** 32 hex digits that nobody else uses. */
  readonly newId: () => string;
  /** Resolves when every state that a link of the partition below the offset sends on stands on the log; false: not in time. */
  readonly areMovesDurable: (partition: number, offset: number) => Promise<boolean>;
  /** A checkpoint of a standby partition's owner says that what links of it below the offset moved stands on the log. */
  readonly onMovesDurable: (partition: number, below: number) => void;
  /** Whether the log of a partition goes as far as an offset by now. */
  readonly reaches: (partition: number, offset: number) => Promise<boolean>;
  readonly onWritten: (manifest: Manifest, tookMs: number) => void;
  /** A checkpoint could not be written: the log rebuilds all the same, only later. */
  readonly onFailed: (partition: number, error: unknown) => void;
}

/** What stands on the log of a partition. */
export interface LogBounds {
  readonly begin: number;
  readonly end: number;
}

/** Where reading goes on after a restore. */
export interface Restored {
  readonly partition: number;
  /** First offset to read. */
  readonly offset: number;
  readonly subjects: number;
  /** The orders that are not told again by reading on: see `ordersIn`. */
  readonly orders: Uint8Array;
  /** What links below this offset moved stands on the log, though some of them are read again. */
  readonly movesDurableBelow: number;
  /** Why there is no checkpoint, or none that could be used: all is rebuilt from the log. */
  readonly refused: Refusal | undefined;
  /** Present where the checkpoint was refused because the log has not all that follows it any more: the offset that it would have been read on from. */
  readonly removedFrom?: number;
}

/** A checkpoint in the making. */
interface Writing {
  readonly partition: number;
  /** Its partition was let go, or is another claim's by now. */
  isGivenUp: boolean;
}

/** Somebody claimed the partition later, and has a checkpoint: this one must not take its place. */
class Overtaken extends Error {
  override readonly name = "Overtaken";
}

const NO_ORDERS = new Uint8Array(0);

/** Share of the time that writing a checkpoint may take from taking records in. */
const WRITING_SHARE = 0.1;
/** How often a partition is tried to be restored, while its owner puts the next checkpoint in the place of the one that is read. */
const RESTORE_TRIES = 5;
/** How often it is looked for a newer checkpoint of a standby's owner, while as much is taken in as an objective allows. */
const LOOKS_AN_OBJECTIVE = 4;
/** How long it is left alone after a checkpoint could not be written, ms. */
const FAILED_PAUSE_MS = 30_000;
/** Bytes of a step: about a millisecond, in which no record is taken in. */
const STEP_BYTES = Math.min(131_072, CHUNK_PAYLOAD_BYTES_MAX);

/**
 * Bounds the time that a restart takes: writes a checkpoint of the partition with the longest tail when reading all tails again would take longer
 * than the objective, in steps between the batches, so that records are taken in meanwhile. What reading a tail again takes is what taking it
 * in took: less in truth, since then nothing waits between the batches. Of standby partitions none is written; it is looked for those of their owners.
 */
export class CheckpointKeeper {
  readonly #options: CheckpointKeeperOptions;
  /** How long taking in what came since its newest checkpoint was begun took for each partition, ms. */
  readonly #tailMs = new Map<number, number>();
  /** First offset that is not in the windows, of each partition that is held. */
  readonly #nextOffset = new Map<number, number>();
  /** What each partition is held as; one that nobody said anything of is owned. */
  readonly #claims = new Map<number, Claim>();
  /** How long taking in took since a newer checkpoint of the owner was looked for, of each standby partition, ms. */
  readonly #unlookedMs = new Map<number, number>();
  /** The newest checkpoint that is known of each partition, by its id. */
  readonly #newestKnown = new Map<number, string>();
  readonly #looking = new Set<number>();
  #failedAtMs = -Infinity;
  #epoch: number;
  #writing: (Writing & { readonly ended: Promise<void> }) | undefined;
  #isGivenUp = false;

  constructor(options: CheckpointKeeperOptions) {
    this.#options = options;
    this.#epoch = options.epoch;
  }

  /**
   * Says what a partition is held as from now on. When it resolves, a checkpoint of it that was under way for another claim is given up, or written; it
   * is not waited for for ever.
   */
  async assume(partition: number, claim: Claim): Promise<void> {
    const before = this.#epochOf(partition);
    this.#claims.set(partition, claim);
    if (this.#epochOf(partition) !== before) await this.#giveUpWriting(partition);
  }

  /** That checkpoints of the partition are written under; undefined for a standby. */
  #epochOf(partition: number): number | undefined {
    const { role, epoch } = this.#claims.get(partition) ?? OWNED;
    return role === "standby" ? undefined : (epoch ?? this.#epoch);
  }

  /** Fills a partition's windows from its newest checkpoint, if there is a whole one of this log. */
  async restore(partition: number, log: LogBounds): Promise<Restored> {
    const restored = await this.#restore(partition, log).catch((error: unknown): Restored => {
      this.#windows(partition).clear();
      const came = error instanceof Error ? error.message : String(error);
      const problem = refusal("checkpoint_unreadable", placeOf(partition), came, "a store that can be read");
      return { ...nothingOf(partition, log), refused: problem };
    });
    this.#nextOffset.set(partition, restored.offset);
    return restored;
  }

  async #restore(partition: number, log: LogBounds): Promise<Restored> {
    const { store } = this.#options;
    const nothing = nothingOf(partition, log);
    let broken: { readonly id: string; readonly problem: Refusal } | undefined;
    for (let tries = 1; ; tries += 1) {
      const newest = await store.newest(partition);
      if (!newest.ok) return { ...nothing, refused: newest.error };
      const manifest = newest.value;
      // Only one that its owner replaced meanwhile is worth another try.
      if (broken !== undefined && (broken.id === manifest?.id || tries > RESTORE_TRIES))
        return { ...nothing, refused: broken.problem };
      if (manifest === undefined) return nothing;
      // A clock that went back must not make what is written from now on older than what is there.
      this.#epoch = Math.max(this.#epoch, manifest.epoch + 1);
      const refused = await this.#whyUnusable(partition, manifest, log);
      if (refused !== undefined) return { ...nothing, refused };
      // What was dropped since would be missing: a rebuild from what is left at least says so.
      if (manifest.offset < log.begin) return { ...nothing, ...overtaken(manifest, log) };
      const loaded = await this.#load(manifest);
      if (loaded.ok) return this.#restored(manifest, loaded.value);
      this.#windows(partition).clear();
      broken = { id: manifest.id, problem: loaded.error };
    }
  }

  #restored({ partition, id, offset, subjects, endOffset, historyCutS }: Manifest, orders: Uint8Array): Restored {
    const windows = this.#windows(partition);
    if (historyCutS !== undefined) windows.historyCutS = historyCutS;
    // Nobody knows where the log began that the version before had read.
    else if (windows.historyCutS !== 0) windows.cutHistories();
    this.#orders(partition).restore(orders, endOffset);
    this.#newestKnown.set(partition, id);
    return { partition, offset, subjects, orders, movesDurableBelow: endOffset, refused: undefined };
  }

  /** Notes that records were taken in, and begins a checkpoint if that has taken too long by now. */
  taken(partition: number, nextOffset: number, tookMs: number): void {
    this.#lengthenTail(partition, tookMs);
    this.#nextOffset.set(partition, nextOffset);
    if (this.#epochOf(partition) === undefined) this.#lookIfDue(partition, tookMs);
    else this.#writeIfDue(partition);
  }

  #writeIfDue(partition: number): void {
    if (this.#writing !== undefined || this.#isGivenUp) return;
    let allMs = 0;
    let longest = partition;
    for (const [other, tailMs] of this.#tailMs) {
      if (this.#epochOf(other) === undefined) continue;
      allMs += tailMs;
      if (tailMs > (this.#tailMs.get(longest) ?? 0)) longest = other;
    }
    if (allMs <= this.#options.objectiveMs || performance.now() - this.#failedAtMs < FAILED_PAUSE_MS) return;
    void this.#begin(longest);
  }

  #lookIfDue(partition: number, tookMs: number): void {
    const unlookedMs = (this.#unlookedMs.get(partition) ?? 0) + tookMs;
    this.#unlookedMs.set(partition, unlookedMs);
    if (unlookedMs <= this.#options.objectiveMs / LOOKS_AN_OBJECTIVE || this.#looking.has(partition)) return;
    this.#unlookedMs.set(partition, 0);
    this.#looking.add(partition);
    void this.#look(partition, unlookedMs).finally(() => this.#looking.delete(partition));
  }

  /** Looks for a newer checkpoint of the partition's owner: a restart here would begin with it, too. */
  async #look(partition: number, unlookedMs: number): Promise<void> {
    // What cannot be read now is asked for again: a store that stays away is told of by whoever restores from it, or writes.
    const newest = await this.#options.store.newest(partition).catch(() => undefined);
    const manifest = newest?.ok === true ? newest.value : undefined;
    const isOurs = manifest?.incarnation === this.#options.incarnation && this.#nextOffset.has(partition);
    if (manifest === undefined || !isOurs || this.#newestKnown.get(partition) === manifest.id) return;
    this.#newestKnown.set(partition, manifest.id);
    // Where it was begun is not known in time, but it was after the look before.
    this.#tailMs.set(partition, unlookedMs);
    this.#options.onMovesDurable(partition, manifest.endOffset);
  }

  /** Whether a checkpoint is being written. */
  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  /** Writes a checkpoint of a partition now, whatever its tail; none of one that is let go until its turn comes, or is a standby. */
  async write(partition: number): Promise<void> {
    while (this.#writing !== undefined) await this.#writing.ended;
    if (this.#nextOffset.has(partition) && this.#epochOf(partition) !== undefined) await this.#begin(partition);
  }

  /**
   * Lets a partition go. A checkpoint of it that is under way is given up, and its end waited for, though not for ever: a manifest that its store
   * keeps back longer tells the truth all the same.
   */
  async release(partition: number): Promise<void> {
    for (const known of [this.#tailMs, this.#nextOffset, this.#claims, this.#unlookedMs, this.#newestKnown])
      known.delete(partition);
    await this.#giveUpWriting(partition);
  }

  async #giveUpWriting(partition: number): Promise<void> {
    const writing = this.#writing;
    if (writing?.partition !== partition) return;
    writing.isGivenUp = true;
    await waitToStop(writing.ended);
  }

  #lengthenTail(partition: number, tookMs: number): void {
    this.#tailMs.set(partition, (this.#tailMs.get(partition) ?? 0) + tookMs);
  }

  /**
   * From now on, for good, no manifest is written, not even of a checkpoint under way: for when something that was taken in was not seen to. A walk
   * would no longer meet a state that a link took out, and the link would not be read again.
   */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** Gives up what is being written, and waits for its end, though not for ever. */
  async stop(): Promise<void> {
    this.giveUp();
    if (this.#writing !== undefined) await waitToStop(this.#writing.ended);
  }

  #begin(partition: number): Promise<void> {
    const tailBeforeMs = this.#tailMs.get(partition) ?? 0;
    this.#tailMs.set(partition, 0);
    const writing = { partition, isGivenUp: false };
    const ended = this.#write(writing)
      .catch((error: unknown) => {
        if (writing.isGivenUp) return;
        this.#lengthenTail(partition, tailBeforeMs);
        // It is another's to write until it is claimed here anew.
        if (error instanceof Overtaken) this.#claims.set(partition, STANDBY);
        else this.#failedAtMs = performance.now();
        if (!this.#isGivenUp) this.#options.onFailed(partition, error);
      })
      .finally(() => (this.#writing = undefined));
    this.#writing = Object.assign(writing, { ended });
    return ended;
  }

  async #write(one: Writing): Promise<void> {
    const { partition } = one;
    const { store, incarnation, currency, newId, onWritten } = this.#options;
    this.#expectToGoOn(one);
    const startedMs = performance.now();
    const offset = this.#nextOffset.get(partition) ?? 0;
    const { historyCutS } = this.#windows(partition);
    const identity = { partition, epoch: this.#epochOf(partition) ?? this.#epoch, id: newId() };
    await this.#expectNoNewerOwner(identity);
    const writing = await store.begin(identity);
    let manifest: Manifest;
    try {
      const written = await this.#writeChunks(one, writing);
      manifest = { format: CHECKPOINT_FORMAT, incarnation, currency, ...identity, offset, historyCutS, ...written };
      await this.#expectNoNewerOwner(identity);
      // Of a link that was not seen to, nobody could say that its state is on its way.
      this.#expectToGoOn(one);
    } catch (error) {
      await writing.abandon().catch(() => undefined);
      throw error;
    }
    // From here on the manifest may be there, whatever is said of it: its chunks stay.
    await writing.finish(manifest);
    this.#newestKnown.set(partition, manifest.id);
    onWritten(manifest, performance.now() - startedMs);
  }

  #expectToGoOn({ partition, isGivenUp }: Writing): void {
    if (this.#isGivenUp) throw new Error("no more checkpoints are written");
    if (isGivenUp) throw new Error(`partition ${partition} is let go`);
  }

  /** A store that keeps the newer of two by their epochs needs nobody to ask, but would never hear why this one does not count. */
  async #expectNoNewerOwner({ partition, epoch }: CheckpointIdentity): Promise<void> {
    const newest = await this.#options.store.newest(partition);
    if (!newest.ok || newest.value === undefined || newest.value.epoch <= epoch) return;
    throw new Overtaken(
      `partition ${partition} has a newer owner: of epoch ${newest.value.epoch}, this one is of ${epoch}`,
    );
  }

  async #writeChunks(one: Writing, writing: CheckpointWriting) {
    const { partition } = one;
    const walked = await this.#walk(one, writing);
    this.#expectToGoOn(one);
    // What was ordered until now, at once: what is ordered later stands in records that are read again.
    const endOffset = this.#nextOffset.get(partition) ?? 0;
    const orders = this.#orders(partition).bytes();
    let orderChunks = 0;
    for (let at = 0; at < orders.length; at += CHUNK_PAYLOAD_BYTES_MAX) {
      await writing.chunk(orders.subarray(at, at + CHUNK_PAYLOAD_BYTES_MAX));
      orderChunks += 1;
    }
    // A link may have taken a state out after the walk began: that state must stand elsewhere before the checkpoint counts.
    if (!(await this.#options.areMovesDurable(partition, endOffset)))
      throw new Error("a moved state is not on the log yet");
    const { chunks, bytes, subjects } = walked;
    return { chunks: chunks + orderChunks, orderChunks, endOffset, bytes: bytes + orders.length, subjects };
  }

  async #walk(one: Writing, writing: CheckpointWriting) {
    const walk = this.#windows(one.partition).walk();
    let chunks = 0;
    let bytes = 0;
    while (!walk.isDone) {
      this.#expectToGoOn(one);
      const startedMs = performance.now();
      const gathered = walk.next(STEP_BYTES);
      const tookMs = performance.now() - startedMs;
      for (let at = 0; at < gathered.length; at += CHUNK_PAYLOAD_BYTES_MAX) {
        await writing.chunk(gathered.subarray(at, at + CHUNK_PAYLOAD_BYTES_MAX));
        chunks += 1;
      }
      bytes += gathered.length;
      await delay((tookMs * (1 - WRITING_SHARE)) / WRITING_SHARE);
    }
    return { chunks, bytes, subjects: walk.subjects };
  }

  /** Fills the windows; the orders, as bytes. */
  async #load(manifest: Manifest): Promise<Result<Uint8Array, Refusal>> {
    const windows = this.#windows(manifest.partition);
    const reader = new CheckpointReader();
    const orders: Uint8Array[] = [];
    let chunks = 0;
    let bytes = 0;
    try {
      const read = await this.#options.store.read(manifest, (payload) => {
        chunks += 1;
        bytes += payload.length;
        if (chunks > manifest.chunks - manifest.orderChunks) orders.push(Uint8Array.from(payload));
        else
          reader.read(payload, (block) => {
            windows.restoreBlock(block);
          });
      });
      if (!read.ok) return read;
      if (bytes !== manifest.bytes) return err(refused(manifest, "bytes", bytes, manifest.bytes));
      return reader.isComplete ? ok(joined(orders)) : err(refused(manifest, "cut", "bytes left over", "whole blocks"));
    } catch (error) {
      if (!(error instanceof CheckpointMalformed)) throw error;
      return err(refused(manifest, "block", error.message, "blocks of this version"));
    }
  }

  async #whyUnusable(partition: number, manifest: Manifest, log: LogBounds): Promise<Refusal | undefined> {
    const { incarnation, currency } = this.#options;
    if (manifest.partition !== partition) return refused(manifest, "partition", manifest.partition, partition);
    if (!CHECKPOINT_FORMATS_READ.includes(manifest.format))
      return refused(manifest, "format", manifest.format, CHECKPOINT_FORMAT);
    if (manifest.incarnation !== incarnation)
      return refused(manifest, "incarnation", manifest.incarnation, incarnation);
    if (manifest.currency !== currency) return refused(manifest, "currency", manifest.currency, currency);
    // A log that lost its end, or an older one put back: subjects of such a checkpoint would take new records for records that they have.
    // An owner elsewhere may have gone on since the log was asked.
    if (manifest.endOffset > log.end && !(await this.#options.reaches(partition, manifest.endOffset)))
      return refused(manifest, "end offset", manifest.endOffset, `at most ${log.end}`);
    return undefined;
  }

  #orders(partition: number): OrderBook {
    const orders = this.#options.orders[partition];
    if (orders === undefined) throw new RangeError(`no partition ${partition}`);
    return orders;
  }

  #windows(partition: number): SlabWindowStore {
    const windows = this.#options.windows[partition];
    if (windows === undefined) throw new RangeError(`no partition ${partition}`);
    return windows;
  }
}

/** What is there where there is no checkpoint. */
export function nothingOf(partition: number, { begin }: LogBounds): Restored {
  return { partition, offset: begin, subjects: 0, orders: NO_ORDERS, movesDurableBelow: 0, refused: undefined };
}

function overtaken(manifest: Manifest, { begin }: LogBounds): Pick<Restored, "refused" | "removedFrom"> {
  const problem = refused(manifest, "offset", manifest.offset, `at least ${begin}`);
  return { refused: problem, removedFrom: manifest.offset };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function refused({ partition }: Manifest, field: string, came: string | number, expected: string | number): Refusal {
  return refusal("checkpoint_unusable", `${placeOf(partition)}, ${field}`, came, String(expected));
}

/** What the checkpoint is of. */
function placeOf(partition: number): string {
  return `checkpoint of ${TOPICS.clickstream}/${partition}`;
}
