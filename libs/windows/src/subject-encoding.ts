import { err, keyedHashBytes, ok, refusal, type Hash64, type Refusal, type Result } from "@leastwise/vocabulary";
import { ByteReader, MalformedBytes } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { readCart, writeCart } from "./cart-encoding.js";
import { addWithinSafeRange, TILE_COUNTERS } from "./counters.js";
import { EVENT_KINDS } from "./event.js";
import type { LastSeen, SeenText } from "./last-seen.js";
import type { PurchaseHistory } from "./purchase-history.js";
import type { RecentId } from "./recent-ids.js";
import type { Session } from "./session.js";
import { isAmount, splitCell } from "./slab/cells.js";
import { emptySubject, lastPurchaseMs, noteHistoryUnknown, type Cell, type SubjectState } from "./subject-state.js";
import { WINDOWS } from "./tiling.js";

/**
 * One subject's state as bytes: a version, the fields in a fixed order, and eight bytes of SipHash-2-4 (key 0, 0) over
 * all before. The same state has one encoding only, so that equal bytes mean equal state, and the reverse.
 */
const WITHOUT_HISTORY_VERSION = 2;
/** The same, and the purchase history behind it, or that it is unknown. Only where there is that to tell: who knows the version before alone reads all others. */
const SUBJECT_ENCODING_VERSION = 3;

/** More of one kind within one tile is no count. */
const COUNT_END = 2 ** 32;

const CHECKSUM_BYTES = 8;
const UNKEYED = { k0: 0n, k1: 0n };

/** Encodes a state. */
export function encodeSubject(state: SubjectState): Uint8Array {
  const writer = new ByteWriter();
  writer.integer(tellsOfHistory(state) ? SUBJECT_ENCODING_VERSION : WITHOUT_HISTORY_VERSION);
  writer.integer(state.lastOffset);
  writer.integer(state.newestMs);
  writer.integer(state.newestReceivedMs);
  for (const tile of state.dropped) writer.integer(tile);
  writeCells(writer, state.cells);
  writeSeen(writer, state.seen);
  writer.optional(state.session, (session) => {
    writeSession(writer, session);
  });
  writeCart(writer, state.cart);
  writeRecentIds(writer, state.recentIds);
  writer.integer(state.causes.length);
  for (const cause of state.causes) writer.text(cause);
  if (tellsOfHistory(state)) {
    writer.optional(state.history, (history) => {
      writeHistory(writer, history);
    });
  }
  return withChecksum(writer.bytes());
}

/** Whether the version before could not say it: there it is unknown where an order was seen, and there was none else. */
function tellsOfHistory(state: SubjectState): boolean {
  return state.history !== undefined || (state.isHistoryUnknown && lastPurchaseMs(state) < 0);
}

/** The history alone, as a state without anything else; undefined if there is nothing to tell of it, or {@link withoutHistory} tells it, too. */
export function encodeHistory(state: SubjectState): Uint8Array | undefined {
  const { history, isHistoryUnknown } = state;
  return tellsOfHistory(state) ? encodeSubject({ ...emptySubject(), history, isHistoryUnknown }) : undefined;
}

/** The state but for the history, which is unknown then where an order was seen. */
export function withoutHistory(state: SubjectState): SubjectState {
  return { ...state, history: undefined, isHistoryUnknown: false };
}

/** Puts what {@link encodeHistory} told into the state of which it was told. Refuses as {@link decodeSubject}. */
export function withHistory(state: SubjectState, encoded: Uint8Array): Result<SubjectState, Refusal> {
  const decoded = decodeSubject(encoded);
  if (!decoded.ok) return decoded;
  const { history, isHistoryUnknown } = decoded.value;
  return ok({ ...state, history, isHistoryUnknown });
}

/**
 * Decodes a state.
 *
 * @returns a refusal with reason `state_corrupt` if the bytes were cut or changed, `state_version_unknown` if another
 * version wrote them
 */
export function decodeSubject(bytes: Uint8Array): Result<SubjectState, Refusal> {
  const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  if (bytes.length < CHECKSUM_BYTES || !sameBytes(withChecksum(body), bytes)) {
    return err(refusal("state_corrupt", "state", `${bytes.length} bytes`, "bytes that agree with their checksum"));
  }
  const reader = new ByteReader(body);
  try {
    const version = reader.integer();
    if (version !== SUBJECT_ENCODING_VERSION && version !== WITHOUT_HISTORY_VERSION) {
      return err(refusal("state_version_unknown", "state.version", version, `version ${SUBJECT_ENCODING_VERSION}`));
    }
    const state = readState(reader);
    if (version === SUBJECT_ENCODING_VERSION) {
      state.history = reader.optional(() => readHistory(reader));
      state.isHistoryUnknown = state.history === undefined;
    }
    noteHistoryUnknown(state);
    if (!reader.isAtEnd) throw new MalformedBytes("bytes are left over");
    return ok(state);
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    return err(refusal("state_corrupt", "state", error.message, "one subject's encoded state"));
  }
}

/** The checksum that ends an encoded state, which stands for the whole of it. */
export function checksumOf(encoded: Uint8Array): Uint8Array {
  return encoded.subarray(encoded.length - CHECKSUM_BYTES);
}

function readState(reader: ByteReader): SubjectState {
  const state = emptySubject();
  state.lastOffset = reader.integer();
  state.newestMs = reader.integer();
  state.newestReceivedMs = reader.integer();
  state.dropped = state.dropped.map(() => reader.integer());
  state.cells = readCells(reader);
  state.seen = readSeen(reader);
  state.session = reader.optional(() => readSession(reader));
  state.cart = readCart(reader);
  state.recentIds = readRecentIds(reader);
  state.causes = reader.list(() => reader.text());
  return state;
}

/** Cells in one order, those of one key as one, so that it does not show how they came to be. */
function writeCells(writer: ByteWriter, cells: readonly Cell[]): void {
  const united = uniteCells(cells);
  writer.integer(united.length);
  let before = 0;
  for (const { start, level, counter, begun, count, value } of united) {
    writer.integer(start - before);
    before = start;
    writer.integer(level);
    writer.integer(counter);
    writer.integer(begun);
    writer.integer(count);
    writer.integer(value);
  }
}

/** Cells in one order, those of one key as one. */
export function uniteCells(cells: readonly Cell[]): Cell[] {
  const sorted = [...cells].sort(
    (a, b) => a.start - b.start || a.level - b.level || a.counter - b.counter || a.value - b.value,
  );
  const united: Cell[] = [];
  for (const cell of sorted) {
    const last = united.at(-1);
    if (last === undefined || !isSameKey(last, cell)) united.push(cell);
    else united[united.length - 1] = sumOf(last, cell);
  }
  return united;
}

function isSameKey(a: Cell, b: Cell): boolean {
  if (a.start !== b.start || a.level !== b.level || a.counter !== b.counter) return false;
  return isAmount(a.counter) || a.value === b.value;
}

function sumOf(a: Cell, b: Cell): Cell {
  const value = isAmount(a.counter) ? addWithinSafeRange(a.value, b.value) : a.value;
  return { ...a, begun: a.begun + b.begun, count: a.count + b.count, value };
}

function readCells(reader: ByteReader): Cell[] {
  const cells: Cell[] = [];
  let start = 0;
  for (let left = reader.count(); left > 0; left -= 1) {
    start += reader.integer();
    const cell = {
      start,
      level: within(reader.integer(), WINDOWS.length),
      counter: within(reader.integer(), TILE_COUNTERS.length),
      begun: within(reader.integer(), COUNT_END),
      count: within(reader.integer(), COUNT_END),
      value: reader.integer(),
    };
    cells.push(...splitCell(cell));
  }
  return cells;
}

function within(value: number, end: number): number {
  if (value < 0 || value >= end) throw new MalformedBytes(`${value} where 0 to ${end - 1} may stand`);
  return value;
}

function writeSeen(writer: ByteWriter, seen: LastSeen): void {
  for (const atMs of seen.kindsMs) writer.integer(atMs);
  for (const seenText of [seen.channel, seen.device, seen.place, seen.sessionId]) {
    writer.optional(seenText, ({ text, atMs }) => {
      writer.text(text);
      writer.integer(atMs);
    });
  }
}

function readSeen(reader: ByteReader): LastSeen {
  const kindsMs = EVENT_KINDS.map(() => reader.integer());
  const readText = (): SeenText | undefined =>
    reader.optional(() => {
      const text = reader.text();
      return { text, atMs: reader.integer() };
    });
  return { kindsMs, channel: readText(), device: readText(), place: readText(), sessionId: readText() };
}

function writeSession(writer: ByteWriter, session: Session): void {
  const { startMs, lastMs, events, pageViews, productViews } = session;
  for (const value of [startMs, lastMs, events, pageViews, productViews]) writer.integer(value);
}

function readSession(reader: ByteReader): Session {
  return {
    startMs: reader.integer(),
    lastMs: reader.integer(),
    events: reader.integer(),
    pageViews: reader.integer(),
    productViews: reader.integer(),
  };
}

function writeHistory(writer: ByteWriter, history: PurchaseHistory): void {
  const { firstMs, lastMs, orders, revenueMinor, days, recentDays } = history;
  for (const value of [firstMs, lastMs, orders, revenueMinor, days]) writer.integer(value);
  writer.integer(Number(recentDays & WORD_MASK));
  writer.integer(Number(recentDays >> WORD_BITS));
}

function readHistory(reader: ByteReader): PurchaseHistory {
  return {
    firstMs: reader.integer(),
    lastMs: reader.integer(),
    orders: reader.integer(),
    revenueMinor: reader.integer(),
    days: reader.integer(),
    recentDays:
      BigInt(within(reader.integer(), COUNT_END)) | (BigInt(within(reader.integer(), COUNT_END)) << WORD_BITS),
  };
}

const WORD_BITS = 32n;
const WORD_MASK = 0xffff_ffffn;

/** Marks are uniform and as short as they can be; times are steps from one to the next. */
function writeRecentIds(writer: ByteWriter, ids: readonly RecentId[]): void {
  writer.integer(ids.length);
  let before = 0;
  for (const { mark, receivedS } of ids) {
    writer.integer(mark);
    writer.integer(receivedS - before);
    before = receivedS;
  }
}

function readRecentIds(reader: ByteReader): RecentId[] {
  let receivedS = 0;
  return reader.list(() => {
    const mark = reader.integer();
    receivedS += reader.integer();
    return { mark, receivedS };
  });
}

/** The ids without so many of the oldest that their encoding is smaller by at least so many bytes, or without any. */
export function withoutOldestIds(ids: readonly RecentId[], bytes: number): readonly RecentId[] {
  const whole = recentIdsLength(ids);
  let from = 0;
  let to = ids.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (whole - recentIdsLength(ids.slice(middle)) < bytes) from = middle + 1;
    else to = middle;
  }
  return ids.slice(from);
}

function recentIdsLength(ids: readonly RecentId[]): number {
  const writer = new ByteWriter();
  writeRecentIds(writer, ids);
  return writer.bytes().length;
}

function withChecksum(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + CHECKSUM_BYTES);
  bytes.set(body);
  writeHash(bytes, body.length, keyedHashBytes(UNKEYED, body));
  return bytes;
}

function writeHash(bytes: Uint8Array, at: number, { high, low }: Hash64): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, CHECKSUM_BYTES);
  view.setUint32(0, high);
  view.setUint32(4, low);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
