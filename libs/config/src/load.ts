import { err, ok, type Result } from "@leastwise/vocabulary";
import { contradictionsIn } from "./contradictions.js";
import { entriesOf, type Entry } from "./entry.js";
import { readEnvironmentSource } from "./environment-source.js";
import { readFileSource } from "./file-source.js";
import type { Tree } from "./key.js";
import { KEYS, type Config, type SomeConfig } from "./keys.js";
import type { ConfigProblem } from "./problem.js";
import { readSecretFiles } from "./secret-files.js";

/** Where a configuration comes from. */
export interface ConfigSources {
  /** What the command would rather have than the documented default, where nobody says anything. */
  readonly defaults?: SomeConfig;
  /** A YAML or JSON file. Relative paths, here and in it, start at the working directory. */
  readonly file?: string;
  /** The environment, as `process.env` has it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line sets; wins over all. */
  readonly overrides?: SomeConfig;
}

/**
 * Reads and checks the configuration: defaults, over them the command's, the file, the environment, the overrides. Gives either the
 * whole, or every problem of every source at once.
 */
export async function loadConfig({
  defaults,
  file,
  env,
  overrides,
}: ConfigSources): Promise<Result<Config, ConfigProblem[]>> {
  const sources = [
    entriesOf(defaults, () => "default of the command"),
    file === undefined ? { entries: [], problems: [] } : await readFileSource(file),
    readEnvironmentSource(env),
    entriesOf(overrides, () => "command line"),
  ];
  const set = new Map<string, Entry>(sources.flatMap(({ entries }) => entries.map((entry) => [entry.path, entry])));
  const secrets = await readSecretFiles(set);
  for (const entry of secrets.entries) set.set(entry.path, entry);
  const problems = [...sources, secrets].flatMap((source) => source.problems);
  if (problems.length > 0) return err(problems);
  const config = configOf(set);
  const contradictions = contradictionsIn(config, (path) => set.get(path)?.where ?? "");
  return contradictions.length > 0 ? err(contradictions) : ok(config);
}

function configOf(set: ReadonlyMap<string, Entry>): Config {
  // The values have the types of KEYS, whose tree is walked here: each was checked by its key's own schema.
  return valuesOf(KEYS, "", set) as Config;
}

function valuesOf(tree: Tree, above: string, set: ReadonlyMap<string, Entry>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(tree).map(([name, node]) => {
      const path = `${above}${name}`;
      if (node.node === "section") return [name, valuesOf(node.children, `${path}.`, set)];
      return [name, set.get(path)?.value ?? node.fallback];
    }),
  );
}
