import type { SubjectId } from "@leastwise/vocabulary";

/**
 * The layout of a subject's block. One unit is 8 bytes, one word 4; a block's address counts in 16 bytes. Numbers are in the machine's own
 * byte order.
 *
 * ```
 * unit 0   sequence │ next free block, if this one is free (not part of the state)
 *      1   subject, 16 bytes
 *      3   offset of the newest record
 *      4   time of the newest event
 *      5   newest received time
 *      6   session: start
 *      7   session: last event
 *      8   session: events │ page views
 *      9   session: product views │ flags
 *     10   unit at which the cells begin │ number of cells
 *     11   number of cells at which they are compacted │ event ids: how many
 *     12   event ids: room for how many │ the oldest one's place
 *     13   recency: one unit for each kind of event that was seen
 *          newest tile that was dropped, of each size: three units, if one was
 *          assignment key, 16 bytes, if it is not the subject's own id
 *          all orders, five units, if there was one and the first is known: see `history-section.ts`
 *          texts: channel, device, place, session id, those that were seen: time, then length and characters
 *          cart, causes of merges, where there are any: length, then bytes as in `subject-encoding.ts`
 *          cells, 16 bytes each: see `cells.ts`
 *          … free …
 *          event ids, up to the end of the block: see `id-ring.ts`
 * ```
 */
export const SUBJECT_AT = 2;

/** Units of a block, for the Float64Array. */
export const UNIT = {
  lastOffset: 3,
  newestMs: 4,
  newestReceivedMs: 5,
  sessionStartMs: 6,
  sessionLastMs: 7,
  recency: 13,
} as const;

/** Words of a block, for the Int32Array. */
export const WORD = {
  sequence: 0,
  subject: SUBJECT_AT,
  sessionEvents: 16,
  sessionPageViews: 17,
  sessionProductViews: 18,
  flags: 19,
  cellsAt: 20,
  cellCount: 21,
  compactAt: 22,
  idCount: 23,
  idRoom: 24,
  idHead: 25,
} as const;

/** Bits of the flags. The first eight tell which kinds of event were seen, in the order of `EVENT_KINDS`. */
export const KIND_FLAGS = 0xff;
export const FLAG_DROPPED = 1 << 8;
export const FLAG_CART = 1 << 9;
export const FLAG_CAUSES = 1 << 10;
export const FLAG_KEY = 1 << 11;
export const FLAG_HISTORY = 1 << 12;
/** Nobody knows what was ordered, and no history is kept. An order that was seen without a history says the same. */
export const FLAG_HISTORY_UNKNOWN = 1 << 13;
/** The first of four, in the order of {@link TEXTS}. */
export const FIRST_TEXT_FLAG_BIT = 16;

/** The texts remembered by their newest event, in the order in which they stand in a block. */
export const TEXTS = ["channel", "device", "place", "sessionId"] as const;

/** Units that the tiles dropped take: five words, rounded up. */
export const DROPPED_UNITS = 3;

/** Units of an assignment key. */
export const KEY_UNITS = 2;

/** Units of the purchase history. */
export const HISTORY_UNITS = 5;

/** The views through which a block is read and written; at any unit, in a segment or in a copy. */
export interface BlockViews {
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}

/** Number of bits set among the lowest eight. */
export function popcount8(bits: number): number {
  let rest = bits & 0xff;
  rest -= (rest >> 1) & 0x55;
  rest = (rest & 0x33) + ((rest >> 2) & 0x33);
  return (rest + (rest >> 4)) & 0x0f;
}

/** Unit, from the block's first, of the tiles dropped, or of what stands in their place. */
export function droppedAt(flags: number): number {
  return UNIT.recency + popcount8(flags & KIND_FLAGS);
}

/** Unit, from the block's first, of the assignment key, or of what stands in its place. */
export function keyAt(flags: number): number {
  return droppedAt(flags) + ((flags & FLAG_DROPPED) === 0 ? 0 : DROPPED_UNITS);
}

/** Unit, from the block's first, of the purchase history, or of what stands in its place. */
export function historyAt(flags: number): number {
  return keyAt(flags) + ((flags & FLAG_KEY) === 0 ? 0 : KEY_UNITS);
}

/** Unit, from the block's first, of the first text, or of what stands in its place. */
export function textsAt(flags: number): number {
  return historyAt(flags) + ((flags & FLAG_HISTORY) === 0 ? 0 : HISTORY_UNITS);
}

/** Units of a section of that many bytes with a length word before them. */
export function sectionUnits(bytes: number): number {
  return (bytes + 4 + 7) >> 3;
}

/** Time of the newest event of a kind, −1 if there was none. */
export function kindSeenMs(f64: Float64Array, unit: number, flags: number, kind: number): number {
  if ((flags & (1 << kind)) === 0) return -1;
  return f64[unit + UNIT.recency + popcount8(flags & ((1 << kind) - 1))] ?? -1;
}

/**
 * Moves units to another place, which may overlap the first. Most moves are short, and of shared memory: a loop is faster than
 * `copyWithin`, which takes care of more than there is to take care of.
 */
export function moveUnits(f64: Float64Array, to: number, from: number, count: number): void {
  if (count > LOOPED_UNITS_MAX) f64.copyWithin(to, from, from + count);
  else if (to <= from) for (let unit = 0; unit < count; unit += 1) f64[to + unit] = f64[from + unit] ?? 0;
  else for (let unit = count - 1; unit >= 0; unit -= 1) f64[to + unit] = f64[from + unit] ?? 0;
}

/** Zeroes units. */
export function zeroUnits(f64: Float64Array, from: number, to: number): void {
  if (to - from > LOOPED_UNITS_MAX) f64.fill(0, from, to);
  else for (let unit = from; unit < to; unit += 1) f64[unit] = 0;
}

const LOOPED_UNITS_MAX = 64;

/** The subject's assignment key, if the block has one; undefined if it is the subject's own id, or unknown. */
export function assignmentKeyAt(i32: Int32Array, unit: number): SubjectId | undefined {
  const flags = i32[2 * unit + WORD.flags] ?? 0;
  if ((flags & FLAG_KEY) === 0) return undefined;
  const at = 2 * (unit + keyAt(flags));
  return subjectIdOf(i32[at] ?? 0, i32[at + 1] ?? 0, i32[at + 2] ?? 0, i32[at + 3] ?? 0);
}

/** The subject id of four words. */
export function subjectIdOf(s0: number, s1: number, s2: number, s3: number): SubjectId {
  return (hex(s0) + hex(s1) + hex(s2) + hex(s3)) as SubjectId;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
