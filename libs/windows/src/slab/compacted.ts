import type { SubjectState } from "../subject-state.js";
import { cellAt, putCell, type CellCompactor } from "./cells.js";

/** The state with every cell at the tile size that suits its age: as it will be however long compaction is put off. */
export function compactedState(state: SubjectState, compactor: CellCompactor): SubjectState {
  const f64 = new Float64Array(state.cells.length * 2);
  const views = { f64, i32: new Int32Array(f64.buffer) };
  for (const [index, cell] of state.cells.entries()) putCell(views, 2 * index, cell);
  const dropped = Int32Array.from(state.dropped);
  const left = compactor.compact(views, 0, state.cells.length, state.newestMs, dropped);
  const cells = Array.from({ length: left }, (_, index) => cellAt(views, 2 * index));
  return { ...state, cells, dropped: [...dropped] };
}
