import { KEY_BY_PATH } from "./catalogue.js";
import { checkedEntry, type Entry, type Source } from "./entry.js";
import { valueOfText } from "./environment-source.js";
import { readText } from "./file-source.js";
import { problem, type ConfigProblem } from "./problem.js";

const FILE_SUFFIX = "_file";

/** Reads each `…_file` whose other key is a secret; both set is a contradiction. A newline at the end is no part of it. */
export async function readSecretFiles(set: ReadonlyMap<string, Entry>): Promise<Source> {
  const entries: Entry[] = [];
  const problems: ConfigProblem[] = [];
  for (const { path: filePath, value: file, where } of set.values()) {
    const path = filePath.slice(0, -FILE_SUFFIX.length);
    const placed = filePath.endsWith(FILE_SUFFIX) ? KEY_BY_PATH.get(path) : undefined;
    if (placed?.key.secret !== true || typeof file !== "string") continue;
    const outcome = set.has(path)
      ? problem("contradiction", filePath, where, file, `nothing, since ${path} is set too`)
      : await readSecret(placed.path, filePath, file);
    if ("reason" in outcome) problems.push(outcome);
    else entries.push(outcome);
  }
  return { entries, problems };

  async function readSecret(path: string, filePath: string, file: string): Promise<Entry | ConfigProblem> {
    const text = await readText(file, filePath);
    const placed = KEY_BY_PATH.get(path);
    if (!text.ok) return text.error;
    if (placed === undefined) throw new TypeError(`${path} is no key`);
    return checkedEntry(placed.key, path, file, valueOfText(text.value.replace(/\r?\n$/, ""), placed.key.form));
  }
}
