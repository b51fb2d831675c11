import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The top of the project. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What `npm run build` makes of the `leastwise` command. */
const MAIN = path.join(ROOT, "services", "leastwise", "dist", "main.js");

/** Path of the built program. Throws in words if it was not built, or before its sources were last changed. */
export function builtProgram(): string {
  if (!existsSync(MAIN)) throw new Error(`there is no ${MAIN}: run \`npm run build\` first, as \`npm test\` does`);
  for (const room of rooms()) {
    const sourceMs = newestMs(path.join(room, "src"), (name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
    // The build touches this file whenever it finds a room up to date.
    const builtMs = newestMs(room, (name) => /^(dist[/\\])?tsconfig\.tsbuildinfo$/.test(name));
    if (sourceMs <= builtMs) continue;
    throw new Error(
      `${path.relative(ROOT, room)} changed since it was built: run \`npm run build\`, as \`npm test\` does`,
    );
  }
  return MAIN;
}

function rooms(): string[] {
  return ["libs", "services"].flatMap((floor) =>
    readdirSync(path.join(ROOT, floor))
      .map((name) => path.join(ROOT, floor, name))
      .filter((room) => existsSync(path.join(room, "src"))),
  );
}

function newestMs(folder: string, counts: (name: string) => boolean): number {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter(counts)
    .reduce((newest, name) => Math.max(newest, statSync(path.join(folder, name)).mtimeMs), 0);
}
