import type { SubjectState } from "../subject-state.js";
import { BEGUN_UNIT, begunOf, type CellCompactor, counterOf, countOf, levelOf, packCell, writeCell } from "./cells.js";

/** The state with every cell at the tile size that suits its age: as it will be however long compaction is put off. */
export function compactedState(state: SubjectState, compactor: CellCompactor): SubjectState {
  const { cells } = state;
  const f64 = new Float64Array(cells.length * 2);
  const i32 = new Int32Array(f64.buffer);
  for (const [index, { start, level, counter, begun, count, value }] of cells.entries()) {
    writeCell(f64, i32, 2 * index, start, packCell(level, counter, count) + begun * BEGUN_UNIT, value);
  }
  const dropped = Int32Array.from(state.dropped);
  const left = compactor.compact({ f64, i32 }, 0, cells.length, state.newestMs, dropped);
  const kept = Array.from({ length: left }, (_, index) => {
    const packed = i32[4 * index + 1] ?? 0;
    return {
      start: i32[4 * index] ?? 0,
      level: levelOf(packed),
      counter: counterOf(packed),
      begun: begunOf(packed),
      count: countOf(packed),
      value: f64[2 * index + 1] ?? 0,
    };
  });
  return { ...state, cells: kept, dropped: [...dropped] };
}
