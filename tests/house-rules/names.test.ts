import { describe, expect, it } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FLOORS = ["libs", "services", "tests", "bench", "deploy", "scripts"];
/** Rooms that become attics: their names say nothing of what is in them. */
const ATTICS = /^(common|shared|utils?|helpers?|types|managers?|misc|lib)$/;
const NOT_OURS = /(^|\/)(node_modules|dist|gen|target)(\/|$)/;

const paths = FLOORS.flatMap((floor) =>
  readdirSync(path.join(ROOT, floor), { recursive: true })
    .map((name) => `${floor}/${String(name).replaceAll("\\", "/")}`)
    .filter((name) => !NOT_OURS.test(name)),
);
const sources = paths.filter((name) => /\.(ts|js|cjs)$/.test(name));

describe("names", () => {
  it("are never those of an attic", () => {
    const attics = paths.filter((name) =>
      name
        .split("/")
        .slice(1)
        .some((part) => ATTICS.test(part.split(".")[0]!)),
    );
    expect(attics).toEqual([]);
  });
});

describe("sources", () => {
  it("are all there to be looked at", () => {
    expect(sources.length).toBeGreaterThan(300);
  });

  it.each([
    ["tests that are focused or put off", /\b(it|test|describe)\.(only|todo)\b|\b[xf](it|describe)\(/],
    // In parts, so that this file is none of them.
    ["work that is left for later", new RegExp(["TO" + "DO", "FIX" + "ME"].map((word) => `\\b${word}\\b`).join("|"))],
  ])("have no %s", (_, pattern) => {
    expect(sources.filter((name) => pattern.test(readFileSync(path.join(ROOT, name), "utf8")))).toEqual([]);
  });
});
