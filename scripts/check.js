/** `npm run check`: everything that can be told without running the program. Runs all, then says which failed. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));

const CHECKS = [
  ["types", bin("tsc"), "-b"],
  ["types of tests", bin("tsc"), "-p", "tsconfig.tests.json"],
  ["format", bin("prettier"), "--check", "--log-level", "warn", "."],
  ["lint", bin("eslint"), "."],
  ["imports", bin("depcruise"), "--output-type", "err", "libs", "services", "bench"],
  ["dead code", bin("knip"), "--no-progress"],
  ["contracts", process.execPath, "scripts/check-contracts.js"],
];

const failed = [];
for (const [name, command, ...args] of CHECKS) {
  const startedMs = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`${status === 0 ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`check failed: ${failed.join(", ")}`);
  process.exit(1);
}
