import {
  BUCKET,
  CONTROL,
  NO_CLASS,
  PAGE,
  SegmentView,
  startControl,
  STRIPES,
  type SegmentMemory,
} from "./segment-memory.js";
import { PAGE_BYTES } from "./size-classes.js";

/** Pages of a step: 4 MiB, about a millisecond. */
const STEP_PAGES = 128;

/**
 * Makes a segment as good as new, in place: nobody is known in it from the first step on, and after the last every byte that subjects or their index
 * took is zero. What it takes goes by what was in use, not by what is reserved. To be gone through to its end, with whatever else there is to do between
 * the steps, by whoever wrote the segment or comes after; nobody may write it meanwhile. Readers may go on: what they were in the middle of they try
 * again, and know nobody.
 */
export function clearSegment(memory: SegmentMemory): Generator<void, void> {
  return new Clearing(memory).steps();
}

class Clearing extends SegmentView {
  *steps(): Generator<void, void> {
    const pages = this.pagesTaken;
    this.#forgetAll(pages);
    yield;
    // No index entry leads here any more, and who followed one before finds that the index has changed.
    for (let page = 1; page < pages; page += STEP_PAGES) {
      const end = Math.min(page + STEP_PAGES, pages);
      this.f64.fill(0, (page * PAGE_BYTES) / 8, (end * PAGE_BYTES) / 8);
      yield;
    }
  }

  /** Empties the index. Its sequence words go on rising, so that a reader who began before finds a change whenever it looks again. */
  #forgetAll(pages: number): void {
    const { stripes } = this;
    // Of a writer that died in the middle some may be odd already.
    for (let stripe = 0; stripe < STRIPES; stripe += 1) Atomics.or(stripes, stripe, 1);
    const more = this.control[CONTROL.moreTaken] ?? 0;
    this.buckets.fill(0, 0, this.bucketCount * BUCKET.words);
    this.buckets.fill(0, this.buckets.length - more * BUCKET.words);
    this.pageWords.fill(0, 0, pages * PAGE.words);
    this.classes.fill(NO_CLASS, 0, pages);
    startControl(this.control);
    for (let stripe = 0; stripe < STRIPES; stripe += 1) Atomics.add(stripes, stripe, 1);
  }
}
