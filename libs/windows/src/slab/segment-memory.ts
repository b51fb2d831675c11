import { SUBJECT_AT } from "./block.js";
import { SUBJECT_SILENCE_MAX_MS } from "./silence.js";
import { CLASS_BYTES, GRAIN_BYTES, PAGE_BYTES } from "./size-classes.js";

/**
 * The memory of one partition's windows: three buffers that threads may share. They are reserved at full size, which
 * costs addresses only: the system gives a page of memory when it is first written, so that growing copies nothing.
 */
export interface SegmentMemory {
  /** Counts, heads of the lists of pages, what each page has free, and its class. */
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

const BUCKETS_MIN = 1_024;
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
  /** Pages of which no block is in use. */
  pagesFree: 5,
  /** See {@link SegmentView.historyCutS}. */
  historyCut: 6,
  /** By class: the first of the pages that have blocks in use and free ones, 0 if there is none; and how many are free on them all. */
  sharedPages: 16,
  sharedFree: 144,
  /** By the class whose block they would be: the first of the pages beside each other that are free, all of them. */
  freePages: 272,
} as const;
const CONTROL_WORDS = 400;

/**
 * Words on a page, or on the first one that a block takes: how many of its blocks are in use; the address of a free one, which leads to the next, 0 if
 * there is none; the page after it and the one before it in the list of pages that it is in. For the first of a list that is the
 * list's own word of the control buffer, negative; 0 in none.
 */
export const PAGE = { words: 4, used: 0, free: 1, next: 2, before: 3 } as const;

/** The log lost its beginning, or a part, before it was read; when what was lost had been received at the latest is not known yet. */
export const CUT_AT_UNKNOWN = 0xffff_ffff;

/** Of a page on which no block begins. */
export const NO_CLASS = 255;

/** One for nearly each class of one page, or whoever grows finds no room: 2 MiB. */
const PAGES_MIN = 64;

/** Reserves the memory of a segment whose blocks may take so many bytes. */
export function reserveSegment(bytesMax: number): SegmentMemory {
  const pages = Math.max(PAGES_MIN, Math.floor(bytesMax / PAGE_BYTES));
  const buckets = Math.max(BUCKETS_MIN * 2, Math.ceil((pages * PAGE_BYTES) / BYTES_A_BUCKET));
  const memory = {
    control: new SharedArrayBuffer(classesAtByte(pages) + Math.ceil(pages / 8) * 8),
    index: new SharedArrayBuffer((STRIPES + buckets * BUCKET.words) * 4),
    blocks: new SharedArrayBuffer(pages * PAGE_BYTES),
  };
  startControl(new Int32Array(memory.control));
  new Uint8Array(memory.control, classesAtByte(pages)).fill(NO_CLASS);
  return memory;
}

/** Sets the words of {@link CONTROL} to those of a segment in which nobody is. */
export function startControl(control: Int32Array): void {
  control.fill(0, 0, CONTROL_WORDS);
  Atomics.store(control, CONTROL.shape, shapeOf(Math.log2(BUCKETS_MIN), 0));
  control[CONTROL.pagesTaken] = 1;
}

function classesAtByte(pages: number): number {
  return (CONTROL_WORDS + pages * PAGE.words) * 4;
}

export const SPLIT_BITS = 26;

/** An index of 2^bits + split buckets, as one word. */
export function shapeOf(bits: number, split: number): number {
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
  /** {@link PAGE} words of each page. */
  protected readonly pageWords: Int32Array;
  protected readonly classes: Uint8Array;
  protected readonly stripes: Int32Array;
  protected readonly buckets: Int32Array;

  constructor(memory: SegmentMemory) {
    this.memory = memory;
    this.i32 = new Int32Array(memory.blocks);
    this.f64 = new Float64Array(memory.blocks);
    this.u8 = new Uint8Array(memory.blocks);
    this.control = new Int32Array(memory.control);
    const pages = memory.blocks.byteLength / PAGE_BYTES;
    this.pageWords = new Int32Array(memory.control, CONTROL_WORDS * 4, pages * PAGE.words);
    this.classes = new Uint8Array(memory.control, classesAtByte(pages), pages);
    this.stripes = new Int32Array(memory.index, 0, STRIPES);
    this.buckets = new Int32Array(memory.index, STRIPES * 4);
  }

  get subjectCount(): number {
    return this.control[CONTROL.subjects] ?? 0;
  }

  /**
   * When what the log had lost before it was read had been received at the latest, Unix seconds: whoever begins then may have ordered before. 0: nothing was lost;
   * {@link CUT_AT_UNKNOWN}: nobody has begun since.
   */
  get historyCutS(): number {
    return (this.control[CONTROL.historyCut] ?? 0) >>> 0;
  }

  /** Whether of a subject that begins at that moment, in received time, all orders are known: after so long a silence it would have begun anew in any case. */
  isHistoryKnownFrom(receivedMs: number): boolean {
    const cutS = this.historyCutS;
    return cutS === 0 || (cutS !== CUT_AT_UNKNOWN && receivedMs - cutS * 1_000 > SUBJECT_SILENCE_MAX_MS);
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
