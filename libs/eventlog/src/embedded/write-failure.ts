import { closeSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { LogError } from "../port.js";
import { messageOf, property } from "../thrown.js";

const NO_ROOM = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const NO_ROOM_ERRNO = new Set([28, 122, 27]);
const PROBE_BYTES_MAX = 8_388_608;

/**
 * Says what a failed commit means. LMDB reports a write that was cut short as EIO, whatever the reason; so the reason is
 * asked for again, with a file that is as large and goes away.
 */
export function sayWriteFailure(directory: string, bytes: number, error: unknown): LogError {
  const noRoom = NO_ROOM_ERRNO.has(errnoOf(error)) || NO_ROOM.has(probe(directory, bytes) ?? "");
  return noRoom
    ? new LogError(
        "disk_full",
        `no room left to append ${bytes} bytes in ${directory}: free some space, then try again`,
        "retry",
        { cause: error },
      )
    : new LogError(
        "log_unavailable",
        `writing to ${directory} failed (${messageOf(error)}); open the log anew`,
        "terminal",
        { cause: error },
      );
}

/** LMDB rejects with a general error that carries, as a promise, the one that says why. */
export async function causeOfCommitFailure(error: unknown): Promise<unknown> {
  const commitError = property(error, "commitError");
  if (commitError === undefined) return error;
  return Promise.resolve(commitError).then(
    () => error,
    (cause: unknown) => cause,
  );
}

function errnoOf(error: unknown): number {
  const code = property(error, "code");
  return typeof code === "number" ? code : 0;
}

/** Code of the error that writing as many bytes, as far into a file, gives; undefined if it succeeds. */
function probe(directory: string, bytes: number): string | undefined {
  const path = join(directory, "space-probe");
  try {
    const at = statSync(join(directory, "data.mdb")).size;
    const file = openSync(path, "w");
    try {
      writeWhole(file, at, Math.min(2 * bytes + 65_536, PROBE_BYTES_MAX));
    } finally {
      closeSync(file);
    }
    return undefined;
  } catch (error) {
    return String(property(error, "code"));
  } finally {
    rmSync(path, { force: true });
  }
}

function writeWhole(file: number, at: number, bytes: number): void {
  const block = Buffer.alloc(65_536);
  for (let done = 0; done < bytes;) done += writeSync(file, block, 0, Math.min(block.length, bytes - done), at + done);
}
