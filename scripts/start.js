/**
 * `npm start`: says at once that it is here, builds what is stale, and hands over to the `leastwise` command.
 * `npm start` alone plays the storefront; `npm start -- serve` serves; `npm start -- --help` tells the rest.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

process.stderr.write("Leastwise: looking for stale rooms to build…\n");
const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-b"], {
  cwd: root,
  stdio: "inherit",
});
if (status !== 0) process.exit(status ?? 1);

await import("../services/leastwise/dist/main.js");
