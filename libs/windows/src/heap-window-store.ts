import {
  err,
  keyedHashBytes,
  ok,
  toBigint,
  type Millis,
  type Refusal,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import { applyEvent, type ApplyContext } from "./apply-event.js";
import { ByteWriter } from "./byte-writer.js";
import { CART_SKUS_MAX } from "./cart.js";
import type { WindowEvent } from "./event.js";
import { mergeInto, type MergeContext } from "./merge-subjects.js";
import { ProductMarks } from "./product-marks.js";
import { readFeatures } from "./read-features.js";
import { DEDUP_IDS_MAX, DEDUP_IDS_MIN } from "./recent-ids.js";
import { emptySnapshot, type FeatureSnapshot } from "./snapshot.js";
import { checksumOf, decodeSubject, encodeSubject, withoutOldestIds } from "./subject-encoding.js";
import { emptySubject, type SubjectState } from "./subject-state.js";
import { AHEAD_MAX_MS } from "./tiling.js";
import { noCounts } from "./window-counts.js";
import type { Verdict, WindowStore } from "./window-store.js";

/** Bounds of one subject's state. They are part of what the state is a function of: keep them the same over a rebuild. */
export interface WindowStoreOptions {
  /** Event ids of the last 24 hours remembered per subject: at least 128, by default 4,096. */
  readonly dedupIdsMax?: number;
  /** Products that a cart remembers: at least 1, by default 1,000. */
  readonly cartSkusMax?: number;
}

const APPLIED: Verdict = { verdict: "applied" };
const LATE: Verdict = { verdict: "late" };
const DUPLICATE: Verdict = { verdict: "duplicate" };
const AHEAD: Verdict = { verdict: "ahead", reason: "ahead_of_received" };
const ALREADY_APPLIED: Verdict = { verdict: "already_applied" };

/** Makes an empty store that keeps its state on the JavaScript heap. */
export function createWindowStore(options: WindowStoreOptions = {}): WindowStore {
  const { dedupIdsMax = DEDUP_IDS_MAX, cartSkusMax = CART_SKUS_MAX } = options;
  assertAtLeast("dedupIdsMax", dedupIdsMax, DEDUP_IDS_MIN);
  assertAtLeast("cartSkusMax", cartSkusMax, 1);
  return new HeapWindowStore(dedupIdsMax, cartSkusMax);
}

class HeapWindowStore implements WindowStore {
  readonly counts = noCounts();
  readonly #subjects = new Map<SubjectId, SubjectState>();
  readonly #context: ApplyContext & MergeContext;

  constructor(dedupIdsMax: number, cartSkusMax: number) {
    this.#context = { marks: new ProductMarks(), counts: this.counts, dedupIdsMax, cartSkusMax };
  }

  get subjectCount(): number {
    return this.#subjects.size;
  }

  subjects(): IterableIterator<SubjectId> {
    return this.#subjects.keys();
  }

  apply(subject: SubjectId, event: WindowEvent, offset: number): Verdict {
    assertEvent(event);
    assertAtLeast("offset", offset, 0);
    const known = this.#subjects.get(subject);
    if (known !== undefined && offset <= known.lastOffset) {
      this.counts.alreadyApplied += 1;
      return ALREADY_APPLIED;
    }
    if (event.atMs > event.receivedAtMs + AHEAD_MAX_MS) {
      this.counts.ahead += 1; // it leaves no trace: with its clock mended, the same event may come again
      return AHEAD;
    }
    const state = known ?? this.#add(subject);
    state.lastOffset = offset;
    return this.#applyToState(state, event);
  }

  #applyToState(state: SubjectState, event: WindowEvent): Verdict {
    if (event.eventId !== undefined && state.recentIds.has(event.eventId)) {
      this.counts.duplicate += 1;
      return DUPLICATE;
    }
    // A late event's id is remembered too: its repeat must not reach the purchase history twice.
    this.#rememberId(state, event);
    if (!applyEvent(state, event, this.#context)) {
      this.counts.late += 1;
      return LATE;
    }
    this.counts.applied += 1;
    return APPLIED;
  }

  #rememberId(state: SubjectState, { eventId, receivedAtMs }: WindowEvent): void {
    if (eventId === undefined) this.counts.withoutEventId += 1;
    else this.counts.dedupOverflow += state.recentIds.add(eventId, receivedAtMs, this.#context.dedupIdsMax);
  }

  read(subject: SubjectId, atMs: Millis, into: FeatureSnapshot = emptySnapshot()): FeatureSnapshot {
    const state = this.#subjects.get(subject);
    readFeatures(state ?? UNKNOWN, state !== undefined, atMs, into);
    return into;
  }

  forget(subject: SubjectId): boolean {
    return this.#subjects.delete(subject);
  }

  exportSubject(subject: SubjectId, bytesMax = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const state = this.#subjects.get(subject);
    if (state === undefined) return undefined;
    const bytes = encodeSubject(state);
    if (bytes.length <= bytesMax) return bytes;
    const recentIds = withoutOldestIds(state.recentIds, bytes.length - bytesMax);
    this.counts.dedupOverflow += state.recentIds.size - recentIds.size;
    return encodeSubject({ ...state, recentIds });
  }

  restoreSubject(subject: SubjectId, bytes: Uint8Array): Result<void, Refusal> {
    const decoded = decodeSubject(bytes);
    if (!decoded.ok) return err(decoded.error);
    this.#subjects.set(subject, decoded.value);
    return ok(undefined);
  }

  mergeSubject(subject: SubjectId, bytes: Uint8Array, cause: string): Result<boolean, Refusal> {
    const decoded = decodeSubject(bytes);
    if (!decoded.ok) return err(decoded.error);
    const state = this.#subjects.get(subject) ?? this.#add(subject);
    if (state.causes.includes(cause)) {
      this.counts.alreadyMerged += 1;
      return ok(false);
    }
    mergeInto(state, decoded.value, cause, this.#context);
    this.counts.merged += 1;
    return ok(true);
  }

  digest(): string {
    const writer = new ByteWriter();
    for (const [subject, state] of [...this.#subjects].sort(([a], [b]) => (a < b ? -1 : 1))) {
      writer.text(subject);
      for (const byte of checksumOf(encodeSubject(state))) writer.integer(byte);
    }
    return toBigint(keyedHashBytes({ k0: 0n, k1: 0n }, writer.bytes()))
      .toString(16)
      .padStart(16, "0");
  }

  #add(subject: SubjectId): SubjectState {
    const state = emptySubject();
    this.#subjects.set(subject, state);
    return state;
  }
}

/** Read in the place of a subject that is not there. Never written. */
const UNKNOWN = emptySubject();

/** Doors have checked what came from outside; an event that is malformed here is a bug. */
function assertEvent({
  atMs,
  receivedAtMs,
  units,
  lines,
  revenueMinor,
  discountMinor,
  unitPriceMinor,
}: WindowEvent): void {
  assertAtLeast("atMs", atMs, 0);
  assertAtLeast("receivedAtMs", receivedAtMs, 0);
  assertAtLeast("units", units, 0);
  for (const line of lines) assertAtLeast("lines.units", line.units, 0);
  assertAtLeast("revenueMinor", revenueMinor ?? 0, Number.MIN_SAFE_INTEGER);
  assertAtLeast("discountMinor", discountMinor ?? 0, Number.MIN_SAFE_INTEGER);
  assertAtLeast("unitPriceMinor", unitPriceMinor ?? 0, 0);
}

function assertAtLeast(name: string, value: number, min: number): void {
  if (!Number.isSafeInteger(value) || value < min) {
    throw new RangeError(`${name}: expected a safe integer of at least ${min}, got ${value}`);
  }
}
