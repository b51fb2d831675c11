import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeDataDirectory } from "./data-directory.js";
import { obtainKey } from "./key-material.js";
import { loadConfig } from "./load.js";
import { sayProblems } from "./problem.js";

const onLinux = process.platform === "linux" ? it : it.skip;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "data-directory-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function words(at: string): Promise<string> {
  const made = await makeDataDirectory(at);
  return made.ok ? "made" : sayProblems([made.error]);
}

describe("the data directory", () => {
  it("is made with what is missing above it, by several at once, and again, and nothing is left in it", async () => {
    const deep = path.join(directory, "a", "b", "c");
    expect(await Promise.all([words(deep), words(deep), words(deep)])).toEqual(["made", "made", "made"]);
    expect([await words(deep), await readdir(deep)]).toEqual(["made", []]);
  });

  it("is refused in words where a file is in its way, or a link to nothing", async () => {
    const file = path.join(directory, "file");
    await writeFile(file, "");
    const link = path.join(directory, "link");
    await symlink(path.join(directory, "nothing"), link);
    for (const at of [file, path.join(file, "below"), link, path.join(link, "below")]) {
      expect(await words(at)).toMatch(/^data_directory: expected a directory that can be made and written \(E.*, got /);
    }
  });

  onLinux("is refused in words on a file system that makes no directories, and says that there is none", async () => {
    for (const at of ["/proc", "/proc/x", "/proc/x/y/z"]) {
      expect(await words(at)).toMatch(/^data_directory: expected a directory that can be made and written \(E/);
    }
  });

  onLinux("is refused so, too, where keys are to be made in it", async () => {
    const loaded = await loadConfig({ env: {}, overrides: { data_directory: "/proc/x" } });
    if (!loaded.ok) throw new Error("not a configuration");
    expect(await obtainKey(loaded.value, "codes")).toMatchObject({ ok: false, error: { field: "data_directory" } });
  });
});
