import {
  keyedHashBytes,
  toBigint,
  type Millis,
  type Refusal,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import { ByteWriter } from "../byte-writer.js";
import { CART_SKUS_MAX, openLinesAt, type CartLine } from "../cart.js";
import { DISCOUNT_MINOR, REVENUE_MINOR, UNITS } from "../counters.js";
import { EVENT_KINDS, type WindowEvent } from "../event.js";
import { ProductMarks } from "../product-marks.js";
import { DEDUP_IDS_MAX, DEDUP_IDS_MIN } from "../recent-ids.js";
import { emptySnapshot, type FeatureSnapshot } from "../snapshot.js";
import { checksumOf, encodeSubject } from "../subject-encoding.js";
import type { SubjectPart } from "../subject-parts.js";
import { newestCartMs } from "../subject-state.js";
import { AHEAD_MAX_MS, WINDOWS } from "../tiling.js";
import { noCounts } from "../window-counts.js";
import type { Verdict, WindowStore } from "../window-store.js";
import { assignmentKeyAt, kindSeenMs, subjectIdOf, UNIT, WORD } from "./block.js";
import { CartWriter } from "./cart-writer.js";
import { SegmentWalk, type CheckpointedBlock } from "./checkpoint.js";
import { CellCompactor, levelFor, NO_MARK } from "./cells.js";
import { FeatureReader } from "./feature-reader.js";
import { RING_ROOM_MAX } from "./id-ring.js";
import { RoomMaker } from "./room-maker.js";
import { Segment } from "./segment.js";
import { CUT_AT_UNKNOWN, reserveSegment, type SegmentMemory } from "./segment-memory.js";
import { SUBJECT_SILENCE_MAX_MS } from "./silence.js";
import { SlabEvent } from "./slab-event.js";
import { SubjectStates } from "./subject-states.js";
import { SubjectWriter } from "./subject-writer.js";

/** Bounds of one subject's state. They are part of what the state is a function of: keep them the same over a rebuild. */
export interface WindowStoreOptions {
  /** Event ids of the last 24 hours remembered per subject: at least 128, by default 4,096. */
  readonly dedupIdsMax?: number;
  /** Products that a cart remembers: at least 1, by default 256. */
  readonly cartSkusMax?: number;
  /** Bytes of memory that all subjects together may take; by default 32 MiB, for some 150,000. Beyond, those silent longest are forgotten. */
  readonly bytesMax?: number;
  /** Memory to use, as `reserveSegment` made it; by default it is reserved here. */
  readonly memory?: SegmentMemory;
}

/**
 * Memory of a store, unless it was given another bound. It is reserved, and taken as subjects come; what is reserved counts
 * as committed to the operating system, so that a process with many stores could not start another.
 */
export const BYTES_MAX = 2 ** 25;

/** Most events that are taken in together. */
export const EVENTS_AT_ONCE_MAX = 256;

/** Units of a block for a subject's first event: its kind, a cell and an id. */
const FIRST_UNITS = UNIT.recency + 1 + 2 + 2;

const PAGE_VIEW = EVENT_KINDS.indexOf("page_view");
const PRODUCT_VIEW = EVENT_KINDS.indexOf("product_view");
const CART_ADD = EVENT_KINDS.indexOf("cart_add");
const CART_REMOVE = EVENT_KINDS.indexOf("cart_remove");
const PURCHASE = EVENT_KINDS.indexOf("purchase");

const APPLIED: Verdict = { verdict: "applied" };
const LATE: Verdict = { verdict: "late" };
const DUPLICATE: Verdict = { verdict: "duplicate" };
const AHEAD: Verdict = { verdict: "ahead", reason: "ahead_of_received" };
const ALREADY_APPLIED: Verdict = { verdict: "already_applied" };
const NO_ROOM: Verdict = { verdict: "no_room" };

/** Makes an empty store, or one over memory that is in use already. */
export function createWindowStore(options: WindowStoreOptions = {}): SlabWindowStore {
  const { dedupIdsMax = DEDUP_IDS_MAX, cartSkusMax = CART_SKUS_MAX, bytesMax = BYTES_MAX } = options;
  assertBetween("dedupIdsMax", dedupIdsMax, DEDUP_IDS_MIN, RING_ROOM_MAX);
  assertBetween("cartSkusMax", cartSkusMax, 1);
  assertBetween("bytesMax", bytesMax, 2 ** 20);
  return new SlabWindowStore(options.memory ?? reserveSegment(bytesMax), dedupIdsMax, cartSkusMax);
}

/** The windows of one partition's subjects, off the JavaScript heap. */
export class SlabWindowStore implements WindowStore {
  readonly counts = noCounts();
  readonly #segment: Segment;
  readonly #room: RoomMaker;
  readonly #writer: SubjectWriter;
  readonly #cart: CartWriter;
  readonly #reader = new FeatureReader();
  readonly #states: SubjectStates;
  readonly #marks = new ProductMarks();
  readonly #event = new SlabEvent();
  readonly #dedupIdsMax: number;
  readonly #addressesAhead = new Int32Array(EVENTS_AT_ONCE_MAX + 1);

  constructor(memory: SegmentMemory, dedupIdsMax: number, cartSkusMax: number) {
    this.#segment = new Segment(memory);
    this.#room = new RoomMaker(this.#segment, this.counts);
    const compactor = new CellCompactor();
    this.#writer = new SubjectWriter(this.#segment, compactor, (sizeClass) => this.#room.makeRoom(sizeClass));
    this.#cart = new CartWriter(this.#writer, this.counts, cartSkusMax);
    this.#dedupIdsMax = dedupIdsMax;
    const [segment, writer, room] = [this.#segment, this.#writer, this.#room];
    const bounds = { counts: this.counts, dedupIdsMax, cartSkusMax };
    this.#states = new SubjectStates({ segment, writer, room, compactor, bounds });
  }

  /** The memory, for readers in other threads. */
  get memory(): SegmentMemory {
    return this.#segment.memory;
  }

  get subjectCount(): number {
    return this.#segment.subjectCount;
  }

  /** Bytes of memory that subjects and their index take, their free blocks included. */
  get bytesInUse(): number {
    return this.#segment.bytesInUse;
  }

  *subjects(): IterableIterator<SubjectId> {
    for (const address of this.#addresses()) yield this.#subjectAt(address);
  }

  apply(subject: SubjectId, event: WindowEvent, offset: number): Verdict {
    assertEvent(event);
    return this.applySlabEvent(this.#event.fill(subject, event, this.#marks), offset);
  }

  /**
   * Takes events in, one after the other, as {@link WindowStore.apply} does; `onVerdict` hears what became of each. Their subjects' memory is
   * read ahead, all together: what would be waited for one after the other is then waited for at once.
   *
   * @param offsets the records' offsets
   */
  applySlabEvents(
    events: readonly SlabEvent[],
    offsets: ArrayLike<number>,
    count: number,
    onVerdict: (verdict: Verdict, index: number) => void,
  ): void {
    this.#readAhead(events, count);
    for (let index = 0; index < count; index += 1) {
      const event = events[index];
      if (event !== undefined) onVerdict(this.applySlabEvent(event, offsets[index] ?? -1), index);
    }
  }

  /** Reads buckets, then headers, then ids: in each loop no step waits for another. */
  #readAhead(events: readonly SlabEvent[], count: number): void {
    const { f64, i32 } = this.#segment;
    const addresses = this.#addressesAhead;
    let read = 0;
    for (let index = 0; index < count; index += 1) {
      const event = events[index];
      if (event !== undefined) read ^= this.#segment.wordOfBucket(event.s1, event.s3);
    }
    for (let index = 0; index < count; index += 1) {
      const event = events[index];
      if (event !== undefined) addresses[index] = this.#segment.find(event.s0, event.s1, event.s2, event.s3);
    }
    for (let index = 0; index < count; index += 1) {
      const address = addresses[index] ?? 0;
      const end = 2 * address + this.#segment.bytesOf(address) / 8;
      const ids = end - 2 * (i32[4 * address + WORD.idRoom] ?? 0);
      const cells = 2 * address + (i32[4 * address + WORD.cellsAt] ?? 0) + 2 * (i32[4 * address + WORD.cellCount] ?? 0);
      read ^= (f64[ids] ?? 0) ^ (f64[cells - 1] ?? 0) ^ (f64[end - 1] ?? 0);
    }
    // Kept, so that nobody takes the reading for useless.
    addresses[EVENTS_AT_ONCE_MAX] = read;
  }

  /** Takes an event in, as {@link WindowStore.apply} does. */
  applySlabEvent(event: SlabEvent, offset: number): Verdict {
    assertBetween("offset", offset, 0);
    const { f64 } = this.#segment;
    let address = this.#segment.find(event.s0, event.s1, event.s2, event.s3);
    if (address !== 0) {
      const unit = 2 * address;
      if (offset <= (f64[unit + UNIT.lastOffset] ?? -1)) {
        this.counts.alreadyApplied += 1;
        return ALREADY_APPLIED;
      }
      if (event.receivedAtMs - (f64[unit + UNIT.newestReceivedMs] ?? 0) > SUBJECT_SILENCE_MAX_MS) {
        this.#segment.drop(address);
        this.counts.expired += 1;
        address = 0;
      }
    }
    if (event.atMs > event.receivedAtMs + AHEAD_MAX_MS) {
      this.counts.ahead += 1; // it leaves no trace: with its clock mended, the same event may come again
      return AHEAD;
    }
    this.#room.noteReceived(event.receivedAtMs);
    return this.#applyTo(address, event, offset);
  }

  #applyTo(address: number, event: SlabEvent, offset: number): Verdict {
    const writer = this.#writer;
    try {
      if (address === 0) this.#start(event, event.receivedAtMs);
      else writer.open(address);
      const { f64 } = this.#segment;
      f64[writer.unit + UNIT.lastOffset] = offset;
      if (event.receivedAtMs > (f64[writer.unit + UNIT.newestReceivedMs] ?? -1)) {
        f64[writer.unit + UNIT.newestReceivedMs] = event.receivedAtMs;
      }
      const verdict = this.#applyOpen(event);
      writer.close();
      return verdict;
    } catch (error) {
      this.#states.leave(error, event.s0, event.s1, event.s2, event.s3);
      return NO_ROOM;
    }
  }

  #start(event: SlabEvent, receivedAtMs: number): void {
    const { s0, s1, s2, s3, hasKey, a0, a1, a2, a3 } = event;
    const hasId = event.idMark !== NO_MARK;
    this.#room.sweep();
    this.#writer.openNew(FIRST_UNITS, s0, s1, s2, s3);
    // What is lost was received before: records stand on the log in the order in which they were.
    if (this.#segment.historyCutS === CUT_AT_UNKNOWN) this.historyCutS = Math.ceil(receivedAtMs / 1_000);
    this.#writer.startEmpty(hasId ? 1 : 0, this.#segment.isHistoryKnownFrom(receivedAtMs));
    const isOwn = a0 === s0 && a1 === s1 && a2 === s2 && a3 === s3;
    if (hasKey && !isOwn) this.#writer.noteKey(a0, a1, a2, a3);
  }

  #applyOpen(event: SlabEvent): Verdict {
    const { idMark, receivedAtMs } = event;
    const writer = this.#writer;
    if (idMark !== NO_MARK) {
      if (writer.ids().has(idMark)) {
        this.counts.duplicate += 1;
        return DUPLICATE;
      }
      // A late event's id is remembered too: its repeat must not reach the purchase history twice.
      this.counts.dedupOverflow += writer.rememberId(idMark, Math.floor(receivedAtMs / 1_000), this.#dedupIdsMax);
    } else this.counts.withoutEventId += 1;
    return this.#count(event);
  }

  #count(event: SlabEvent): Verdict {
    const { kind, atMs, productMark } = event;
    const writer = this.#writer;
    const { f64 } = this.#segment;
    const newestAt = writer.unit + UNIT.newestMs;
    const newestMs = f64[newestAt] ?? -1;
    if (atMs > newestMs) f64[newestAt] = atMs;
    const level = atMs > newestMs ? 0 : levelFor(atMs, newestMs);
    if (level !== 0) writer.noteDropped(atMs, level === -1 ? WINDOWS.length : level);
    // An order too late for the windows is one of the shopper's all the same.
    if (kind === PURCHASE) writer.noteOrder(atMs, event.revenueMinor ?? 0, this.#seenMs(PURCHASE) < 0);
    if (level === -1) {
      this.counts.late += 1;
      return LATE;
    }
    const begun = writer.advanceSession(event, PAGE_VIEW, PRODUCT_VIEW) ? 1 : 0;
    // Cells come last: what stands before them would have to move them.
    writer.noteKind(kind, atMs);
    this.#noteTexts(event);
    writer.count(level, atMs, kind, 1, begun, productMark);
    if (kind === PURCHASE) this.#countOrder(event, level);
    if (kind === CART_ADD || kind === CART_REMOVE || kind === PURCHASE) this.#changeCart(event);
    writer.compactWhenDue();
    this.counts.applied += 1;
    return APPLIED;
  }

  #countOrder({ atMs, lines, units, revenueMinor, discountMinor = 0 }: SlabEvent, level: number): void {
    const writer = this.#writer;
    for (const { productId } of lines) writer.count(level, atMs, PURCHASE, 0, 0, this.#marks.of(productId));
    const bought = lines.length === 0 ? units : lines.reduce((sum, line) => sum + line.units, 0);
    if (bought !== 0) writer.count(level, atMs, UNITS, 0, 0, bought);
    if (revenueMinor === undefined) {
      this.counts.foreignCurrency += 1;
      return;
    }
    if (revenueMinor !== 0) writer.count(level, atMs, REVENUE_MINOR, 0, 0, revenueMinor);
    if (discountMinor !== 0) writer.count(level, atMs, DISCOUNT_MINOR, 0, 0, discountMinor);
  }

  #noteTexts({ atMs, channel, device, place, sessionId }: SlabEvent): void {
    const writer = this.#writer;
    if (channel !== undefined) writer.noteText(0, channel, atMs);
    if (device !== undefined) writer.noteText(1, device, atMs);
    if (place !== undefined) writer.noteText(2, place, atMs);
    if (sessionId !== undefined) writer.noteText(3, sessionId, atMs);
  }

  #changeCart({ kind, atMs, productId, units, unitPriceMinor }: SlabEvent): void {
    if (kind === PURCHASE) {
      this.#cart.clearThrough(atMs);
      return;
    }
    if (productId === undefined || units === 0) return;
    const purchasedMs = this.#seenMs(PURCHASE);
    if (atMs <= purchasedMs) return;
    const change = { atMs, units: kind === CART_ADD ? units : -units, unitPriceMinor };
    this.#cart.change(productId, change, Math.max(this.#seenMs(CART_ADD), this.#seenMs(CART_REMOVE), purchasedMs));
  }

  #seenMs(kind: number): number {
    return kindSeenMs(this.#segment.f64, this.#writer.unit, this.#writer.flags, kind);
  }

  noteAssignmentKey(subject: SubjectId, key: SubjectId, receivedAtMs: Millis): void {
    if (this.#states.find(subject) !== 0) return;
    const event = this.#event;
    event.clear();
    event.setSubject(subject);
    event.setAssignmentKey(key);
    this.#states.make(event.s0, event.s1, event.s2, event.s3, () => {
      this.#start(event, receivedAtMs);
      this.#segment.f64[this.#writer.unit + UNIT.newestReceivedMs] = receivedAtMs;
      this.#room.noteReceived(receivedAtMs);
      this.#writer.close();
    });
  }

  assignmentKeyOf(subject: SubjectId): SubjectId | undefined {
    const address = this.#states.find(subject);
    return address === 0 ? undefined : (assignmentKeyAt(this.#segment.i32, 2 * address) ?? subject);
  }

  read(subject: SubjectId, atMs: Millis, into: FeatureSnapshot = emptySnapshot()): FeatureSnapshot {
    const address = this.#states.find(subject);
    if (address === 0 || this.#isSilentAt(address, atMs))
      this.#reader.readNothing(atMs, this.#segment.isHistoryKnownFrom(atMs), into);
    else this.#reader.read(this.#writer.views, 2 * address, atMs, into);
    return into;
  }

  cartLinesOf(subject: SubjectId, atMs: Millis): readonly CartLine[] {
    const address = this.#states.find(subject);
    if (address === 0 || this.#isSilentAt(address, atMs)) return [];
    const state = this.#states.at(address);
    return newestCartMs(state) <= atMs + AHEAD_MAX_MS ? openLinesAt(state.cart, atMs) : [];
  }

  lastOffsetOf(subject: SubjectId): number {
    const address = this.#states.find(subject);
    return address === 0 ? -1 : (this.#segment.f64[2 * address + UNIT.lastOffset] ?? -1);
  }

  forget(subject: SubjectId): boolean {
    const address = this.#states.find(subject);
    if (address === 0) return false;
    this.#segment.drop(address);
    return true;
  }

  exportSubject(subject: SubjectId): Uint8Array | undefined {
    return this.#states.encoded(subject);
  }

  exportParts(subject: SubjectId, bytesMax: number): readonly SubjectPart[] {
    return this.#states.encodedInParts(subject, bytesMax);
  }

  restoreSubject(subject: SubjectId, bytes: Uint8Array): Result<void, Refusal> {
    return this.#states.restore(subject, bytes);
  }

  mergeSubject(
    subject: SubjectId,
    bytes: Uint8Array,
    cause: string,
    offset = -1,
    purchaseHistory?: Uint8Array,
  ): Result<boolean, Refusal> {
    return this.#states.merge(subject, bytes, cause, offset, purchaseHistory);
  }

  /** Forgets everybody. */
  clear(): void {
    for (const address of [...this.#addresses()]) this.#segment.drop(address);
  }

  /** To be kept with a checkpoint, and set when it is taken up: see `SegmentView.historyCutS`. */
  get historyCutS(): number {
    return this.#segment.historyCutS;
  }

  set historyCutS(cutS: number) {
    this.#segment.cutHistoriesAt(cutS);
  }

  /**
   * Says that records are missing before the next one that is taken in, as where retention took the log's beginning away: what orders were among them nobody
   * knows, of nobody. Whoever begins more than 180 days after that next record is known again: after such a silence it would have begun anew.
   */
  cutHistories(): void {
    this.historyCutS = CUT_AT_UNKNOWN;
    for (const address of [...this.#addresses()]) {
      this.#writer.open(address);
      this.#writer.loseHistory();
      this.#writer.close();
    }
  }

  /** Begins to walk over all subjects, for a checkpoint. */
  walk(): SegmentWalk {
    return new SegmentWalk(this.#segment);
  }

  /** Puts a subject out of a checkpoint in the place of what is known of it. */
  restoreBlock(block: CheckpointedBlock): void {
    this.#states.restoreBlock(block);
  }

  digest(): string {
    const writer = new ByteWriter();
    const all = [...this.#addresses()].map((address) => ({ address, subject: this.#subjectAt(address) }));
    for (const { address, subject } of all.sort((a, b) => (a.subject < b.subject ? -1 : 1))) {
      writer.text(subject);
      writer.text(this.assignmentKeyOf(subject) ?? "");
      for (const byte of checksumOf(encodeSubject(this.#states.at(address)))) writer.integer(byte);
    }
    return toBigint(keyedHashBytes({ k0: 0n, k1: 0n }, writer.bytes()))
      .toString(16)
      .padStart(16, "0");
  }

  #subjectAt(address: number): SubjectId {
    const { i32 } = this.#segment;
    const word = 4 * address + WORD.subject;
    return subjectIdOf(i32[word] ?? 0, i32[word + 1] ?? 0, i32[word + 2] ?? 0, i32[word + 3] ?? 0);
  }

  *#addresses(): Generator<number> {
    for (let bucket = 0; bucket < this.#segment.bucketCount; bucket += 1) yield* this.#segment.addressesOf(bucket);
  }

  #isSilentAt(address: number, atMs: number): boolean {
    return atMs - (this.#segment.f64[2 * address + UNIT.newestReceivedMs] ?? 0) > SUBJECT_SILENCE_MAX_MS;
  }
}

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
  assertBetween("atMs", atMs, 0);
  assertBetween("receivedAtMs", receivedAtMs, 0);
  assertBetween("units", units, 0);
  for (const line of lines) assertBetween("lines.units", line.units, 0);
  assertBetween("revenueMinor", revenueMinor ?? 0, Number.MIN_SAFE_INTEGER);
  assertBetween("discountMinor", discountMinor ?? 0, Number.MIN_SAFE_INTEGER);
  assertBetween("unitPriceMinor", unitPriceMinor ?? 0, 0);
}

function assertBetween(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  const most = max === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${max}`;
  throw new RangeError(`${name}: expected a safe integer of at least ${min}${most}, got ${value}`);
}
