import type { Millis, SubjectId } from "@leastwise/vocabulary";
import type { FeatureSnapshot } from "../snapshot.js";
import { assignmentKeyAt, UNIT, WORD, type BlockViews } from "./block.js";
import { FeatureReader } from "./feature-reader.js";
import { SegmentView, type SegmentMemory } from "./segment-memory.js";
import { hexWord } from "./slab-event.js";
import { SUBJECT_SILENCE_MAX_MS } from "./silence.js";

/** Tries that are made at once; a writer needs about a microsecond for a block. */
const TRIES_AT_ONCE = 200;
/** What a reader sleeps between such rounds: the writer was taken off its core in the middle of a block. */
const SLEEP_MS = 0.05;
/**
 * After so many rounds the writer is taken for dead: half a second where a sleep takes little more than it is asked for, and longer where the system
 * is busy or its timers are coarse. Of a writer that lives only one block is waited for, and the most that it does with one is to clear pages for it.
 */
const ROUNDS_MAX = 4_000;

/**
 * Reads a segment that another thread writes, without a lock: it copies the front of the subject's block between two looks at its sequence
 * word and at that of the subject's part of the index, and tries again if one was odd or has changed (a sequence lock; Hemminger 2002,
 * Boehm 2012). The writer never waits for it.
 */
export class WindowReader {
  readonly #segment: SegmentView;
  readonly #reader = new FeatureReader();
  readonly #sleep = new Int32Array(new SharedArrayBuffer(4));
  #copy = viewsOf(512);

  constructor(memory: SegmentMemory) {
    this.#segment = new SegmentView(memory);
  }

  get subjectCount(): number {
    return this.#segment.subjectCount;
  }

  /** Bytes of memory that subjects and their index take, their free blocks included. */
  get bytesInUse(): number {
    return this.#segment.bytesInUse;
  }

  /**
   * The subject's features at t, as `WindowStore.read` gives them.
   *
   * @returns false if the writer died in the middle of the subject's block: nothing is known then, and the snapshot says so
   */
  read(subject: SubjectId, atMs: Millis, into: FeatureSnapshot): boolean {
    const found = this.#copyBlock(subject);
    const receivedMs = this.#copy.f64[UNIT.newestReceivedMs] ?? 0;
    if (found === "copied" && atMs - receivedMs <= SUBJECT_SILENCE_MAX_MS) this.#reader.read(this.#copy, 0, atMs, into);
    else this.#reader.readNothing(atMs, this.#segment.isHistoryKnownFrom(atMs), into);
    return found !== "stuck";
  }

  /** The subject's assignment key, as `WindowStore.assignmentKeyOf` gives it. */
  assignmentKeyOf(subject: SubjectId): SubjectId | undefined {
    if (this.#copyBlock(subject) !== "copied") return undefined;
    return assignmentKeyAt(this.#copy.i32, 0) ?? subject;
  }

  #copyBlock(subject: SubjectId): "copied" | "unknown" | "stuck" {
    const s0 = hexWord(subject, 0);
    const s1 = hexWord(subject, 8);
    const s2 = hexWord(subject, 16);
    const s3 = hexWord(subject, 24);
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      for (let tries = 0; tries < TRIES_AT_ONCE; tries += 1) {
        const outcome = this.#tryCopy(s0, s1, s2, s3);
        if (outcome !== "torn") return outcome;
      }
      Atomics.wait(this.#sleep, 0, 0, SLEEP_MS);
    }
    return "stuck";
  }

  #tryCopy(s0: number, s1: number, s2: number, s3: number): "copied" | "unknown" | "torn" {
    const segment = this.#segment;
    const stripe = segment.sequenceOfStripe(s1, s3);
    if ((stripe & 1) === 1) return "torn";
    const address = segment.find(s0, s1, s2, s3);
    if (address === 0) {
      this.#fence();
      return segment.sequenceOfStripe(s1, s3) === stripe ? "unknown" : "torn";
    }
    const { i32 } = segment;
    const word = 4 * address;
    const sequence = Atomics.load(i32, word);
    if ((sequence & 1) === 1) return "torn";
    const units = (i32[word + WORD.cellsAt] ?? 0) + 2 * (i32[word + WORD.cellCount] ?? 0);
    if (units < UNIT.recency || 8 * units > segment.bytesOf(address)) return "torn";
    this.#copyUnits(2 * address, units);
    this.#fence();
    if (Atomics.load(i32, word) !== sequence) return "torn";
    // A page that became another class's begins its sequence words anew: only an index that did not change says whose block it was all the time.
    return segment.sequenceOfStripe(s1, s3) === stripe ? "copied" : "torn";
  }

  /** On no machine may what was read before have been read after the second look. */
  #fence(): void {
    Atomics.add(this.#sleep, 0, 0);
  }

  #copyUnits(from: number, units: number): void {
    if (units > this.#copy.f64.length) this.#copy = viewsOf(2 * units);
    const { f64 } = this.#segment;
    const copy = this.#copy.f64;
    for (let unit = 0; unit < units; unit += 1) copy[unit] = f64[from + unit] ?? 0;
  }
}

function viewsOf(units: number): BlockViews {
  const buffer = new ArrayBuffer(8 * units);
  return { f64: new Float64Array(buffer), i32: new Int32Array(buffer), u8: new Uint8Array(buffer) };
}
