import { SUBJECT_AT, zeroUnits } from "./block.js";
import { CLASS_BYTES, classFor, GRAIN_BYTES, PAGE_BYTES, pagesAtOnce } from "./size-classes.js";

/**
 * The memory of one partition's windows: three buffers that threads may share. They are reserved at full size, which
 * costs addresses only: the system gives a page of memory when it is first written, so that growing copies nothing.
 */
export interface SegmentMemory {
  /** Counts, heads of the free lists, and the class of each page. */
  readonly control: SharedArrayBuffer;
  /** The hash index: {@link STRIPES} sequence words, then the buckets. */
  readonly index: SharedArrayBuffer;
  /** The blocks. The first page stays empty, so that address 0 means none. */
  readonly blocks: SharedArrayBuffer;
}

/** Sequence words over the index: a bucket and all that it will ever be split into share one. */
export const STRIPES = 1_024;

/**
 * A bucket of the index is one line of the processor's cache: the hashes of up to seven subjects, the addresses of their blocks (0 where there is
 * none), and the bucket that holds the rest, if there is one. So a block is touched only when it is almost surely the right one, and not at
 * all when a bucket is split.
 */
export const BUCKET = { words: 16, slots: 7, addresses: 7, more: 14 } as const;

/** Buckets that one leads on to at most, unless somebody else changes them at this moment. */
const LINKS_MAX = 1_000;

/** Buckets that are kept for dealing one out. */
const SPLIT_RESERVE = 64;

const BUCKETS_MIN = 1_024;
/** Subjects for ten buckets: beyond, one more bucket is split. */
const LOAD_OF_TEN = 45;
/** The index has at most one bucket for so many bytes of blocks, a third of which is for what does not fit the others. */
const BYTES_A_BUCKET = 384;

/** Words of the control buffer. The writer alone writes them. */
export const CONTROL = {
  subjects: 0,
  /** How many buckets there are, in one word so that no reader sees half of a change: see {@link bucketFor}. */
  shape: 1,
  pagesTaken: 2,
  /** Buckets for what does not fit, taken from the end of the index, and the head of those given back. */
  moreTaken: 3,
  moreFree: 4,
  freeHeads: 16,
} as const;
const CLASSES_AT_BYTE = (CONTROL.freeHeads + 128) * 4;

const NO_CLASS = 255;
/** Of blocks that take a page each. */
const PAGE_CLASS = classFor(PAGE_BYTES);

/** One for nearly each class of one page, or whoever grows finds no room: 2 MiB. */
const PAGES_MIN = 64;

/** Reserves the memory of a segment whose blocks may take so many bytes. */
export function reserveSegment(bytesMax: number): SegmentMemory {
  const pages = Math.max(PAGES_MIN, Math.floor(bytesMax / PAGE_BYTES));
  const buckets = Math.max(BUCKETS_MIN * 2, Math.ceil((pages * PAGE_BYTES) / BYTES_A_BUCKET));
  const memory = {
    control: new SharedArrayBuffer(Math.ceil((CLASSES_AT_BYTE + pages) / 8) * 8),
    index: new SharedArrayBuffer((STRIPES + buckets * BUCKET.words) * 4),
    blocks: new SharedArrayBuffer(pages * PAGE_BYTES),
  };
  const control = new Int32Array(memory.control);
  control[CONTROL.shape] = shapeOf(Math.log2(BUCKETS_MIN), 0);
  control[CONTROL.pagesTaken] = 1;
  new Uint8Array(memory.control, CLASSES_AT_BYTE).fill(NO_CLASS);
  return memory;
}

const SPLIT_BITS = 26;

/** An index of 2^bits + split buckets, as one word. */
function shapeOf(bits: number, split: number): number {
  return (bits << SPLIT_BITS) | split;
}

/** Where a hash's subjects are in an index of that shape (Litwin 1980, linear hashing). */
export function bucketFor(hash: number, shape: number): number {
  const bits = shape >>> SPLIT_BITS;
  const split = shape & ((1 << SPLIT_BITS) - 1);
  const bucket = hash & ((1 << bits) - 1);
  return bucket < split ? hash & ((2 << bits) - 1) : bucket;
}

/** A subject's hash from its words, which are uniform already: one that has nothing to do with its partition. */
export function hashOf(s1: number, s3: number): number {
  return Math.imul(s1, 0x9e3779b1) ^ s3;
}

/** The segment has no room for a subject. Thrown inside the store and caught there. */
export class SegmentFull extends Error {
  override readonly name = "SegmentFull";
}

/** What reading a segment takes: the one who writes it and those who only read share it. */
export class SegmentView {
  readonly memory: SegmentMemory;
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
  protected readonly control: Int32Array;
  protected readonly classes: Uint8Array;
  protected readonly stripes: Int32Array;
  protected readonly buckets: Int32Array;

  constructor(memory: SegmentMemory) {
    this.memory = memory;
    this.i32 = new Int32Array(memory.blocks);
    this.f64 = new Float64Array(memory.blocks);
    this.u8 = new Uint8Array(memory.blocks);
    this.control = new Int32Array(memory.control);
    this.classes = new Uint8Array(memory.control, CLASSES_AT_BYTE);
    this.stripes = new Int32Array(memory.index, 0, STRIPES);
    this.buckets = new Int32Array(memory.index, STRIPES * 4);
  }

  get subjectCount(): number {
    return this.control[CONTROL.subjects] ?? 0;
  }

  /** Number of the first page that no block was made of yet; the first page of all never is. */
  get pagesTaken(): number {
    return this.control[CONTROL.pagesTaken] ?? 0;
  }

  /** Bytes of the pages that hold blocks, and of the index so far. */
  get bytesInUse(): number {
    const buckets = this.bucketCount + (this.control[CONTROL.moreTaken] ?? 0);
    return this.pagesTaken * PAGE_BYTES + (STRIPES + buckets * BUCKET.words) * 4;
  }

  get bucketCount(): number {
    const shape = this.control[CONTROL.shape] ?? 0;
    return (1 << (shape >>> SPLIT_BITS)) + (shape & ((1 << SPLIT_BITS) - 1));
  }

  /** Sequence word over the subject's part of the index: odd while it changes. */
  sequenceOfStripe(s1: number, s3: number): number {
    return Atomics.load(this.stripes, hashOf(s1, s3) & (STRIPES - 1));
  }

  /** Address of the subject's block; 0 if there is none. */
  find(s0: number, s1: number, s2: number, s3: number): number {
    const { i32 } = this;
    const buckets = this.buckets;
    const hash = hashOf(s1, s3);
    let links = 0;
    let bucket = bucketFor(hash, Atomics.load(this.control, CONTROL.shape));
    do {
      const at = bucket * BUCKET.words;
      for (let slot = at; slot < at + BUCKET.slots; slot += 1) {
        if (buckets[slot] !== hash) continue;
        const address = buckets[slot + BUCKET.addresses] ?? 0;
        const word = address << 2;
        if (address === 0 || i32[word + SUBJECT_AT] !== s0 || i32[word + 3] !== s1) continue;
        if (i32[word + 4] === s2 && i32[word + 5] === s3) return address;
      }
      bucket = buckets[at + BUCKET.more] ?? 0;
      links += 1;
    } while (bucket !== 0 && links < LINKS_MAX);
    return 0;
  }

  /** First word of the bucket in which the subject is or would be. Reading it brings the bucket near. */
  wordOfBucket(s1: number, s3: number): number {
    return this.buckets[bucketFor(hashOf(s1, s3), Atomics.load(this.control, CONTROL.shape)) * BUCKET.words] ?? 0;
  }

  classOf(address: number): number {
    return this.classes[Math.floor((address * GRAIN_BYTES) / PAGE_BYTES)] ?? NO_CLASS;
  }

  bytesOf(address: number): number {
    return CLASS_BYTES[this.classOf(address)] ?? 0;
  }
}

/**
 * The writer's side of a segment: blocks of size classes, each with pages and a free list of its own, so that a block's
 * sequence word is a block's sequence word for ever; and the index over them, which grows by one bucket at a time.
 */
export class Segment extends SegmentView {
  readonly #pages: number;
  #pageHand = 0;
  #hand = PAGE_BYTES / GRAIN_BYTES;

  constructor(memory: SegmentMemory) {
    super(memory);
    this.#pages = memory.blocks.byteLength / PAGE_BYTES;
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

  /** A zeroed block of the class, its sequence word as its last user left it; 0 if the segment is full. */
  allocate(sizeClass: number): number {
    const control = this.control;
    const head = control[CONTROL.freeHeads + sizeClass] ?? 0;
    if (head === 0) return this.#takePage(sizeClass);
    control[CONTROL.freeHeads + sizeClass] = this.i32[(head << 2) + 1] ?? 0;
    this.i32[(head << 2) + 1] = 0;
    return head;
  }

  /** Zeroes a block that no index entry names, and gives it back. A reader that still looks at it sees that it changed. */
  release(address: number): void {
    const { i32 } = this;
    const word = address << 2;
    const sizeClass = this.classOf(address);
    const bytes = CLASS_BYTES[sizeClass] ?? 0;
    Atomics.or(i32, word, 1);
    const unit = address << 1;
    zeroUnits(this.f64, unit + 1, unit + (bytes >> 3));
    i32[word + 1] = this.control[CONTROL.freeHeads + sizeClass] ?? 0;
    this.control[CONTROL.freeHeads + sizeClass] = address;
    Atomics.add(i32, word, 1);
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
   * The next block in turn, for whoever looks a little further each time; 0 if there is none. It may be free.
   * Blocks are met in the order of memory, which is the cheapest to go through.
   */
  turnHand(): number {
    const grains = (CLASS_BYTES[this.classOf(this.#hand)] ?? PAGE_BYTES) / GRAIN_BYTES;
    const next = this.#hand + grains;
    const pageGrains = PAGE_BYTES / GRAIN_BYTES;
    const pageEnd = (Math.floor(this.#hand / pageGrains) + 1) * pageGrains;
    if (next + grains <= pageEnd) {
      this.#hand = next;
      return next;
    }
    const taken = this.pagesTaken * pageGrains;
    this.#hand = Math.max(pageEnd, next);
    while (this.#hand < taken && this.classOf(this.#hand) === NO_CLASS) this.#hand += pageGrains;
    if (this.#hand >= taken) this.#hand = pageGrains;
    return taken > pageGrains ? this.#hand : 0;
  }

  /** A page of the class, another one each time until all had their turn; 0 if there is none. */
  nextPageOfClass(sizeClass: number): number {
    this.#pageHand = this.classes.indexOf(sizeClass, this.#pageHand + 1);
    if (this.#pageHand === -1) this.#pageHand = this.classes.indexOf(sizeClass, 1);
    const isTaken = this.#pageHand !== -1 && this.#pageHand < this.pagesTaken;
    if (!isTaken) this.#pageHand = 0;
    return this.#pageHand;
  }

  #hashAt(address: number): number {
    return hashOf(this.i32[(address << 2) + 3] ?? 0, this.i32[(address << 2) + 5] ?? 0);
  }

  /** The page at which a block begins that is the next one from a page on, from the end of memory on the first; 0 if there is none. */
  firstPageFrom(page: number): number {
    let at = page < this.pagesTaken ? page : 1;
    while (at < this.pagesTaken && this.classes[at] === NO_CLASS) at += 1;
    if (at < this.pagesTaken) return at;
    return this.pagesTaken > 1 ? 1 : 0;
  }

  /** How many pages the block takes that begins with a page: 1 where there are several on it. */
  pagesFrom(page: number): number {
    return pagesAtOnce(CLASS_BYTES[this.classes[page] ?? NO_CLASS] ?? PAGE_BYTES);
  }

  /** Makes pages beside each other whose blocks are all free one page, or one block, of another class; what is left over becomes blocks of a page. */
  retype(page: number, pages: number, sizeClass: number): void {
    const first = (page * PAGE_BYTES) / GRAIN_BYTES;
    const end = ((page + pages) * PAGE_BYTES) / GRAIN_BYTES;
    let unlinked = NO_CLASS;
    for (const before of this.classes.subarray(page, page + pages)) {
      if (before !== unlinked && before !== NO_CLASS) this.#unlinkFree(before, first, end);
      unlinked = before;
    }
    this.f64.fill(0, 2 * first, 2 * end);
    this.classes.fill(NO_CLASS, page, page + pages);
    // Where it stands no block need begin any more.
    if (this.#hand >= first && this.#hand < end) this.#hand = first;
    const needed = pagesAtOnce(CLASS_BYTES[sizeClass] ?? PAGE_BYTES);
    for (let rest = page + needed; rest < page + pages; rest += 1) this.#linkPages(rest, 1, PAGE_CLASS);
    this.#linkPages(page, needed, sizeClass);
  }

  #linkPages(page: number, pages: number, sizeClass: number): void {
    this.classes[page] = sizeClass;
    this.#linkFree(page, pages, sizeClass, true);
  }

  /** Takes the blocks between two addresses out of the free list of their class. */
  #unlinkFree(sizeClass: number, first: number, end: number): void {
    const { i32, control } = this;
    let head = 0;
    for (let at = control[CONTROL.freeHeads + sizeClass] ?? 0; at !== 0;) {
      const next = i32[(at << 2) + 1] ?? 0;
      if (at < first || at >= end) {
        i32[(at << 2) + 1] = head;
        head = at;
      }
      at = next;
    }
    control[CONTROL.freeHeads + sizeClass] = head;
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

  #takePage(sizeClass: number): number {
    const control = this.control;
    const bytes = CLASS_BYTES[sizeClass] ?? 0;
    const page = this.pagesTaken;
    const pages = pagesAtOnce(bytes);
    if (page + pages > this.#pages) return 0;
    control[CONTROL.pagesTaken] = page + pages;
    this.classes[page] = sizeClass;
    return this.#linkFree(page, pages, sizeClass, false);
  }

  /** Makes the blocks of a page free, all but the first or all of them. Returns the first one's address. */
  #linkFree(page: number, pages: number, sizeClass: number, withFirst: boolean): number {
    const control = this.control;
    const bytes = CLASS_BYTES[sizeClass] ?? PAGE_BYTES;
    const grains = bytes / GRAIN_BYTES;
    const first = (page * PAGE_BYTES) / GRAIN_BYTES;
    const lowest = withFirst ? first : first + grains;
    // Handed out in ascending order: neighbours in time become neighbours in memory.
    for (let at = first + (Math.floor((pages * PAGE_BYTES) / bytes) - 1) * grains; at >= lowest; at -= grains) {
      this.i32[(at << 2) + 1] = control[CONTROL.freeHeads + sizeClass] ?? 0;
      control[CONTROL.freeHeads + sizeClass] = at;
    }
    return first;
  }
}
