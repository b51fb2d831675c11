/** Lints proto/, refuses a breaking change against the last release, and refuses generated code that is stale. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const buf = path.join(root, "node_modules/.bin/buf");
const proto = path.join(root, "proto");

const run = (cwd, ...args) => execFileSync(buf, args, { cwd, stdio: "inherit" });

/** Generates into a copy of the tree's shape, so that a check never changes what it checks. */
function generateAside() {
  const aside = mkdtempSync(path.join(tmpdir(), "leastwise-contracts-"));
  cpSync(proto, path.join(aside, "proto"), { recursive: true });
  symlinkSync(path.join(root, "node_modules"), path.join(aside, "node_modules"));
  run(path.join(aside, "proto"), "generate");
  run(path.join(aside, "proto"), "build", "--exclude-source-info", "-o", "../libs/contracts/gen/leastwise.binpb");
  return aside;
}

function filesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .sort();
}

run(proto, "lint");
run(proto, "breaking", "--against", "released/leastwise-v1.binpb");

const aside = generateAside();
try {
  const [fresh, kept] = [path.join(aside, "libs/contracts/gen"), path.join(root, "libs/contracts/gen")];
  const stale = [...new Set([...filesBelow(fresh), ...filesBelow(kept)])].filter((file) => {
    try {
      return !readFileSync(path.join(fresh, file)).equals(readFileSync(path.join(kept, file)));
    } catch {
      return true;
    }
  });
  if (stale.length > 0) {
    console.error(`libs/contracts/gen is stale (${stale.join(", ")}): run \`npm run generate\` and commit the result`);
    process.exit(1);
  }
} finally {
  rmSync(aside, { recursive: true, force: true });
}
