import { err, ok, type Refusal, type Result, type SubjectId } from "@leastwise/vocabulary";
import { mergeInto, type MergeContext } from "../merge-subjects.js";
import { decodeSubject, encodeSubject, withHistory } from "../subject-encoding.js";
import { encodeInParts, notYetMerged, type SubjectPart } from "../subject-parts.js";
import { emptySubject, type SubjectState } from "../subject-state.js";
import { UNIT, WORD } from "./block.js";
import type { CellCompactor } from "./cells.js";
import type { CheckpointedBlock } from "./checkpoint.js";
import { compactedState } from "./compacted.js";
import type { RoomMaker } from "./room-maker.js";
import type { Segment } from "./segment.js";
import { SegmentFull } from "./segment-memory.js";
import { SUBJECT_SILENCE_MAX_MS } from "./silence.js";
import { SlabEvent } from "./slab-event.js";
import type { SubjectWriter } from "./subject-writer.js";
import { FrozenSubject, thaw } from "./thaw.js";

/** What whole states are taken out of and put into. */
export interface StatesContext {
  readonly segment: Segment;
  readonly writer: SubjectWriter;
  readonly room: RoomMaker;
  readonly compactor: CellCompactor;
  readonly bounds: MergeContext;
}

/** States of subjects as a whole, taken out of a segment and put into it: for moves, merges, copies and checkpoints. */
export class SubjectStates {
  readonly #segment: Segment;
  readonly #writer: SubjectWriter;
  readonly #room: RoomMaker;
  readonly #compactor: CellCompactor;
  readonly #bounds: MergeContext;
  readonly #ids = new SlabEvent();

  constructor({ segment, writer, room, compactor, bounds }: StatesContext) {
    this.#segment = segment;
    this.#writer = writer;
    this.#room = room;
    this.#compactor = compactor;
    this.#bounds = bounds;
  }

  /** Address of the subject's block; 0 if there is none. */
  find(subject: SubjectId): number {
    this.#ids.setSubject(subject);
    const { s0, s1, s2, s3 } = this.#ids;
    return this.#segment.find(s0, s1, s2, s3);
  }

  /** The state, its cells compacted: equal states are equal however long ago they were. */
  at(address: number): SubjectState {
    const unit = 2 * address;
    const endUnit = unit + this.#segment.bytesOf(address) / 8;
    return compactedState(thaw(this.#writer.views, unit, endUnit), this.#compactor);
  }

  /** As `WindowStore.exportSubject`. */
  encoded(subject: SubjectId): Uint8Array | undefined {
    const state = this.#seen(subject);
    return state === undefined ? undefined : encodeSubject(state);
  }

  /** As `WindowStore.exportParts`. */
  encodedInParts(subject: SubjectId, bytesMax: number): readonly SubjectPart[] {
    const state = this.#seen(subject);
    if (state === undefined) return [];
    const { parts, idsLeftOut } = encodeInParts(state, bytesMax);
    this.#bounds.counts.dedupOverflow += idsLeftOut;
    return parts;
  }

  /** The state of a subject that was seen: of one whose key alone is known there is nothing to tell. */
  #seen(subject: SubjectId): SubjectState | undefined {
    const address = this.find(subject);
    const isSeen = address !== 0 && (this.#segment.f64[2 * address + UNIT.newestMs] ?? -1) >= 0;
    return isSeen ? this.at(address) : undefined;
  }

  /** As `WindowStore.restoreSubject`. */
  restore(subject: SubjectId, bytes: Uint8Array): Result<void, Refusal> {
    const decoded = decodeSubject(bytes);
    if (!decoded.ok) return err(decoded.error);
    this.#put(subject, decoded.value);
    return ok(undefined);
  }

  /** As `WindowStore.mergeSubject`. */
  merge(
    subject: SubjectId,
    bytes: Uint8Array,
    cause: string,
    offset: number,
    told?: Uint8Array,
  ): Result<boolean, Refusal> {
    const decoded = decodeMoved(bytes, told);
    if (!decoded.ok) return decoded;
    const { counts } = this.#bounds;
    const address = this.find(subject);
    const state = address === 0 ? emptySubject() : this.at(address);
    const isReadAgain = offset >= 0 && offset <= state.lastOffset;
    const moved = isReadAgain ? undefined : notYetMerged(decoded.value, cause, state.causes);
    if (moved === undefined) {
      counts.alreadyMerged += 1;
      return ok(false);
    }
    const own = unlessSilent(state, moved);
    if (own.newestReceivedMs < 0) own.isHistoryUnknown = !this.#segment.isHistoryKnownFrom(moved.newestReceivedMs);
    mergeInto(own, moved, cause, this.#bounds);
    own.lastOffset = Math.max(own.lastOffset, offset);
    const isMerged = this.#put(subject, compactedState(own, this.#compactor));
    if (isMerged) counts.merged += 1;
    return ok(isMerged);
  }

  /** Puts a subject out of a checkpoint in the place of what is known of it. */
  restoreBlock(block: CheckpointedBlock): void {
    const { views, unit, front, idUnits } = block;
    const word = 2 * unit + WORD.subject;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = [
      views.i32[word],
      views.i32[word + 1],
      views.i32[word + 2],
      views.i32[word + 3],
    ];
    const before = this.#segment.find(s0, s1, s2, s3);
    if (before !== 0) this.#segment.drop(before);
    this.make(s0, s1, s2, s3, () => {
      this.#writer.openNew(front + idUnits, s0, s1, s2, s3);
      this.#writer.fillFrom(block);
      this.#writer.close();
    });
    this.#room.noteReceived(views.f64[unit + UNIT.newestReceivedMs] ?? -1);
  }

  /** Whether there was room; if not, nothing is known of the subject any more. */
  #put(subject: SubjectId, state: SubjectState): boolean {
    const before = this.find(subject);
    if (before !== 0) this.#segment.drop(before);
    const frozen = new FrozenSubject(state);
    const writer = this.#writer;
    const { s0, s1, s2, s3 } = this.#ids;
    const isPut = this.make(s0, s1, s2, s3, () => {
      writer.openNew(frozen.units, s0, s1, s2, s3);
      frozen.writeTo(writer.views, writer.unit, writer.endUnit);
      writer.close();
    });
    if (isPut) this.#room.noteReceived(state.newestReceivedMs);
    return isPut;
  }

  /** Makes the block of a subject that has none, or counts that there was no room for it; whether there was. */
  make(s0: number, s1: number, s2: number, s3: number, write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      this.leave(error, s0, s1, s2, s3);
      return false;
    }
  }

  /**
   * Ends an update that came to no end: the subject begins anew, since half of it is nobody's state, and readers would wait for the rest for ever.
   * That there is no room, even after others were forgotten, is counted; all else is a bug, and thrown on.
   */
  leave(error: unknown, s0: number, s1: number, s2: number, s3: number): void {
    const address = this.#segment.find(s0, s1, s2, s3);
    if (address !== 0) this.#segment.drop(address);
    if (!(error instanceof SegmentFull)) throw error;
    this.#bounds.counts.noRoom += 1;
  }
}

function decodeMoved(bytes: Uint8Array, purchaseHistory: Uint8Array | undefined): Result<SubjectState, Refusal> {
  const decoded = decodeSubject(bytes);
  return decoded.ok && purchaseHistory !== undefined ? withHistory(decoded.value, purchaseHistory) : decoded;
}

/** The state, or the causes of its merges alone if it was silent too long when another, which is to be added to it, was last heard of. */
function unlessSilent(own: SubjectState, moved: SubjectState): SubjectState {
  if (moved.newestReceivedMs - own.newestReceivedMs <= SUBJECT_SILENCE_MAX_MS) return own;
  const { lastOffset, causes, assignmentKey } = own;
  return { ...emptySubject(), lastOffset, causes, assignmentKey };
}
