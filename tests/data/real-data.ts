import { existsSync } from "node:fs";
import path from "node:path";

/** Where the real clickstreams lie: `LEASTWISE_DATA`, else beside the project. They are others' and are never copied into it. */
export const DATA_FOLDER = process.env["LEASTWISE_DATA"] ?? path.resolve("..", "shared", "data");

const isHere = existsSync(path.join(DATA_FOLDER, "README.md"));

/**
 * Whether the real clickstreams are here. Where they are not, says in one line what is left out; in CI their absence is a failure.
 *
 * @param leftOut what is not run without them
 */
export function realDataIsHere(leftOut: string): boolean {
  if (isHere) return true;
  if (process.env["CI"] === "true") throw new Error(`CI runs ${leftOut}, and ${DATA_FOLDER} is not there`);
  process.stderr.write(`left out: ${leftOut}, as ${DATA_FOLDER} is not there\n`);
  return false;
}
