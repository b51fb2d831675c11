import { childOf } from "./catalogue.js";
import type { Key, Tree } from "./key.js";
import { KEYS, type Config } from "./keys.js";

/** The configuration in its own shape, to be logged or shown: of secrets only whether they are set. */
export function describeConfig(config: Config): Readonly<Record<string, unknown>> {
  return describeTree(KEYS, config);
}

function describeTree(tree: Tree, values: object): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values) as [string, unknown][]) {
    const node = childOf(tree, name);
    if (node === undefined) continue;
    if (node.node === "key") described[name] = describeValue(node, value);
    else if (typeof value === "object" && value !== null) described[name] = describeTree(node.children, value);
  }
  return described;
}

function describeValue(key: Key<unknown>, value: unknown): unknown {
  if (!key.secret) return value ?? null;
  if (Array.isArray(value)) return value.length === 0 ? NOT_SET : `[${value.length} set]`;
  return value === undefined ? NOT_SET : "[set]";
}

const NOT_SET = "[not set]";
