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

/** The note that plans a block ending before `to`. */
export function planNote(to: number): string {
  return JSON.stringify({ to });
}

/** The block that a commit plans; undefined if none is under way. A note that cannot be read is a bug of ours. */
export function plannedBlock(
  commit: { readonly offset: number; readonly note: string } | undefined,
): PlannedBlock | undefined {
  if (commit === undefined || commit.note === "") return undefined;
  const parsed: unknown = JSON.parse(commit.note);
  const to = typeof parsed === "object" && parsed !== null && "to" in parsed ? parsed.to : undefined;
  if (typeof to !== "number" || !Number.isSafeInteger(to) || to <= commit.offset) {
    throw new Error(`the recorder's own note is not a plan: ${commit.note}`);
  }
  return { from: commit.offset, to };
}
