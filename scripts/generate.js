/** Generates libs/contracts/gen from proto/, with the descriptor set that reflection and JSON reading use. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const proto = fileURLToPath(new URL("../proto", import.meta.url));
const buf = fileURLToPath(new URL("../node_modules/.bin/buf", import.meta.url));

const run = (...args) => execFileSync(buf, args, { cwd: proto, stdio: "inherit" });
run("generate");
run("build", "--exclude-source-info", "-o", "../libs/contracts/gen/leastwise.binpb");
