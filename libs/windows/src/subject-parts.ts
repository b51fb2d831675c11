import { encodeSubject, uniteCells, withoutOldestIds } from "./subject-encoding.js";
import { emptySubject, type Cell, type SubjectState } from "./subject-state.js";

/** A state in parts, to be merged in any order. */
export interface SubjectParts {
  readonly parts: readonly Uint8Array[];
  /** Event ids that were left out, the oldest. */
  readonly idsLeftOut: number;
}

/**
 * Encodes a state in parts of at most so many bytes: the first has all but a share of the cells, the others have nothing but cells, which add up
 * however they come. Equal states give equal parts, so that one that is sent again is what it was. Only where the first without a cell
 * is too large are the oldest event ids left out; what that is not enough for is larger all the same.
 */
export function encodeInParts(state: SubjectState, bytesMax: number): SubjectParts {
  const excess = encodeSubject({ ...state, cells: [] }).length - bytesMax;
  const recentIds = excess <= 0 ? state.recentIds : withoutOldestIds(state.recentIds, excess);
  const parts = halvedUntilTheyFit({ ...state, recentIds }, uniteCells(state.cells), 0, bytesMax);
  return { parts, idsLeftOut: state.recentIds.length - recentIds.length };
}

/** Encodes cells with what else a part carries; as far as they do not fit, half of them go without it. */
function halvedUntilTheyFit(
  carrier: SubjectState,
  cells: readonly Cell[],
  cellsMin: number,
  bytesMax: number,
): Uint8Array[] {
  const bytes = encodeSubject({ ...carrier, cells: [...cells] });
  if (bytes.length <= bytesMax || cells.length <= cellsMin) return [bytes];
  const half = cells.length >>> 1;
  return [
    ...halvedUntilTheyFit(carrier, cells.slice(0, half), cellsMin, bytesMax),
    ...halvedUntilTheyFit(nothingButTimesOf(carrier), cells.slice(half), 1, bytesMax),
  ];
}

/** What cells are merged by: how old they are, and whether what is there was silent too long when they came. */
function nothingButTimesOf({ newestMs, newestReceivedMs }: SubjectState): SubjectState {
  return { ...emptySubject(), newestMs, newestReceivedMs };
}
