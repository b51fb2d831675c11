import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { err, ok, type Result } from "@leastwise/vocabulary";
import { makeDataDirectory } from "./data-directory.js";
import type { Config } from "./keys.js";
import { problem, type ConfigProblem } from "./problem.js";

/** A key that a service cannot work without. */
export type KeyName = "subjects" | "codes" | "devices";

/**
 * The 32 bytes of a key: as configured or, with the embedded log alone, from `data_directory`/keys, where they are made
 * at first need, readable to this user only. With a shared log a key must be given, since all processes need the same.
 */
export async function obtainKey(config: Config, name: KeyName): Promise<Result<Uint8Array, ConfigProblem>> {
  const given = config[name].key;
  if (given !== undefined) return ok(Buffer.from(given, "hex"));
  if (config.log.adapter !== "embedded") {
    const expected = `64 hexadecimal digits, or ${name}.key_file, since log.adapter is ${config.log.adapter}`;
    return err(problem("missing_value", `${name}.key`, "", undefined, expected));
  }
  const made = await makeDataDirectory(config.data_directory);
  if (!made.ok) return made;
  const directory = join(config.data_directory, "keys");
  const file = join(directory, `${name}.key`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await createOnce(file, `${randomBytes(KEY_BYTES).toString("hex")}\n`);
    return await readKey(file, name);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(problem("file_unreadable", `${name}.key`, file, undefined, `a file that can be made and read (${why})`));
  }
}

const KEY_BYTES = 32;
const OTHERS_MAY = 0o077;

/** Makes the file whole and durable or, if another process was first, not at all: a link is made in one step. */
async function createOnce(file: string, text: string): Promise<void> {
  if (await exists(file)) return;
  const draft = `${file}.${randomUUID()}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
  } catch (error) {
    if (!(await exists(file))) throw error;
  } finally {
    await unlink(draft);
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

async function readKey(file: string, name: KeyName): Promise<Result<Uint8Array, ConfigProblem>> {
  const { mode } = await stat(file);
  if ((mode & OTHERS_MAY) !== 0) {
    const shown = `mode ${(mode & 0o777).toString(8)}`;
    return err(problem("file_exposed", `${name}.key`, file, shown, "mode 600: others may not read it"));
  }
  const hex = (await readFile(file, "utf8")).trim();
  if (/^[0-9A-Fa-f]{64}$/.test(hex)) return ok(Buffer.from(hex, "hex"));
  return err(problem("wrong_value", `${name}.key`, file, `${hex.length} characters`, "64 hexadecimal digits"));
}
