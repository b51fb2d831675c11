import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { accountOf, isWell, sayAccount, type Account } from "./account.js";
import type { Found } from "./checks/check.js";
import type { Fault } from "./faults/fault.js";
import { FAULTS } from "./faults/index.js";
import { slowDisk } from "./faults/slow-disk.js";
import { Load } from "./load.js";
import { torment } from "./nemesis.js";
import { SlowDisks } from "./slow-disks.js";
import { System } from "./system.js";
import { readTold, ToldFile } from "./told.js";

/** The other program of this folder, built beside this one. */
const VERIFIER = fileURLToPath(new URL("./verify.mjs", import.meta.url));

const VERIFIED_WITHIN_MS = 900_000;

/** How long what goes on after a run that was broken off may go on, ms: its shoppers still ask. */
const LEFTOVERS_MS = 5_000;

interface Options {
  readonly seed: string;
  readonly minutes: number;
  readonly faults: readonly Fault[];
  readonly json: boolean;
}

function say(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}

/** What the command line asks for. Exits with words where that cannot be. */
function optionsOf(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: "string", default: "3" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      kinds: { type: "string", default: FAULTS.map(({ kind }) => kind).join(",") },
      json: { type: "boolean", default: false },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) refuse(`--minutes: got ${values.minutes}, expected a number above 0`);
  const faults = values.kinds.split(",").map((kind) => {
    const fault = FAULTS.find((one) => one.kind === kind);
    return fault ?? refuse(`--kinds: got ${kind}, expected some of ${FAULTS.map((one) => one.kind).join(",")}`);
  });
  return { seed: values.seed, minutes, faults, json: values.json };
}

function refuse(words: string): never {
  process.stderr.write(`${words}\n`);
  process.exit(2);
}

/** A run: load and faults for a time, then the verifier. The folder has what was told, and all that the processes said and keep. */
async function run({ seed, minutes, faults: asked }: Options, folder: string): Promise<Account> {
  const disks = await SlowDisks.prepare(folder);
  if (disks === undefined) say("left out: slow-disk, which takes Linux and a C compiler (cc)");
  const faults = disks === undefined ? asked.filter((fault) => fault !== slowDisk) : asked;
  if (faults.length === 0) throw new Error("no fault of those asked for can be done here");
  const toldFile = path.join(folder, "told.ndjson");
  const told = new ToldFile(toldFile);
  const system = await System.start(folder, told, disks);
  // Nothing of the run stays behind, however it is broken off.
  process.once("exit", () => void system.stop());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
  try {
    writeFileSync(path.join(folder, "places.json"), JSON.stringify(system.places));
    const load = new Load({ seed, places: system.places, events: system.events, told });
    await load.start();
    say("all serve, and the load has begun");
    await torment({ seed, faults, forMs: minutes * 60_000, system, told, onProgress: say });
    await load.stop();
    told.close();
    say("the load has ended: verifying");
    return accountOf(seed, readTold(toldFile), await verified(folder));
  } finally {
    await system.stop();
  }
}

/** What the verifier found: a process of its own, which knows the folder and nothing else. */
async function verified(folder: string): Promise<readonly Found[]> {
  const child = spawn(process.execPath, [VERIFIER, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), VERIFIED_WITHIN_MS);
  let output = "";
  for await (const piece of child.stdout) output += String(piece);
  clearTimeout(timer);
  if (output === "") throw new Error("the verifier came to no end");
  return JSON.parse(output) as readonly Found[];
}

const options = optionsOf(process.argv.slice(2));
const folder = mkdtempSync(path.join(tmpdir(), "leastwise-faults-"));
say(`seed ${options.seed} (--seed ${options.seed} runs it again), in ${folder}`);
try {
  const account = await run(options, folder);
  process.stdout.write(`${options.json ? JSON.stringify(account) : sayAccount(account)}\n`);
  if (!isWell(account)) throw new Error("what ought to be so is not");
  rmSync(folder, { recursive: true, force: true });
} catch (error) {
  say(`${String(error)}: seed ${options.seed}; all of it is in ${folder}`);
  process.exitCode = 1;
  setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
}
