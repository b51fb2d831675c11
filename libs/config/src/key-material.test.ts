import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { findKey, keepKey, obtainKey } from "./key-material.js";
import type { SomeConfig } from "./keys.js";
import { loadConfig } from "./load.js";
import { sayProblems } from "./problem.js";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leastwise-keys-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

async function configOf(overrides: SomeConfig = {}) {
  const result = await loadConfig({ env: {}, overrides: { data_directory: join(directory, "data"), ...overrides } });
  if (!result.ok) throw new Error(sayProblems(result.error));
  return result.value;
}

async function keyOf(overrides?: SomeConfig): Promise<string> {
  const key = await obtainKey(await configOf(overrides), "subjects");
  if (!key.ok) throw new Error(sayProblems([key.error]));
  return Buffer.from(key.value).toString("hex");
}

async function problemOf(overrides?: SomeConfig): Promise<string> {
  const key = await obtainKey(await configOf(overrides), "subjects");
  return key.ok ? "no problem" : sayProblems([key.error]);
}

describe("obtainKey", () => {
  it("makes the key at first need, for this user only, and gives the same ever after", async () => {
    const first = await keyOf();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await keyOf()).toBe(first);
    expect(readdirSync(join(directory, "data", "keys"))).toEqual(["subjects.key"]);
    expect(statSync(join(directory, "data", "keys", "subjects.key")).mode & 0o777).toBe(0o600);
  });

  it("makes one key when many ask at once", async () => {
    const keys = await Promise.all(Array.from({ length: 16 }, () => keyOf()));
    expect(new Set(keys).size).toBe(1);
    expect(readdirSync(join(directory, "data", "keys"))).toEqual(["subjects.key"]);
  });

  it("takes the configured key, and makes none", async () => {
    expect(await keyOf({ subjects: { key: "AB".repeat(32) } })).toBe("ab".repeat(32));
    expect(readdirSync(directory)).toEqual([]);
  });

  it("makes none for a shared log: all processes need the same", async () => {
    expect(await problemOf({ log: { adapter: "kafka", brokers: ["a:1"] } })).toBe(
      "subjects.key: expected 64 hexadecimal digits, or subjects.key_file, since log.adapter is kafka, got nothing",
    );
  });

  it("refuses a key file that others may read, or that holds no key", async () => {
    await keyOf();
    const file = join(directory, "data", "keys", "subjects.key");
    chmodSync(file, 0o644);
    expect(await problemOf()).toContain('expected mode 600: others may not read it, got "mode 644"');
    chmodSync(file, 0o600);
    writeFileSync(file, "torn");
    expect(await problemOf()).toContain("expected 64 hexadecimal digits");
  });

  it("says so when the directory cannot be made", async () => {
    writeFileSync(join(directory, "data"), "a file stands in the way");
    expect(await problemOf()).toContain("expected a directory that can be made and written");
  });
});

describe("findKey", () => {
  const found = async (overrides: SomeConfig = {}) => {
    const key = await findKey(await configOf(overrides), "subjects");
    if (!key.ok) return sayProblems([key.error]);
    return key.value && Buffer.from(key.value).toString("hex");
  };

  it("finds none where none was made, and makes none", async () => {
    expect(await found()).toBeUndefined();
    expect(await found({ log: { adapter: "kafka", brokers: ["a:1"] } })).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  it("finds the one that is kept, or configured", async () => {
    expect(await found()).toBeUndefined();
    const kept = await keyOf();
    expect(await found()).toBe(kept);
    expect(await found({ subjects: { key: "AB".repeat(32) } })).toBe("ab".repeat(32));
    writeFileSync(join(directory, "data", "keys", "subjects.key"), "torn");
    expect(await found()).toContain("expected 64 hexadecimal digits");
  });
});

describe("keepKey", () => {
  it("keeps a configured key, for this user only, where it is found without being configured", async () => {
    const config = await configOf({ subjects: { key: "AB".repeat(32) } });
    expect(await keepKey(config, "subjects")).toMatchObject({ ok: true });
    expect(await keyOf()).toBe("ab".repeat(32));
    expect(statSync(join(directory, "data", "keys", "subjects.key")).mode & 0o777).toBe(0o600);
  });
});
