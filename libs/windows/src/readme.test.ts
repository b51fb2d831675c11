import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import * as windows from "./index.js";

/** The README's example as a function of what it takes for granted, each `// value` comment beside what it speaks of. */
function example(): (name: unknown, subject: SubjectId, atMs: Millis) => unknown[] {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, code = ""] = /```ts\n([^]*?)```/.exec(readme) ?? [];
  const [setUp = "", ...shown] = code.replace(/^import.*$/m, "").split(/^(?=verdict\.verdict;|featureValue\()/m);
  const values = shown.map((line) => line.replace(/;.*$/s, "")).join(", ");
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- runs what the README prints
  return new Function(
    "windows",
    "subject",
    "atMs",
    `const { createWindowStore, featureValue } = windows; ${setUp}; return [${values}];`,
  ) as ReturnType<typeof example>;
}

it("prints an example that runs and gives what it says", () => {
  const subject = "c".repeat(32) as SubjectId;
  expect(example()(windows, subject, 1_772_000_000_000 as Millis)).toEqual(["applied", 1, 2500, undefined]);
});
