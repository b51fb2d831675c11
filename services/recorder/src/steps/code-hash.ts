import { createHash } from "node:crypto";

/** What tables know of a code: enough to find it again by one who has it, useless to one who wants it. */
export function codeHash(code: string): string {
  return code === "" ? "" : createHash("sha256").update(code).digest("hex");
}
