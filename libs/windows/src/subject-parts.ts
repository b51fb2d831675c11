import { isAmount } from "./slab/cells.js";
import { encodeHistory, encodeSubject, uniteCells, withoutHistory, withoutOldestIds } from "./subject-encoding.js";
import { emptySubject, type Cell, type SubjectState } from "./subject-state.js";

/**
 * A part of a state, to be merged in any order with the others. The only one has all; else the first has all but the cells, and each of the
 * others those cells whose keys' hash falls to it. So it depends on a cell alone which part it is in, and not on what else there is.
 */
export interface SubjectPart {
  /** From 1 on. One without a cell is left out. */
  readonly number: number;
  /** 1, or 1 + a power of 2. */
  readonly of: number;
  readonly bytes: Uint8Array;
  /**
   * With the first, the purchase history, for whoever can read it: versions before it read the bytes, and know nothing of it then. Absent: there was no
   * order, or it is unknown and the bytes say so.
   */
  readonly purchaseHistory?: Uint8Array | undefined;
}

/** A state in parts. */
export interface SubjectParts {
  readonly parts: readonly SubjectPart[];
  /** Event ids that were left out, the oldest. */
  readonly idsLeftOut: number;
}

/** Cells are not divided further. */
const SHARES_MAX = 2 ** 20;

const PART_CAUSE = /^part (\d+) of (\d+) of (.+)$/;

/** What identifies a part of a move as the cause of a merge: the move's own cause for the only one, and the same after its number for others. */
export function causeOfPart(cause: string, { number, of }: Pick<SubjectPart, "number" | "of">): string {
  return of === 1 ? cause : `part ${number} of ${of} of ${cause}`;
}

/**
 * Encodes a state in parts of at most so many bytes. Equal states give equal parts, so that one that is sent again is what it was. Only where it
 * is too large without a cell are the oldest event ids left out; what that is not enough for is larger all the same.
 */
export function encodeInParts(told: SubjectState, bytesMax: number): SubjectParts {
  const purchaseHistory = encodeHistory(told);
  const state = withoutHistory(told);
  const whole = encodeSubject(state);
  if (whole.length <= bytesMax) return { parts: [{ number: 1, of: 1, bytes: whole, purchaseHistory }], idsLeftOut: 0 };
  const excess = encodeSubject({ ...state, cells: [] }).length - bytesMax;
  const recentIds = excess <= 0 ? state.recentIds : withoutOldestIds(state.recentIds, excess);
  const first = encodeSubject({ ...state, recentIds, cells: [] });
  const shares = sharesThatFit(state, bytesMax);
  const of = 1 + shares.of;
  const others = shares.encoded.map(({ share, bytes }) => ({ number: 2 + share, of, bytes }));
  const parts = [{ number: 1, of, bytes: first, purchaseHistory }, ...others];
  return { parts, idsLeftOut: state.recentIds.length - recentIds.length };
}

interface Shares {
  readonly of: number;
  /** Those that have cells, by their number from 0 on. */
  readonly encoded: readonly { readonly share: number; readonly bytes: Uint8Array }[];
}

/** The cells in as few shares as fit, two to the power of something. */
function sharesThatFit(state: SubjectState, bytesMax: number): Shares {
  const cells = uniteCells(state.cells);
  const bare = nothingButTimesOf(state);
  for (let of = 1; ; of *= 2) {
    const encoded = dealtOut(cells, of).map(({ share, own }) => ({
      ...{ share, cells: own.length },
      bytes: encodeSubject({ ...bare, cells: own }),
    }));
    const isTooLarge = encoded.some((one) => one.cells > 1 && one.bytes.length > bytesMax);
    if (!isTooLarge || of === SHARES_MAX) return { of, encoded };
  }
}

/** Those cells that fall to each share, its own, where there are any. */
function dealtOut(cells: readonly Cell[], of: number): readonly { readonly share: number; readonly own: Cell[] }[] {
  const shares = new Map<number, Cell[]>();
  for (const cell of cells) {
    const share = hashOfKey(cell) % of;
    const own = shares.get(share);
    if (own === undefined) shares.set(share, [cell]);
    else own.push(cell);
  }
  return [...shares].sort(([a], [b]) => a - b).map(([share, own]) => ({ share, own }));
}

/**
 * What of a state, which comes under a cause, is not in one that knows of those causes. A move may have been divided otherwise when it was sent
 * before, as its subject was forgotten then and is not now, or the reverse: a cell comes with whichever part of either brings it first, and so does
 * the rest. Undefined if there is nothing left of it.
 */
export function notYetMerged(state: SubjectState, cause: string, causes: readonly string[]): SubjectState | undefined {
  if (causes.includes(cause)) return undefined;
  const { number, move } = partOf(cause);
  const merged = causes.map(partOf).filter((part) => part.move === move);
  if (merged.length === 0) return state;
  const cells = state.cells.filter((cell) => !merged.some((part) => isIn(part, cell)));
  const isRestNew = number === 1 && !merged.some((part) => part.number === 1);
  if (isRestNew) return { ...state, cells };
  return cells.length === 0 ? undefined : { ...nothingButTimesOf(state), cells };
}

interface PartOfMove extends Pick<SubjectPart, "number" | "of"> {
  readonly move: string;
}

function partOf(cause: string): PartOfMove {
  const [, number, of, move] = PART_CAUSE.exec(cause) ?? [];
  return move === undefined ? { number: 1, of: 1, move: cause } : { number: Number(number), of: Number(of), move };
}

function isIn({ number, of }: PartOfMove, cell: Cell): boolean {
  return of === 1 || (number > 1 && hashOfKey(cell) % (of - 1) === number - 2);
}

/** Uniform over what makes two cells one: all but what they count. */
function hashOfKey({ start, level, counter, value }: Cell): number {
  let hash = mixed(start, 16 * level + counter);
  if (!isAmount(counter)) hash = mixed(mixed(hash, value % 2 ** 32), Math.floor(value / 2 ** 32));
  return hash;
}

/** MurmurHash3's last steps (Appleby 2011). */
function mixed(one: number, other: number): number {
  let hash = Math.imul(one ^ Math.imul(other, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** What cells are merged by: how old they are, and whether what is there was silent too long when they came. */
function nothingButTimesOf({ newestMs, newestReceivedMs }: SubjectState): SubjectState {
  return { ...emptySubject(), newestMs, newestReceivedMs };
}
