/**
 * `npm run faults -- --minutes N --seed S [--kinds a,b] [--json]`: bundles the two programs of tests/faults, the one that runs everything and the
 * one that verifies it, and runs the first. The rooms have been built before.
 */
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

await build({
  absWorkingDir: root,
  entryPoints: ["tests/faults/run.ts", "tests/faults/verify.ts"],
  outdir: ".cache/faults",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});

await import(new URL("../.cache/faults/run.mjs", import.meta.url).href);
