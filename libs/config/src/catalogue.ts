import type { Key, Section, Tree } from "./key.js";
import { KEYS } from "./keys.js";

/** A key with its place in the configuration. */
export interface PlacedKey {
  /** For example `log.brokers`. */
  readonly path: string;
  /** Its variable in the environment, for example `LEASTWISE_LOG__BROKERS`. */
  readonly variable: string;
  readonly key: Key<unknown>;
}

/** All variables of the environment that are the configuration's begin so. */
export const VARIABLE_PREFIX = "LEASTWISE_";

/** Every key, in the order of the file. */
export const PLACED_KEYS: readonly PlacedKey[] = placed(KEYS, []);

/** Every key by its path. */
export const KEY_BY_PATH: ReadonlyMap<string, PlacedKey> = new Map(PLACED_KEYS.map((each) => [each.path, each]));

/** The key or section of that name, undefined if there is none. */
export function childOf(tree: Tree, name: string): Key<unknown> | Section<Tree> | undefined {
  return Object.hasOwn(tree, name) ? tree[name] : undefined;
}

function placed(tree: Tree, above: readonly string[]): PlacedKey[] {
  return Object.entries(tree).flatMap(([name, node]) => {
    const names = [...above, name];
    if (node.node === "section") return placed(node.children, names);
    return [{ path: names.join("."), variable: VARIABLE_PREFIX + names.join("__").toUpperCase(), key: node }];
  });
}
