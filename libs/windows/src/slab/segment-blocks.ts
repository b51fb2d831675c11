import { zeroUnits } from "./block.js";
import { CONTROL, NO_CLASS, PAGE, SegmentView } from "./segment-memory.js";
import { CLASS_BYTES, classFor, GRAIN_BYTES, PAGE_BYTES, pagesAtOnce } from "./size-classes.js";

const PAGE_GRAINS = PAGE_BYTES / GRAIN_BYTES;

/** Of blocks that take a page each. */
const PAGE_CLASS = classFor(PAGE_BYTES);

/** Pages of a class that are looked at for the one with the fewest blocks in use. */
const PAGES_LOOKED_AT = 8;

/** By class: how many blocks there are on a page, or on the pages that one takes. */
const BLOCKS_A_PAGE = CLASS_BYTES.map((bytes) => Math.max(1, Math.floor(PAGE_BYTES / bytes)));

/** By class: the class of the block that takes as many pages as one of its blocks, or the page that it is on. */
const PAGES_CLASS = CLASS_BYTES.map((bytes) => classFor(pagesAtOnce(bytes) * PAGE_BYTES));

/**
 * The blocks of a segment, of size classes: each page has blocks of one class and a free list of its own, as in a slab allocator (Bonwick 1994), so
 * that a page costs what is on it when it becomes another class's, however many blocks are free elsewhere. Pages that have some blocks in use
 * and some free are in the list of their class; those that have none in use are anybody's.
 */
export class SegmentBlocks extends SegmentView {
  #pageHand = 0;
  #hand = PAGE_GRAINS;

  /** A zeroed block of the class, its sequence word as its last user left it; 0 if the segment is full. */
  allocate(sizeClass: number): number {
    return this.allocateShared(sizeClass) || this.#startPage(sizeClass);
  }

  /** The same of a page that has blocks in use already. */
  protected allocateShared(sizeClass: number): number {
    const { control, pageWords } = this;
    const page = control[CONTROL.sharedPages + sizeClass] ?? 0;
    if (page === 0) return 0;
    const address = this.#takeFrom(page);
    control[CONTROL.sharedFree + sizeClass] = (control[CONTROL.sharedFree + sizeClass] ?? 0) - 1;
    if (pageWords[page * PAGE.words + PAGE.free] === 0) this.#unlink(page);
    return address;
  }

  /** Zeroes a block that no index entry names, and gives it back. A reader that still looks at it sees that it changed. */
  release(address: number): void {
    const { control, pageWords, i32 } = this;
    this.wipe(address);
    const page = Math.floor(address / PAGE_GRAINS);
    const sizeClass = this.classes[page] ?? NO_CLASS;
    const at = page * PAGE.words;
    const free = pageWords[at + PAGE.free] ?? 0;
    const used = (pageWords[at + PAGE.used] ?? 0) - 1;
    i32[(address << 2) + 1] = free;
    pageWords[at + PAGE.free] = address;
    pageWords[at + PAGE.used] = used;
    if (used === 0) {
      if (free !== 0) this.#unshare(page, sizeClass, (BLOCKS_A_PAGE[sizeClass] ?? 1) - 1);
      this.#giveFree(page);
      return;
    }
    if (free === 0) this.#link(page, CONTROL.sharedPages + sizeClass);
    control[CONTROL.sharedFree + sizeClass] = (control[CONTROL.sharedFree + sizeClass] ?? 0) + 1;
  }

  /** Zeroes a block, and changes its sequence word. */
  protected wipe(address: number): void {
    Atomics.or(this.i32, address << 2, 1);
    const unit = address << 1;
    zeroUnits(this.f64, unit + 1, unit + (this.bytesOf(address) >> 3));
    Atomics.add(this.i32, address << 2, 1);
  }

  /**
   * The next block in turn, for whoever looks a little further each time; 0 if there is none. It may be free.
   * Blocks are met in the order of memory, which is the cheapest to go through.
   */
  turnHand(): number {
    const grains = (CLASS_BYTES[this.classOf(this.#hand)] ?? PAGE_BYTES) / GRAIN_BYTES;
    const next = this.#hand + grains;
    const pageEnd = (Math.floor(this.#hand / PAGE_GRAINS) + 1) * PAGE_GRAINS;
    if (next + grains <= pageEnd) {
      this.#hand = next;
      return next;
    }
    const taken = this.pagesTaken * PAGE_GRAINS;
    this.#hand = Math.max(pageEnd, next);
    while (this.#hand < taken && this.classOf(this.#hand) === NO_CLASS) this.#hand += PAGE_GRAINS;
    if (this.#hand >= taken) this.#hand = PAGE_GRAINS;
    return taken > PAGE_GRAINS ? this.#hand : 0;
  }

  /** A page of the class, another one each time until all had their turn; 0 if there is none. */
  nextPageOfClass(sizeClass: number): number {
    this.#pageHand = this.classes.indexOf(sizeClass, this.#pageHand + 1);
    if (this.#pageHand === -1) this.#pageHand = this.classes.indexOf(sizeClass, 1);
    const isTaken = this.#pageHand !== -1 && this.#pageHand < this.pagesTaken;
    if (!isTaken) this.#pageHand = 0;
    return this.#pageHand;
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

  /** The blocks on a page, or the one that begins with it: from the first address, so many grains apart, to before the end. */
  blocksOf(page: number): { readonly first: number; readonly end: number; readonly grains: number } {
    const sizeClass = this.classes[page] ?? NO_CLASS;
    const grains = (CLASS_BYTES[sizeClass] ?? PAGE_BYTES) / GRAIN_BYTES;
    const first = page * PAGE_GRAINS;
    return { first, end: first + grains * (BLOCKS_A_PAGE[sizeClass] ?? 1), grains };
  }

  /** True if whoever has a block on so many pages of a page's class, this one among them, would find another elsewhere. */
  canMoveFrom(page: number, pages: number): boolean {
    if (this.pageWords[page * PAGE.words + PAGE.used] === 0) return true;
    const sizeClass = this.classes[page] ?? NO_CLASS;
    const free = this.control[CONTROL.sharedFree + sizeClass] ?? 0;
    return free >= pages * (BLOCKS_A_PAGE[sizeClass] ?? Infinity);
  }

  /** The next class from one on of which as many blocks are free, on pages that others are on, as a page has; −1 if there is none. */
  spareClassFrom(sizeClass: number): number {
    const { control } = this;
    for (let at = sizeClass; at < PAGE_CLASS; at += 1) {
      if ((control[CONTROL.sharedFree + at] ?? 0) >= (BLOCKS_A_PAGE[at] ?? 0)) return at;
    }
    return -1;
  }

  /** Of some pages of a class on which blocks are free the one with the fewest in use; 0 if there is none. */
  leastUsedPage(sizeClass: number): number {
    const { pageWords } = this;
    let found = this.control[CONTROL.sharedPages + sizeClass] ?? 0;
    let page = found;
    for (let looks = 0; looks < PAGES_LOOKED_AT && page !== 0; looks += 1) {
      const used = pageWords[page * PAGE.words + PAGE.used] ?? 0;
      if (used < (pageWords[found * PAGE.words + PAGE.used] ?? 0)) found = page;
      page = pageWords[page * PAGE.words + PAGE.next] ?? 0;
    }
    return found;
  }

  /** Makes pages beside each other whose blocks are all free one page, or one block, of another class; what is left over becomes blocks of a page. */
  retype(page: number, pages: number, sizeClass: number): void {
    const first = page * PAGE_GRAINS;
    const end = (page + pages) * PAGE_GRAINS;
    for (let at = page; at < page + pages; at += this.pagesFrom(at)) {
      if (this.pageWords[at * PAGE.words + PAGE.used] !== 0) throw new Error(`page ${at} is in use`);
      this.close(at);
    }
    this.f64.fill(0, 2 * first, 2 * end);
    this.classes.fill(NO_CLASS, page, page + pages);
    // Where it stands no block need begin any more.
    if (this.#hand >= first && this.#hand < end) this.#hand = first;
    const needed = pagesAtOnce(CLASS_BYTES[sizeClass] ?? PAGE_BYTES);
    for (let rest = page + needed; rest < page + pages; rest += 1) this.#open(rest, PAGE_CLASS);
    this.#open(page, sizeClass);
  }

  /** Takes a page out of its list, and its free blocks with it: nothing on it is given to anybody. */
  protected close(page: number): void {
    const at = page * PAGE.words;
    const sizeClass = this.classes[page] ?? NO_CLASS;
    const used = this.pageWords[at + PAGE.used] ?? 0;
    this.pageWords[at + PAGE.free] = 0;
    if (this.pageWords[at + PAGE.before] === 0) return;
    if (used === 0) this.#takeFree(page);
    else this.#unshare(page, sizeClass, (BLOCKS_A_PAGE[sizeClass] ?? 1) - used);
  }

  /** Notes that a block of a closed page is no longer in use. */
  protected leave(address: number): void {
    const at = Math.floor(address / PAGE_GRAINS) * PAGE.words + PAGE.used;
    this.pageWords[at] = (this.pageWords[at] ?? 0) - 1;
  }

  /** The first block of a page of which none is in use; 0 if there is no such page. */
  #startPage(sizeClass: number): number {
    const { control, pageWords } = this;
    const page = this.#emptyPage(sizeClass, pagesAtOnce(CLASS_BYTES[sizeClass] ?? PAGE_BYTES));
    if (page === 0) return 0;
    this.#takeFree(page);
    const address = this.#takeFrom(page);
    if (pageWords[page * PAGE.words + PAGE.free] === 0) return address;
    this.#link(page, CONTROL.sharedPages + sizeClass);
    const more = (BLOCKS_A_PAGE[sizeClass] ?? 1) - 1;
    control[CONTROL.sharedFree + sizeClass] = (control[CONTROL.sharedFree + sizeClass] ?? 0) + more;
    return address;
  }

  /**
   * A page of the class of which no block is in use: one that was given back, whatever it was, else a new one; where memory is used up, one of a
   * longer stretch that is free.
   */
  #emptyPage(sizeClass: number, needed: number): number {
    const free = this.control[CONTROL.freePages + (PAGES_CLASS[sizeClass] ?? 0)] ?? 0;
    if (free !== 0) {
      if (this.classes[free] !== sizeClass) this.retype(free, needed, sizeClass);
      return free;
    }
    const taken = this.pagesTaken;
    if (taken + needed <= this.#pagesMax) {
      this.control[CONTROL.pagesTaken] = taken + needed;
      this.#open(taken, sizeClass);
      return taken;
    }
    const [page, pages] = this.#freeStretch(sizeClass, needed);
    if (page === 0) return 0;
    this.control[CONTROL.pagesTaken] = Math.max(taken, page + pages);
    this.retype(page, pages, sizeClass);
    return page;
  }

  get #pagesMax(): number {
    return this.pageWords.length / PAGE.words;
  }

  /** More pages beside each other than are needed, or as many that were not given back together: where they begin, 0 if there are none. */
  #freeStretch(sizeClass: number, needed: number): readonly [page: number, pages: number] {
    const pagesMax = this.#pagesMax;
    if ((this.control[CONTROL.pagesFree] ?? 0) + pagesMax - this.pagesTaken < needed) return [0, 0];
    for (let larger = (PAGES_CLASS[sizeClass] ?? 0) + 1; larger < CLASS_BYTES.length; larger += 1) {
      const page = this.control[CONTROL.freePages + larger] ?? 0;
      if (page !== 0) return [page, this.pagesFrom(page)];
    }
    for (let page = 1, next = 1; next < pagesMax;) {
      const isFree = this.pageWords[next * PAGE.words + PAGE.used] === 0;
      next += this.pagesFrom(next);
      if (!isFree) page = next;
      else if (next - page >= needed) return [page, next - page];
    }
    return [0, 0];
  }

  /** Makes a page, or as many as a block of the class takes, free blocks of it. */
  #open(page: number, sizeClass: number): void {
    this.classes[page] = sizeClass;
    const grains = (CLASS_BYTES[sizeClass] ?? PAGE_BYTES) / GRAIN_BYTES;
    const first = page * PAGE_GRAINS;
    let free = 0;
    // Handed out in ascending order: neighbours in time become neighbours in memory.
    for (let at = first + ((BLOCKS_A_PAGE[sizeClass] ?? 1) - 1) * grains; at >= first; at -= grains) {
      this.i32[(at << 2) + 1] = free;
      free = at;
    }
    this.pageWords[page * PAGE.words + PAGE.free] = free;
    this.#giveFree(page);
  }

  /** Takes a free block of a page. */
  #takeFrom(page: number): number {
    const { pageWords, i32 } = this;
    const at = page * PAGE.words;
    const address = pageWords[at + PAGE.free] ?? 0;
    pageWords[at + PAGE.free] = i32[(address << 2) + 1] ?? 0;
    pageWords[at + PAGE.used] = (pageWords[at + PAGE.used] ?? 0) + 1;
    i32[(address << 2) + 1] = 0;
    return address;
  }

  /** Puts a page of which no block is in use into the list of those that are anybody's. */
  #giveFree(page: number): void {
    const { control } = this;
    this.#link(page, CONTROL.freePages + (PAGES_CLASS[this.classes[page] ?? NO_CLASS] ?? 0));
    control[CONTROL.pagesFree] = (control[CONTROL.pagesFree] ?? 0) + this.pagesFrom(page);
  }

  #takeFree(page: number): void {
    const { control } = this;
    this.#unlink(page);
    control[CONTROL.pagesFree] = (control[CONTROL.pagesFree] ?? 0) - this.pagesFrom(page);
  }

  /** Takes a page with so many free blocks out of the list of its class. */
  #unshare(page: number, sizeClass: number, free: number): void {
    const { control } = this;
    this.#unlink(page);
    control[CONTROL.sharedFree + sizeClass] = (control[CONTROL.sharedFree + sizeClass] ?? 0) - free;
  }

  #link(page: number, head: number): void {
    const { control, pageWords } = this;
    const at = page * PAGE.words;
    const next = control[head] ?? 0;
    pageWords[at + PAGE.next] = next;
    pageWords[at + PAGE.before] = -head;
    if (next !== 0) pageWords[next * PAGE.words + PAGE.before] = page;
    control[head] = page;
  }

  #unlink(page: number): void {
    const { control, pageWords } = this;
    const at = page * PAGE.words;
    const next = pageWords[at + PAGE.next] ?? 0;
    const before = pageWords[at + PAGE.before] ?? 0;
    if (before < 0) control[-before] = next;
    else pageWords[before * PAGE.words + PAGE.next] = next;
    if (next !== 0) pageWords[next * PAGE.words + PAGE.before] = before;
    pageWords[at + PAGE.before] = 0;
  }
}
