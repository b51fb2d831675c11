import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
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
  const given = givenKey(config, name);
  if (given !== undefined) return ok(given);
  if (config.log.adapter !== "embedded") {
    const expected = `64 hexadecimal digits, or ${name}.key_file, since log.adapter is ${config.log.adapter}`;
    return err(problem("missing_value", `${name}.key`, "", undefined, expected));
  }
  const made = await makeDataDirectory(config.data_directory);
  if (!made.ok) return made;
  return keptKey(config, name, randomBytes(KEY_BYTES).toString("hex"));
}

/**
 * The 32 bytes of a key as configured or, with the embedded log, as they are kept in `data_directory`/keys; undefined where there are none. For whoever only
 * looks: it makes nothing.
 */
export async function findKey(config: Config, name: KeyName): Promise<Result<Uint8Array | undefined, ConfigProblem>> {
  const given = givenKey(config, name);
  if (given !== undefined) return ok(given);
  const file = fileOf(config, name);
  if (config.log.adapter !== "embedded" || !(await exists(file))) return ok(undefined);
  try {
    return await readKey(file, name);
  } catch (error) {
    return err(unreadable(name, file, "a file that can be read", error));
  }
}

/**
 * Keeps the configured key in `data_directory`/keys, where it is found without being configured again, unless one is kept there already, which is then the one. For a
 * key that keeps no secret.
 */
export async function keepKey(config: Config, name: KeyName): Promise<Result<Uint8Array, ConfigProblem>> {
  const hex = config[name].key;
  if (hex === undefined) throw new Error(`${name}.key is not configured: there is nothing to keep`);
  return keptKey(config, name, hex);
}

function givenKey(config: Config, name: KeyName): Uint8Array | undefined {
  const hex = config[name].key;
  return hex === undefined ? undefined : Buffer.from(hex, "hex");
}

function fileOf(config: Config, name: KeyName): string {
  return join(config.data_directory, "keys", `${name}.key`);
}

/** The key that is kept; these digits if none is. */
async function keptKey(config: Config, name: KeyName, hex: string): Promise<Result<Uint8Array, ConfigProblem>> {
  const file = fileOf(config, name);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await createOnce(file, `${hex}\n`);
    return await readKey(file, name);
  } catch (error) {
    return err(unreadable(name, file, "a file that can be made and read", error));
  }
}

function unreadable(name: KeyName, file: string, expected: string, error: unknown): ConfigProblem {
  const why = error instanceof Error ? error.message : String(error);
  return problem("file_unreadable", `${name}.key`, file, undefined, `${expected} (${why})`);
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
