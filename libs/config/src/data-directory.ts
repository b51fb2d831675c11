import { err, ok, type Result } from "@leastwise/vocabulary";
import { mkdir, mkdtemp, rmdir, stat } from "node:fs/promises";
import path from "node:path";
import { problem, type ConfigProblem } from "./problem.js";

/**
 * Makes the data directory, with those above it that are missing, and tries that something can be made in it. Node's own recursive mkdir goes round for ever
 * on file systems that answer a mkdir with "no such file or directory", as /proc does: this goes down one by one.
 */
export async function makeDataDirectory(directory: string): Promise<Result<void, ConfigProblem>> {
  try {
    for (const missing of await missingOf(directory)) await makeOne(missing);
    await rmdir(await mkdtemp(path.join(directory, ".leastwise-")));
    return ok(undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(
      problem("file_unreadable", "data_directory", "", directory, `a directory that can be made and written (${why})`),
    );
  }
}

/** What has to be made, the uppermost first. */
async function missingOf(directory: string): Promise<readonly string[]> {
  const missing: string[] = [];
  let at = path.resolve(directory);
  while (!(await isThere(at))) {
    missing.unshift(at);
    at = path.dirname(at);
  }
  return missing;
}

/** The root always is. */
async function isThere(name: string): Promise<boolean> {
  if (name === path.dirname(name)) return true;
  return await stat(name).then(
    () => true,
    (error: unknown) => {
      if (isOf(error, "ENOENT")) return false;
      throw error;
    },
  );
}

/** Another process may be quicker. */
async function makeOne(directory: string): Promise<void> {
  await mkdir(directory).catch((error: unknown) => {
    if (!isOf(error, "EEXIST")) throw error;
  });
}

function isOf(error: unknown, code: string): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === code;
}
