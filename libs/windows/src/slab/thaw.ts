import { ByteReader } from "../byte-reader.js";
import { ByteWriter } from "../byte-writer.js";
import type { CartChanges } from "../cart.js";
import { readCart, writeCart } from "../cart-encoding.js";
import { EVENT_KINDS } from "../event.js";
import type { LastSeen, SeenText } from "../last-seen.js";
import type { RecentId } from "../recent-ids.js";
import { emptySubject, noteHistoryUnknown, type Cell, type SubjectState } from "../subject-state.js";
import { WINDOWS } from "../tiling.js";
import {
  assignmentKeyAt,
  droppedAt,
  FIRST_TEXT_FLAG_BIT,
  FLAG_CART,
  FLAG_CAUSES,
  FLAG_DROPPED,
  FLAG_HISTORY,
  FLAG_HISTORY_UNKNOWN,
  FLAG_KEY,
  historyAt,
  keyAt,
  sectionUnits,
  TEXTS,
  textsAt,
  UNIT,
  WORD,
  type BlockViews,
} from "./block.js";
import { cellAt, compactAtFor, putCell } from "./cells.js";
import { historyIn, putHistory } from "./history-section.js";
import { IdRing, UNITS_AN_ID, type RingViews } from "./id-ring.js";
import { hexWord } from "./slab-event.js";
import { readText, textLength, writeText } from "./text-bytes.js";

/** The views through which a whole block is read and written. */
export interface SubjectViews extends BlockViews, RingViews {}

/** Takes a subject's state out of the block that begins at a unit and whose event ids end before another. */
export function thaw(views: SubjectViews, unit: number, endUnit: number): SubjectState {
  const { f64, i32 } = views;
  const word = 2 * unit;
  const flags = i32[word + WORD.flags] ?? 0;
  const state = emptySubject();
  state.lastOffset = f64[unit + UNIT.lastOffset] ?? -1;
  state.newestMs = f64[unit + UNIT.newestMs] ?? -1;
  state.newestReceivedMs = f64[unit + UNIT.newestReceivedMs] ?? -1;
  if ((flags & FLAG_DROPPED) !== 0) {
    state.dropped = WINDOWS.map((_, level) => i32[2 * (unit + droppedAt(flags)) + level] ?? -1);
  }
  state.assignmentKey = assignmentKeyAt(i32, unit);
  if ((flags & FLAG_HISTORY) !== 0) state.history = historyIn(views, unit + historyAt(flags));
  state.isHistoryUnknown = (flags & FLAG_HISTORY_UNKNOWN) !== 0;
  state.cells = thawCells(views, unit);
  state.session =
    (i32[word + WORD.sessionEvents] ?? 0) === 0
      ? undefined
      : {
          startMs: f64[unit + UNIT.sessionStartMs] ?? 0,
          lastMs: f64[unit + UNIT.sessionLastMs] ?? 0,
          events: i32[word + WORD.sessionEvents] ?? 0,
          pageViews: i32[word + WORD.sessionPageViews] ?? 0,
          productViews: i32[word + WORD.sessionProductViews] ?? 0,
        };
  const { seen, at } = thawSeen(views, unit, flags);
  state.seen = seen;
  noteHistoryUnknown(state);
  const cartBytes = (flags & FLAG_CART) === 0 ? 0 : (i32[2 * at] ?? 0);
  if ((flags & FLAG_CART) !== 0) state.cart = readCartAt(views, at);
  if ((flags & FLAG_CAUSES) !== 0) {
    state.causes = readCausesAt(views, (flags & FLAG_CART) === 0 ? at : at + sectionUnits(cartBytes));
  }
  state.recentIds = thawIds(views, unit, endUnit);
  return state;
}

function thawCells(views: BlockViews, unit: number): Cell[] {
  const first = unit + (views.i32[2 * unit + WORD.cellsAt] ?? 0);
  const length = views.i32[2 * unit + WORD.cellCount] ?? 0;
  return Array.from({ length }, (_, index) => cellAt(views, first + 2 * index));
}

/** What was seen last, and the unit behind it. */
function thawSeen({ f64, i32, u8 }: BlockViews, unit: number, flags: number): { seen: LastSeen; at: number } {
  let recency = unit + UNIT.recency;
  const kindsMs = EVENT_KINDS.map((_, kind) => {
    if ((flags & (1 << kind)) === 0) return -1;
    recency += 1;
    return f64[recency - 1] ?? -1;
  });
  let at = unit + textsAt(flags);
  const texts = TEXTS.map((_, index): SeenText | undefined => {
    if ((flags & (1 << (FIRST_TEXT_FLAG_BIT + index))) === 0) return undefined;
    const atMs = f64[at] ?? 0;
    const bytes = i32[2 * at + 2] ?? 0;
    const text = readText(u8, 8 * at + 12, bytes);
    at += 1 + sectionUnits(bytes);
    return { text, atMs };
  });
  const [channel, device, place, sessionId] = texts;
  return { seen: { kindsMs, channel, device, place, sessionId }, at };
}

/** The cart whose section begins at a unit. */
export function readCartAt({ i32, u8 }: BlockViews, at: number): CartChanges {
  return readCart(new ByteReader(u8.slice(8 * at + 4, 8 * at + 4 + (i32[2 * at] ?? 0))));
}

/** A cart's section without its length, good until the writer is used again. */
function cartBytes(cart: CartChanges, writer: ByteWriter): Uint8Array {
  writeCart(writer.clear(), cart);
  return writer.view();
}

function readCausesAt({ i32, u8 }: BlockViews, at: number): string[] {
  const reader = new ByteReader(u8.slice(8 * at + 4, 8 * at + 4 + (i32[2 * at] ?? 0)));
  return reader.list(() => reader.text());
}

function causesBytes(causes: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  writer.integer(causes.length);
  for (const cause of causes) writer.text(cause);
  return writer.bytes();
}

function thawIds(views: SubjectViews, unit: number, endUnit: number): RecentId[] {
  const { i32 } = views;
  const room = i32[2 * unit + WORD.idRoom] ?? 0;
  const count = i32[2 * unit + WORD.idCount] ?? 0;
  const ring = new IdRing().at(views, endUnit - UNITS_AN_ID * room, room, i32[2 * unit + WORD.idHead] ?? 0, count);
  return Array.from({ length: count }, (_, index) => ({
    mark: ring.markAt(index),
    receivedS: ring.receivedSAt(index),
  }));
}

/** A state ready to be written into a block: sections encoded, sizes known. */
export class FrozenSubject {
  readonly units: number;
  readonly #state: SubjectState;
  readonly #flags: number;
  readonly #cart: Uint8Array;
  readonly #causes: Uint8Array;
  readonly #cellsAt: number;

  constructor(state: SubjectState) {
    this.#state = state;
    this.#flags = flagsOf(state);
    this.#cart = cartBytes(state.cart, new ByteWriter());
    this.#causes = causesBytes(state.causes);
    const { seen } = state;
    this.#cellsAt =
      textsAt(this.#flags) +
      TEXTS.reduce((sum, name) => sum + textUnits(seen[name]), 0) +
      ((this.#flags & FLAG_CART) === 0 ? 0 : sectionUnits(this.#cart.length)) +
      ((this.#flags & FLAG_CAUSES) === 0 ? 0 : sectionUnits(this.#causes.length));
    this.units = this.#cellsAt + 2 * state.cells.length + UNITS_AN_ID * state.recentIds.length;
  }

  /** Writes all but sequence, chain and subject into a zeroed block. */
  writeTo(views: SubjectViews, unit: number, endUnit: number): void {
    const { f64, i32 } = views;
    const state = this.#state;
    const word = 2 * unit;
    f64[unit + UNIT.lastOffset] = state.lastOffset;
    f64[unit + UNIT.newestMs] = state.newestMs;
    f64[unit + UNIT.newestReceivedMs] = state.newestReceivedMs;
    f64[unit + UNIT.sessionStartMs] = state.session?.startMs ?? 0;
    f64[unit + UNIT.sessionLastMs] = state.session?.lastMs ?? 0;
    i32[word + WORD.sessionEvents] = state.session?.events ?? 0;
    i32[word + WORD.sessionPageViews] = state.session?.pageViews ?? 0;
    i32[word + WORD.sessionProductViews] = state.session?.productViews ?? 0;
    i32[word + WORD.flags] = this.#flags;
    i32[word + WORD.cellsAt] = this.#cellsAt;
    i32[word + WORD.cellCount] = state.cells.length;
    i32[word + WORD.compactAt] = compactAtFor(state.cells.length);
    this.#writeSections(views, unit);
    for (const [index, cell] of state.cells.entries()) putCell(views, unit + this.#cellsAt + 2 * index, cell);
    this.#writeIds(views, word, endUnit);
  }

  #writeSections(views: SubjectViews, unit: number): void {
    const { f64, i32, u8 } = views;
    const { seen, dropped, assignmentKey, history } = this.#state;
    let recency = unit + UNIT.recency;
    for (const atMs of seen.kindsMs) {
      if (atMs < 0) continue;
      f64[recency] = atMs;
      recency += 1;
    }
    if ((this.#flags & FLAG_DROPPED) !== 0) {
      for (const [level, tile] of dropped.entries()) i32[2 * (unit + droppedAt(this.#flags)) + level] = tile;
    }
    if (assignmentKey !== undefined) {
      for (let part = 0; part < 4; part += 1) {
        i32[2 * (unit + keyAt(this.#flags)) + part] = hexWord(assignmentKey, 8 * part);
      }
    }
    if (history !== undefined) putHistory(views, unit + historyAt(this.#flags), history);
    let at = unit + textsAt(this.#flags);
    for (const name of TEXTS) at += writeTextAt(views, at, seen[name]);
    for (const [flag, bytes] of [
      [FLAG_CART, this.#cart],
      [FLAG_CAUSES, this.#causes],
    ] as const) {
      if ((this.#flags & flag) === 0) continue;
      i32[2 * at] = bytes.length;
      u8.set(bytes, 8 * at + 4);
      at += sectionUnits(bytes.length);
    }
  }

  #writeIds(views: SubjectViews, word: number, endUnit: number): void {
    const { recentIds } = this.#state;
    const room = recentIds.length;
    views.i32[word + WORD.idRoom] = room;
    views.i32[word + WORD.idCount] = room;
    if (room === 0) return;
    const ring = new IdRing().at(views, endUnit - UNITS_AN_ID * room, room, 0, 0);
    for (const { mark, receivedS } of recentIds) ring.push(mark, receivedS);
  }
}

/** Units that a remembered text takes. */
function textUnits(seen: SeenText | undefined): number {
  return seen === undefined ? 0 : 1 + sectionUnits(textLength(seen.text));
}

/** Writes a remembered text and returns its units. */
export function writeTextAt({ f64, i32, u8 }: BlockViews, at: number, seen: SeenText | undefined): number {
  if (seen === undefined) return 0;
  f64[at] = seen.atMs;
  i32[2 * at + 2] = textLength(seen.text);
  writeText(u8, 8 * at + 12, seen.text);
  return textUnits(seen);
}

function flagsOf({ seen, dropped, history, isHistoryUnknown, cart, causes, assignmentKey }: SubjectState): number {
  let flags = assignmentKey === undefined ? 0 : FLAG_KEY;
  for (const [kind, atMs] of seen.kindsMs.entries()) if (atMs >= 0) flags |= 1 << kind;
  for (const [index, name] of TEXTS.entries()) {
    if (seen[name] !== undefined) flags |= 1 << (FIRST_TEXT_FLAG_BIT + index);
  }
  if (dropped.some((tile) => tile >= 0)) flags |= FLAG_DROPPED;
  if (history !== undefined) flags |= FLAG_HISTORY;
  if (isHistoryUnknown) flags |= FLAG_HISTORY_UNKNOWN;
  if (cart.products.size > 0) flags |= FLAG_CART;
  if (causes.length > 0) flags |= FLAG_CAUSES;
  return flags;
}
