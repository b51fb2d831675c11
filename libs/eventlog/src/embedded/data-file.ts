import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RootDatabase } from "lmdb";

/** The file in a data directory that LMDB keeps everything in. */
export const DATA_FILE = "data.mdb";

/** LMDB's magic number, which stands behind the 24 bytes that head each page. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;

/** Throws an error that says why the file is no data file. LMDB maps it unseen, and would end the process. */
export function checkHeader(path: string): void {
  const header = Buffer.alloc(MAGIC_AT + 4);
  const file = openSync(join(path, DATA_FILE), "r");
  try {
    const read = readSync(file, header, 0, header.length, 0);
    if (read < header.length || header.readUInt32LE(MAGIC_AT) !== MAGIC)
      throw new Error(`${DATA_FILE} is not a log's data file`);
  } finally {
    closeSync(file);
  }
}

/** Throws an error if the file ends before its last page: reading beyond the end would end the process. */
export function checkLength(path: string, root: RootDatabase): void {
  const stats = root.getStats();
  const expected = (numberIn(stats, "lastPageNumber") + 1) * numberIn(stats, "pageSize");
  const size = statSync(join(path, DATA_FILE)).size;
  if (size < expected)
    throw new Error(`${DATA_FILE} has ${size} bytes, expected at least ${expected}: it was cut short`);
}

function numberIn(stats: object, name: string): number {
  const value: unknown = Object.entries(stats).find(([key]) => key === name)?.[1];
  if (typeof value !== "number") throw new Error(`the store's statistics lack ${name}`);
  return value;
}
