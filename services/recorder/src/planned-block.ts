import type { Commit } from "@leastwise/eventlog";

/**
 * A block is planned before it is inserted: the group's commit says from where it starts and, in its note, where it ends. After a crash
 * the same block is cut again and inserted under the same token, which the warehouse counts once. Without the plan a restarted
 * recorder would cut the log elsewhere, and part of a block would count twice.
 */
export interface PlannedBlock {
  /** First offset of the block. */
  readonly from: number;
  /** First offset after it. */
  readonly to: number;
}

/**
 * The note that plans a block ending before `to`.
 *
 * @param epoch the newest owner's among all records before the block; 0: none
 */
export function planNote(to: number, epoch = 0): string {
  return JSON.stringify({ to, ...(epoch === 0 ? {} : { epoch }) });
}

/** The note of a commit that plans nothing. */
export function doneNote(epoch: number): string {
  return epoch === 0 ? "" : JSON.stringify({ epoch });
}

/** The block that a commit plans; undefined if none is under way. A note that cannot be read is a bug of ours. */
export function plannedBlock(commit: Commit | undefined): PlannedBlock | undefined {
  const to = numberIn(commit, "to");
  if (commit === undefined || to === undefined) return undefined;
  if (to <= commit.offset) throw new Error(`the recorder's own note is not a plan: ${commit.note}`);
  return { from: commit.offset, to };
}

/** The newest owner's epoch among all records before a commit; 0 where it says none. */
export function epochIn(commit: Pick<Commit, "note"> | undefined): number {
  return numberIn(commit, "epoch") ?? 0;
}

function numberIn(commit: Pick<Commit, "note"> | undefined, name: "to" | "epoch"): number | undefined {
  if (commit === undefined || commit.note === "") return undefined;
  const said: unknown = JSON.parse(commit.note);
  const value: unknown = typeof said === "object" && said !== null ? Reflect.get(said, name) : undefined;
  const isMissing = value === undefined && typeof said === "object" && said !== null && Object.keys(said).length > 0;
  if (isMissing) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new Error(`the recorder's own note is not a plan: ${commit.note}`);
}
