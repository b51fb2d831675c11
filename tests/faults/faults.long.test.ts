import { describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import path from "node:path";
import { ROOT } from "../journey/built-program.js";
import { seedOf } from "../journey/seed.js";
import { blows } from "./nemesis.js";
import { FAULTS } from "./faults/index.js";

/** How long a short run may take, ms: some of it is the start of eight processes. */
const RUN_MAX_MS = 900_000;

/** Each has its turn once, in an order that the seed draws. */
const KINDS = [
  "kill-scorer",
  "zombie-scorer",
  "restart-scorers",
  "kill-leader",
  "kill-coordinator",
  "kill-recorder",
  "cut-network",
];

describe("the blows of a seed", () => {
  const firsts = (seed: string, count: number) => {
    const some = blows(seed, FAULTS);
    return Array.from({ length: count }, () => some.next().value);
  };

  it("are the same again, and others under another seed", () => {
    expect(firsts("1", 40)).toEqual(firsts("1", 40));
    expect(firsts("2", 40)).not.toEqual(firsts("1", 40));
  });

  it("are each kind once before any comes again, and never two of one thing at a time", () => {
    const some = firsts("3", 5 * FAULTS.length);
    expect(new Set(some.slice(0, FAULTS.length).map(({ fault }) => fault)).size).toBe(FAULTS.length);
    const together = some.filter(({ beside }) => beside !== undefined);
    expect(together.length).toBeGreaterThan(0);
    for (const { fault, beside } of together) expect(beside?.fault.takes).not.toBe(fault.takes);
  });
});

describe("a short run", () => {
  it(
    "loses nothing, doubles nothing, and answers everybody",
    async () => {
      const seed = seedOf("faults");
      const args = ["scripts/faults.js", "--minutes", "1", "--seed", String(seed), "--kinds", KINDS.join(",")];
      const child = spawn(process.execPath, args, {
        cwd: path.resolve(ROOT),
        stdio: ["ignore", "pipe", "inherit"],
        timeout: RUN_MAX_MS,
      });
      let table = "";
      child.stdout.on("data", (piece) => (table += String(piece)));
      const code = await new Promise((resolve) => child.once("close", resolve));
      process.stderr.write(`${table}\n`);
      expect({ seed, code }).toEqual({ seed, code: 0 });
    },
    RUN_MAX_MS,
  );
});
