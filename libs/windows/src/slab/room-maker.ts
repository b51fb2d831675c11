import { DAY_MS } from "@leastwise/vocabulary";
import type { WindowCounts } from "../window-counts.js";
import { UNIT, WORD } from "./block.js";
import type { Segment } from "./segment.js";
import { SUBJECT_SILENCE_MAX_MS } from "./silence.js";
import { CLASS_BYTES, GRAIN_BYTES, PAGE_BYTES, pagesAtOnce } from "./size-classes.js";

/** Runs of pages that are looked at for one to give up. */
const RUNS_LOOKED_AT = 8;

/** Received times of one partition are out of order by far less: what is silent by so much more is forgotten for room. */
const SWEEP_SLACK_MS = DAY_MS;

/** A subject that can be forgotten, and when it was last heard of. */
interface IdleSubject {
  readonly address: number;
  readonly receivedMs: number;
}

/** Pages beside each other on which nobody is being written. */
interface PageRun {
  readonly page: number;
  readonly pages: number;
}

/** The same, and when the last visitor was here of those who would find no other place; −1 if all would. */
interface QuietRun extends PageRun {
  readonly newestMs: number;
}

/** Forgets those who are silent, for the room that they take: after half a year by and by, and sooner where memory is used up. */
export class RoomMaker {
  readonly #segment: Segment;
  readonly #counts: WindowCounts;
  /** Where the next run is looked for: all have their turn. */
  #nextPage = 1;
  #newestReceivedMs = -1;
  /** Of all events so far: as long as it is not long ago, nobody can have been silent for long. */
  #oldestReceivedMs = Infinity;

  /** @param counts where it is told who was forgotten */
  constructor(segment: Segment, counts: WindowCounts) {
    this.#segment = segment;
    this.#counts = counts;
  }

  /** Notes a moment at which somebody was heard of. */
  noteReceived(receivedMs: number): void {
    if (receivedMs > this.#newestReceivedMs) this.#newestReceivedMs = receivedMs;
    if (receivedMs < this.#oldestReceivedMs && receivedMs >= 0) this.#oldestReceivedMs = receivedMs;
  }

  /** Looks at two blocks, and forgets a subject that was silent too long: each new subject pays for that. */
  sweep(): void {
    const silentBeforeMs = this.#newestReceivedMs - SWEEP_SLACK_MS - SUBJECT_SILENCE_MAX_MS;
    if (this.#oldestReceivedMs >= silentBeforeMs) return;
    for (let looks = 0; looks < 2; looks += 1) {
      const address = this.#segment.turnHand();
      if (address === 0 || !this.#isIdle(address) || this.#receivedMsOf(address) >= silentBeforeMs) continue;
      this.#segment.drop(address);
      this.#counts.expired += 1;
    }
  }

  /**
   * A block where memory is used up; 0 if there is none. As long as as many blocks of another class are free as there are on a page, its subjects move
   * together and leave a page, and nobody is forgotten. Else of one page of the class itself the subject goes who is silent longest, if somebody of that page
   * is silent for longer than all of some run of as many pages as the block takes; else such a run goes whole, the one of a few whose last
   * visitor was here longest ago, less those for whom there are free blocks elsewhere.
   */
  makeRoom(sizeClass: number): number {
    const spare = pagesAtOnce(CLASS_BYTES[sizeClass] ?? PAGE_BYTES) === 1 ? this.#pageToSpare() : undefined;
    if (spare !== undefined) this.#clear(spare, sizeClass);
    else if (!this.#forgetFor(sizeClass)) return 0;
    return this.#segment.allocate(sizeClass);
  }

  /** Forgets whoever is to be forgotten for a block of the class; false if there is nobody. */
  #forgetFor(sizeClass: number): boolean {
    const own = this.#segment.nextPageOfClass(sizeClass);
    const idle = own === 0 ? undefined : this.#longestSilent(own);
    const run = this.#quietestRun(sizeClass, idle?.receivedMs ?? Infinity);
    if (run !== undefined) this.#clear(run, sizeClass);
    else if (idle !== undefined) {
      this.#segment.drop(idle.address);
      this.#counts.evicted += 1;
    }
    return run !== undefined || idle !== undefined;
  }

  #clear({ page, pages }: PageRun, sizeClass: number): void {
    this.#counts.evicted += this.#segment.vacate(page, pages);
    this.#segment.retype(page, pages, sizeClass);
  }

  /** A page whose subjects would all find another place. */
  #pageToSpare(): PageRun | undefined {
    const segment = this.#segment;
    for (let from = segment.spareClassFrom(0); from !== -1; from = segment.spareClassFrom(from + 1)) {
      const page = segment.leastUsedPage(from);
      if (!this.#isWrittenOn(page)) return { page, pages: 1 };
    }
    return undefined;
  }

  #isWrittenOn(page: number): boolean {
    const { first, end, grains } = this.#segment.blocksOf(page);
    for (let address = first; address < end; address += grains) if (this.#isBeingWritten(address)) return true;
    return false;
  }

  #longestSilent(page: number): IdleSubject | undefined {
    let found: IdleSubject | undefined;
    const { first, end, grains } = this.#segment.blocksOf(page);
    for (let address = first; address < end; address += grains) {
      const receivedMs = this.#receivedMsOf(address);
      if (this.#isIdle(address) && receivedMs < (found?.receivedMs ?? Infinity)) found = { address, receivedMs };
    }
    return found;
  }

  /**
   * Of some runs that do not begin with a page of the class itself and whose last visitor was here before a moment, the one where that is longest ago;
   * those who would find another place do not count.
   * If it is the only hope, which no moment says, all are looked at until there is one.
   */
  #quietestRun(sizeClass: number, beforeMs: number): QuietRun | undefined {
    const needed = pagesAtOnce(CLASS_BYTES[sizeClass] ?? PAGE_BYTES);
    const looksMax = beforeMs === Infinity ? this.#segment.pagesTaken : RUNS_LOOKED_AT;
    let found: QuietRun | undefined;
    for (let looks = 0; looks < looksMax && (looks < RUNS_LOOKED_AT || found === undefined); looks += 1) {
      const page = this.#segment.firstPageFrom(this.#nextPage);
      if (page === 0) break;
      const isOwn = this.#segment.classOf((page * PAGE_BYTES) / GRAIN_BYTES) === sizeClass;
      const run = isOwn ? undefined : this.#runFrom(page, needed, found?.newestMs ?? beforeMs);
      this.#nextPage = page + (run?.pages ?? 1);
      found = run ?? found;
    }
    return found;
  }

  /** The pages from one on, at least as many as are needed; undefined if somebody on them is being written or came later, or memory ends before. */
  #runFrom(page: number, needed: number, beforeMs: number): QuietRun | undefined {
    let newestMs = -1;
    let end = page;
    while (end < page + needed) {
      if (end >= this.#segment.pagesTaken) return undefined;
      newestMs = Math.max(newestMs, this.#newestOf(end, needed, beforeMs));
      if (newestMs >= beforeMs) return undefined;
      end += this.#segment.pagesFrom(end);
    }
    return { page, pages: end - page, newestMs };
  }

  /**
   * When the last visitor of a page was here, or one of those who came not before a moment; −1 if all would find another place, also if more
   * pages are cleared with it; ∞ for a page in which somebody is being written.
   */
  #newestOf(page: number, cleared: number, beforeMs: number): number {
    if (this.#segment.canMoveFrom(page, cleared)) return this.#isWrittenOn(page) ? Infinity : -1;
    let newestMs = -1;
    const { first, end, grains } = this.#segment.blocksOf(page);
    for (let address = first; address < end && newestMs < beforeMs; address += grains) {
      if (this.#isBeingWritten(address)) return Infinity;
      newestMs = Math.max(newestMs, this.#receivedMsOf(address));
    }
    return newestMs;
  }

  #receivedMsOf(address: number): number {
    return this.#segment.f64[2 * address + UNIT.newestReceivedMs] ?? 0;
  }

  #isBeingWritten(address: number): boolean {
    return ((this.#segment.i32[4 * address + WORD.sequence] ?? 0) & 1) === 1;
  }

  /** True for a block that holds a subject and is not being written. */
  #isIdle(address: number): boolean {
    return (this.#segment.i32[4 * address + WORD.cellsAt] ?? 0) !== 0 && !this.#isBeingWritten(address);
  }
}
