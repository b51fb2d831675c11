import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

// The rules of the house are only worth what they catch: here violations are planted, and must be found.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const bin = (name: string) => path.join(ROOT, "node_modules", ".bin", name);

/** A house with just these files, under the project's own rules. */
function houseOf(files: Readonly<Record<string, string>>): string {
  const house = mkdtempSync(path.join(tmpdir(), "leastwise-house-"));
  folders.push(house);
  for (const rules of [".dependency-cruiser.cjs", "tsconfig.cruise.json", "tsconfig.base.json"]) {
    copyFileSync(path.join(ROOT, rules), path.join(house, rules));
  }
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(house, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return house;
}

interface Cruise {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

/** The names of the rules that a house breaks, with the file that does. */
function broken(files: Readonly<Record<string, string>>): string[] {
  const floors = [...new Set(Object.keys(files).map((name) => name.split("/")[0]!))];
  const { stdout, stderr } = spawnSync(bin("depcruise"), ["--output-type", "json", ...floors], {
    cwd: houseOf(files),
    encoding: "utf8",
  });
  if (!stdout.startsWith("{")) throw new Error(stderr);
  return (JSON.parse(stdout) as Cruise).summary.violations.map(({ from, rule }) => `${rule.name} ${from}`);
}

const EMPTY = "export const nothing = undefined;\n";

describe("the import table", () => {
  const plants = [
    [
      "a pure room that imports an adapter",
      "libs/decision/src/a.ts",
      "libs/eventlog/src/b.ts",
      "libs-decision-imports",
    ],
    ["vocabulary that imports anybody", "libs/vocabulary/src/a.ts", "libs/offers/src/b.ts", "libs-vocabulary-imports"],
    ["a library that imports a service", "libs/rpc/src/a.ts", "services/ledger/src/b.ts", "libs-rpc-imports"],
    [
      "services that know one another",
      "services/recorder/src/a.ts",
      "services/collector/src/b.ts",
      "services-recorder-imports",
    ],
    [
      "a service that ships the testkit",
      "services/scorer/src/a.ts",
      "libs/testkit/src/b.ts",
      "services-scorer-imports",
    ],
    ["code that imports a test", "libs/rpc/src/c.ts", "libs/rpc/src/b.test.ts", "tests-are-not-imported"],
  ] as const;
  const reads = "libs/windows/src/a.ts";
  const circle = ["libs/rpc/src/d.ts", "libs/rpc/src/e.ts"] as const;
  let found: readonly string[];

  // One house with everything that is planted, since a look at a house takes seconds.
  beforeAll(() => {
    const planted = plants.flatMap(([, from, to]) => [
      [from, `export * from "../../../${to.replace(/\.ts$/, ".js")}";\n`],
      [to, EMPTY],
    ]);
    found = broken({
      ...(Object.fromEntries(planted) as Record<string, string>),
      [reads]: 'import { readFileSync } from "node:fs";\nexport const read = readFileSync;\n',
      [circle[0]]: 'import { e } from "./e.js";\nexport const d = () => e;\n',
      [circle[1]]: 'import { d } from "./d.js";\nexport const e = () => d;\n',
      // Arrows that point toward vocabulary are what the table is for.
      "libs/offers/src/a.ts": 'export * from "../../vocabulary/src/b.js";\n',
      "libs/vocabulary/src/b.ts": EMPTY,
    });
  });

  it.each(plants)("finds %s", (_, from, _to, rule) => {
    expect(found.filter((one) => one.endsWith(` ${from}`))).toEqual([`${rule} ${from}`]);
  });

  it("finds a pure room that imports a module of Node", () => {
    expect(found).toContain(`pure-rooms-import-no-node ${reads}`);
  });

  it("finds two files that need each other", () => {
    expect(found.filter((one) => one.startsWith("no-circles "))).toHaveLength(1);
  });

  it("finds nothing else", () => {
    expect(found).toHaveLength(plants.length + 2);
  });
});

describe("the linter", () => {
  /** What it says of a text that stood in place of a file of a pure room. */
  function said(text: string): string[] {
    const args = ["--format", "json", "--stdin", "--stdin-filename", "libs/decision/src/decide.ts"];
    // Without this setting its parser takes the text that stands in the file.
    const env = { ...process.env, TSESTREE_SINGLE_RUN: "false" };
    const { stdout, stderr } = spawnSync(bin("eslint"), args, { cwd: ROOT, input: text, encoding: "utf8", env });
    if (!stdout.startsWith("[")) throw new Error(stderr);
    const [file] = JSON.parse(stdout) as [
      { readonly messages: readonly { readonly line: number; readonly ruleId: string | null }[] },
    ];
    return file.messages.map(({ line, ruleId }) => `${line} ${ruleId ?? "not a rule"}`);
  }

  it("finds what a pure room must be given: time, chance, environment, timers, network", () => {
    const planted = [
      "export const atMs = Date.now();",
      "export const draw = Math.random();",
      "export const key: unknown = process;",
      "export const wait: unknown = setTimeout;",
      "export const get: unknown = fetch;",
      "export const given = 1;",
    ];
    expect(said(`${planted.join("\n")}\n`)).toEqual([
      "1 no-restricted-properties",
      "2 no-restricted-properties",
      "3 no-restricted-globals",
      "4 no-restricted-globals",
      "5 no-restricted-globals",
    ]);
  });
});
