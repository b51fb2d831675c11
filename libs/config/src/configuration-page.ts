import { PLACED_KEYS, type PlacedKey } from "./catalogue.js";
import { KEYS } from "./keys.js";
import type { Tree } from "./key.js";

/** Every key as a page for people (CONFIG.md), in Markdown. */
export function renderConfigurationPage(): string {
  const tree: Tree = KEYS;
  const sections = Object.entries(tree).flatMap(([name, node]) => {
    if (node.node === "key") return [];
    return [[`## ${name}`, node.meaning, ...keysUnder(`${name}.`)].join("\n\n")];
  });
  const general = ["## General", ...PLACED_KEYS.filter(({ path }) => !path.includes(".")).map(describeKey)];
  return `${INTRODUCTION}\n${[general.join("\n\n"), ...sections].join("\n\n")}\n`;
}

const INTRODUCTION = `# Configuration

Generated from \`libs/config/src/keys.ts\`; \`npm run generate -w libs/config\` writes it anew, and a test fails while it is stale.

One configuration serves every service; each reads the keys that it needs. A key comes from the command line, else from the
environment, else from the file given with \`--config\` (YAML or JSON), else it is the default, which is that of the embedded
mode. In the environment a list is separated by commas, and an empty variable counts as not set. An unknown key is refused,
with the nearest valid one. Secrets are never printed; each can be read from a file. Relative paths start at the working
directory.
`;

function keysUnder(prefix: string): string[] {
  return PLACED_KEYS.filter(({ path }) => path.startsWith(prefix)).map(describeKey);
}

function describeKey({ path, variable, key }: PlacedKey): string {
  return `### \`${path}\`

${key.meaning}

- Expected: ${key.expected}
- Default: ${describeFallback(key.fallback)}
- Environment: \`${variable}\`${key.secret ? "\n- Secret: never printed" : ""}`;
}

function describeFallback(fallback: unknown): string {
  if (fallback === undefined) return "none";
  if (Array.isArray(fallback)) return fallback.length === 0 ? "none" : `\`${fallback.join(",")}\``;
  return `\`${typeof fallback === "string" ? fallback : JSON.stringify(fallback)}\``;
}
