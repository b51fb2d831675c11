import { makeDataDirectory, sayProblems, type Config } from "@leastwise/config";
import { statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import { doubtful, failing, fine, type Finding } from "./finding.js";

const GIB = 2 ** 30;
/** Less is used up before somebody has read the alert. */
const FREE_MIN_BYTES = GIB;
const FREE_WARN_BYTES = 10 * GIB;
/** Share of the memory that the windows may take; the rest of the process, the index and the system want theirs. */
const WINDOWS_SHARE_MAX = 0.6;

/** Whether the data directory can be written, and how much room there is. */
export async function checkDisk({ data_directory: directory }: Pick<Config, "data_directory">): Promise<Finding> {
  const name = "disk";
  const fix = "give this user the directory, or set data_directory to one of its own";
  const made = await makeDataDirectory(directory);
  if (!made.ok) return failing(name, sayProblems([made.error]), fix);
  try {
    const { bavail, bsize } = await statfs(directory);
    const free = bavail * bsize;
    const found = `${directory} can be written, ${inGib(free)} free`;
    if (free < FREE_MIN_BYTES) return failing(name, found, `make room, or set data_directory to a disk that has some`);
    if (free < FREE_WARN_BYTES) return doubtful(name, found, `make room before the log and the tables need it`);
    return fine(name, found);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return failing(name, `${directory} does not say how much room it has: ${why}`, fix);
  }
}

/** Whether the windows' bound fits this machine. */
export function checkMemory({ scorer }: Pick<Config, "scorer">, bytes = totalmem()): Finding {
  const name = "memory";
  const found = `windows may take ${inGib(scorer.windows_bytes_max)} of ${inGib(bytes)}`;
  if (scorer.windows_bytes_max <= WINDOWS_SHARE_MAX * bytes) return fine(name, found);
  const most = Math.floor((WINDOWS_SHARE_MAX * bytes) / GIB);
  return doubtful(
    name,
    found,
    `set scorer.windows_bytes_max to at most ${most} GiB (${most * GIB}), or take a larger machine`,
  );
}

function inGib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
