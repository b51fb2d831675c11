import type { Millis, Refusal, Result, SubjectId } from "@leastwise/vocabulary";
import type { CartLine } from "./cart.js";
import type { WindowEvent } from "./event.js";
import type { FeatureSnapshot } from "./snapshot.js";
import type { SubjectPart } from "./subject-parts.js";
import type { WindowCounts } from "./window-counts.js";

/**
 * What became of an event.
 *
 * - `applied`: it counts.
 * - `late`: older than the oldest tile of the subject's longest window. It skips the windows, and still belongs into
 *   purchase history, returns and the warehouse.
 * - `duplicate`: the subject used the event's id before.
 * - `ahead`: more than 5 minutes ahead of its `receivedAtMs`. It belongs to the dead letters, with the reason.
 * - `already_applied`: its offset is not beyond the subject's last one; the log was read again.
 * - `no_room`: the memory bound is reached, and forgetting others did not help. The subject begins anew with its next event.
 */
export type Verdict =
  | { readonly verdict: "applied" }
  | { readonly verdict: "late" }
  | { readonly verdict: "duplicate" }
  | { readonly verdict: "ahead"; readonly reason: "ahead_of_received" }
  | { readonly verdict: "already_applied" }
  | { readonly verdict: "no_room" };

/**
 * The feature windows of the subjects of one partition: one writer, who applies the partition's records in the order
 * of their offsets. All state is a function of what was applied; no clock is read.
 *
 * Exactness: a read at t is exact for every t from 5 minutes before the subject's newest event on. For an older t,
 * each feature is exact or absent, never a partial sum.
 */
export interface WindowStore {
  /**
   * Takes an event in.
   *
   * @param offset the record's offset in the partition; not negative
   */
  apply(subject: SubjectId, event: WindowEvent, offset: number): Verdict;

  /**
   * The subject's features at t, of which an event is part if its tile is one of the window's newest, t's own
   * included. An unknown subject has counts of 0.
   *
   * @param into a snapshot to fill instead of a new one; it is what is returned
   */
  read(subject: SubjectId, atMs: Millis, into?: FeatureSnapshot): FeatureSnapshot;

  /**
   * The products of the subject's open cart at t, whose numbers are features, by product id. Not for the hot path: it makes an object of each. Empty
   * also where the features are absent.
   */
  cartLinesOf(subject: SubjectId, atMs: Millis): readonly CartLine[];

  /**
   * Remembers the key that arms hash, of a subject that is not known yet; the first one stays.
   *
   * @param receivedAtMs when the record came that told it
   */
  noteAssignmentKey(subject: SubjectId, key: SubjectId, receivedAtMs: Millis): void;

  /** The key that the subject was first seen with, by {@link WindowStore.noteAssignmentKey} or its first event; undefined for one never seen. */
  assignmentKeyOf(subject: SubjectId): SubjectId | undefined;

  /** Offset of the subject's newest record; −1 if nothing is known of it. */
  lastOffsetOf(subject: SubjectId): number;

  /** Removes all that is known of a subject, its bytes set to zero. Returns false if nothing was. */
  forget(subject: SubjectId): boolean;

  /** All that is known of a subject, as bytes; undefined if nothing is. */
  exportSubject(subject: SubjectId): Uint8Array | undefined;

  /**
   * The same in parts, each to be merged under a cause of its own as `causeOfPart` names it, in any order; none if nothing is known. Equal states
   * give equal parts.
   *
   * @param bytesMax where each part must fit. What is too large without its cells goes without the oldest event ids, which are counted as overflow.
   *   What that is not enough for is larger all the same.
   */
  exportParts(subject: SubjectId, bytesMax: number): readonly SubjectPart[];

  /**
   * Puts an exported state in the place of whatever is known of the subject, last offset and all. Refuses
   * `state_corrupt` and `state_version_unknown`; then nothing has changed.
   */
  restoreSubject(subject: SubjectId, bytes: Uint8Array): Result<void, Refusal>;

  /**
   * Adds an exported state to the subject, once for each cause: counters tile by tile; products and event ids unite;
   * recency the newest; session and last-seen of the newest; carts sum. The exported offset does not count: it may be
   * another partition's. Refuses `state_corrupt` and `state_version_unknown`; then nothing has changed.
   *
   * @param cause identifies the merge, such as the link's position in the log, and where it brings a part which one: see `causeOfPart`; the last 256
   *   are remembered
   * @param offset of the record that brings the state, in this partition: not beyond the subject's last one, it was read before. Absent: it comes by
   *   no record
   * @param purchaseHistory what the part brought beside its bytes; absent: what they say of it, which is all that versions without histories said
   * @returns false if nothing was added: all of it was taken in before and nothing changed, or there was no room and the subject begins anew,
   *   which is counted
   */
  mergeSubject(
    subject: SubjectId,
    bytes: Uint8Array,
    cause: string,
    offset?: number,
    purchaseHistory?: Uint8Array,
  ): Result<boolean, Refusal>;

  /** The subjects of whom something is known, in no particular order. */
  subjects(): IterableIterator<SubjectId>;

  readonly subjectCount: number;

  /** What the store met since it was made, for metrics. */
  readonly counts: Readonly<WindowCounts>;

  /** 16 hex digits that are equal for equal states, however they came to be. Reads everything: not for the hot path. */
  digest(): string;
}
