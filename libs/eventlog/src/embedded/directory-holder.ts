import type { RootDatabase } from "lmdb";

/**
 * Who else has a data directory open.
 *
 * LMDB keeps, in its lock file, a table of the processes that have read; each entry is backed by a lock of the operating
 * system, which ends with its process however that ends, so a killed process never keeps a directory shut. An entry
 * stays as long as its process has the directory open. Within one process that table does not tell two logs apart, so a
 * register does.
 */
const openHere = new Set<string>();

/** Marks the directory as held by this process; false if it already is. */
export function holdHere(realPath: string): boolean {
  if (openHere.has(realPath)) return false;
  openHere.add(realPath);
  return true;
}

export function releaseHere(realPath: string): void {
  openHere.delete(realPath);
}

/** Process ids, other than this one, that have the directory open. */
export function otherHolders(root: RootDatabase): number[] {
  root.readerCheck();
  return root
    .readerList()
    .split("\n")
    .map((line) => Number.parseInt(line.trim(), 10))
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid);
}
