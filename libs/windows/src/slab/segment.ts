import { moveUnits, WORD } from "./block.js";
import { SegmentBlocks } from "./segment-blocks.js";
import { BUCKET, bucketFor, CONTROL, hashOf, SegmentFull, shapeOf, SPLIT_BITS, STRIPES } from "./segment-memory.js";

/** Buckets that are kept for dealing one out. */
const SPLIT_RESERVE = 64;

/** Subjects for ten buckets: beyond, one more bucket is split. */
const LOAD_OF_TEN = 45;

/** The writer's side of a segment: the blocks, and the index over them, which grows by one bucket at a time. */
export class Segment extends SegmentBlocks {
  /** Sets what {@link SegmentView.historyCutS} tells. */
  cutHistoriesAt(cutS: number): void {
    this.control[CONTROL.historyCut] = cutS | 0;
  }

  /** Visits the addresses of all subjects of a bucket, which may go meanwhile. */
  *addressesOf(bucket: number): Generator<number> {
    for (let from = bucket, isFirst = true; isFirst || from !== 0; isFirst = false) {
      const at = from * BUCKET.words;
      for (let slot = at + BUCKET.addresses; slot < at + BUCKET.addresses + BUCKET.slots; slot += 1) {
        const address = this.buckets[slot] ?? 0;
        if (address !== 0) yield address;
      }
      from = this.buckets[at + BUCKET.more] ?? 0;
    }
  }

  /** Makes a block known to the index. */
  insert(address: number): void {
    const control = this.control;
    const hash = this.#hashAt(address);
    this.#place(bucketFor(hash, control[CONTROL.shape] ?? 0), hash, address);
    const subjects = (control[CONTROL.subjects] ?? 0) + 1;
    control[CONTROL.subjects] = subjects;
    if (subjects * 10 > this.bucketCount * LOAD_OF_TEN) this.#split();
  }

  /** Puts one block in the place of another of the same subject. */
  replace(address: number, by: number): void {
    const slot = this.#slotOf(address);
    const stripe = this.#openStripe(address);
    Atomics.store(this.buckets, slot, by);
    Atomics.add(this.stripes, stripe, 1);
  }

  /** Takes a block out of the index. */
  remove(address: number): void {
    const slot = this.#slotOf(address);
    const stripe = this.#openStripe(address);
    Atomics.store(this.buckets, slot, 0);
    this.#unlinkIfEmpty(address, Math.floor(slot / BUCKET.words));
    Atomics.add(this.stripes, stripe, 1);
    this.control[CONTROL.subjects] = (this.control[CONTROL.subjects] ?? 0) - 1;
  }

  /** Takes a block out of the index and gives it back. */
  drop(address: number): void {
    this.remove(address);
    this.release(address);
  }

  /**
   * Takes everybody off pages beside each other on which nobody is being written: to other pages of the same class as long as there is a free block on
   * one, else out of the index. Nothing on the pages is given to anybody until they are retyped.
   *
   * @returns how many subjects found no other place
   */
  vacate(page: number, pages: number): number {
    const { i32 } = this;
    let forgotten = 0;
    for (let at = page; at < page + pages; at += this.pagesFrom(at)) this.close(at);
    for (let at = page; at < page + pages; at += this.pagesFrom(at)) {
      const { first, end, grains } = this.blocksOf(at);
      for (let address = first; address < end; address += grains) {
        if (i32[4 * address + WORD.cellsAt] !== 0 && !this.#moveOff(address)) forgotten += 1;
      }
    }
    return forgotten;
  }

  /** Moves the subject of a closed page to a page of the same class; false if it had to go, as there was no block for it. */
  #moveOff(address: number): boolean {
    const to = this.allocateShared(this.classOf(address));
    if (to === 0) this.remove(address);
    else {
      Atomics.add(this.i32, to << 2, 1);
      moveUnits(this.f64, (to << 1) + 1, (address << 1) + 1, (this.bytesOf(address) >> 3) - 1);
      this.replace(address, to);
      Atomics.add(this.i32, to << 2, 1);
    }
    this.wipe(address);
    this.leave(address);
    return to !== 0;
  }

  #hashAt(address: number): number {
    return hashOf(this.i32[(address << 2) + 3] ?? 0, this.i32[(address << 2) + 5] ?? 0);
  }

  #openStripe(address: number): number {
    const stripe = this.#hashAt(address) & (STRIPES - 1);
    Atomics.add(this.stripes, stripe, 1);
    return stripe;
  }

  /** Where in the index the block's address stands. */
  #slotOf(address: number): number {
    const buckets = this.buckets;
    let bucket = bucketFor(this.#hashAt(address), this.control[CONTROL.shape] ?? 0);
    do {
      const at = bucket * BUCKET.words + BUCKET.addresses;
      for (let slot = at; slot < at + BUCKET.slots; slot += 1) if (buckets[slot] === address) return slot;
      bucket = buckets[bucket * BUCKET.words + BUCKET.more] ?? 0;
    } while (bucket !== 0);
    throw new Error(`block ${address} is not in the index`);
  }

  #place(first: number, hash: number, address: number): void {
    const buckets = this.buckets;
    let bucket = first;
    for (;;) {
      const at = bucket * BUCKET.words;
      for (let slot = at; slot < at + BUCKET.slots; slot += 1) {
        if (buckets[slot + BUCKET.addresses] !== 0) continue;
        buckets[slot] = hash;
        Atomics.store(buckets, slot + BUCKET.addresses, address);
        return;
      }
      const more = buckets[at + BUCKET.more] ?? 0;
      bucket = more === 0 ? this.#linkMore(at + BUCKET.more) : more;
    }
  }

  #linkMore(link: number): number {
    const control = this.control;
    let bucket = control[CONTROL.moreFree] ?? 0;
    if (bucket === 0) {
      if (this.#bucketsLeft <= 0) throw new SegmentFull("no bucket is left in the index");
      control[CONTROL.moreTaken] = (control[CONTROL.moreTaken] ?? 0) + 1;
      bucket = this.buckets.length / BUCKET.words - (control[CONTROL.moreTaken] ?? 0);
    } else {
      control[CONTROL.moreFree] = this.buckets[bucket * BUCKET.words + BUCKET.more] ?? 0;
      this.buckets[bucket * BUCKET.words + BUCKET.more] = 0;
    }
    Atomics.store(this.buckets, link, bucket);
    return bucket;
  }

  /** Deals the subjects of the bucket whose turn it is over itself and a new bucket. */
  #split(): void {
    const control = this.control;
    const shape = control[CONTROL.shape] ?? 0;
    const bits = shape >>> SPLIT_BITS;
    const split = shape & ((1 << SPLIT_BITS) - 1);
    const sibling = split + (1 << bits);
    // Dealing out may take a few more buckets.
    if (this.#bucketsLeft <= SPLIT_RESERVE) return;
    const stripe = split & (STRIPES - 1);
    Atomics.add(this.stripes, stripe, 1);
    this.#dealOut(split, sibling, bits);
    const isLast = split + 1 === 1 << bits;
    Atomics.store(control, CONTROL.shape, isLast ? shapeOf(bits + 1, 0) : shapeOf(bits, split + 1));
    Atomics.add(this.stripes, stripe, 1);
  }

  #dealOut(split: number, sibling: number, bits: number): void {
    const buckets = this.buckets;
    let from = split;
    let isFirst = true;
    do {
      const at = from * BUCKET.words;
      const more = buckets[at + BUCKET.more] ?? 0;
      for (let slot = at; slot < at + BUCKET.slots; slot += 1) {
        const hash = buckets[slot] ?? 0;
        const address = buckets[slot + BUCKET.addresses] ?? 0;
        const isGoing = ((hash >>> bits) & 1) === 1;
        if (address === 0 || (isFirst && !isGoing)) continue;
        buckets[slot + BUCKET.addresses] = 0;
        this.#place(isGoing ? sibling : split, hash, address);
      }
      if (!isFirst) this.#giveBack(from);
      else buckets[at + BUCKET.more] = 0;
      isFirst = false;
      from = more;
    } while (from !== 0);
  }

  /** Buckets that are neither in use by their number nor taken from the end. */
  get #bucketsLeft(): number {
    return this.buckets.length / BUCKET.words - this.bucketCount - (this.control[CONTROL.moreTaken] ?? 0);
  }

  /** Takes a bucket that was added to another out of its chain when it has nobody any more. */
  #unlinkIfEmpty(address: number, bucket: number): void {
    const buckets = this.buckets;
    const at = bucket * BUCKET.words;
    for (let slot = at; slot < at + BUCKET.slots; slot += 1) if (buckets[slot + BUCKET.addresses] !== 0) return;
    let before = bucketFor(this.#hashAt(address), this.control[CONTROL.shape] ?? 0);
    if (before === bucket) return;
    while ((buckets[before * BUCKET.words + BUCKET.more] ?? 0) !== bucket) {
      before = buckets[before * BUCKET.words + BUCKET.more] ?? 0;
      if (before === 0) throw new Error(`bucket ${bucket} is in no chain of its own`);
    }
    Atomics.store(buckets, before * BUCKET.words + BUCKET.more, buckets[at + BUCKET.more] ?? 0);
    this.#giveBack(bucket);
  }

  #giveBack(bucket: number): void {
    const control = this.control;
    this.buckets.fill(0, bucket * BUCKET.words, (bucket + 1) * BUCKET.words);
    this.buckets[bucket * BUCKET.words + BUCKET.more] = control[CONTROL.moreFree] ?? 0;
    control[CONTROL.moreFree] = bucket;
  }
}
