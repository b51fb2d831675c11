import { describe, expect, it } from "@jest/globals";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { failing, findingsTable, fine } from "./finding.js";
import { checkDisk, checkMemory } from "./machine.js";

const GIB = 2 ** 30;

describe("what the doctor says of the machine", () => {
  it("is that windows fit its memory, or how large they may be", () => {
    const scorer = { windows_bytes_max: 4 * GIB } as Parameters<typeof checkMemory>[0]["scorer"];
    expect(checkMemory({ scorer }, 16 * GIB)).toMatchObject({ standing: "ok" });
    expect(checkMemory({ scorer }, 5 * GIB)).toMatchObject({
      standing: "warn",
      found: "windows may take 4.0 GiB of 5.0 GiB",
      fix: expect.stringContaining("at most 3 GiB"),
    });
  });

  it("is that the data directory cannot be written, and why", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "leastwise-doctor-"));
    const file = path.join(directory, "taken");
    await writeFile(file, "");
    expect(await checkDisk({ data_directory: file })).toMatchObject({
      standing: "fail",
      fix: expect.stringContaining("data_directory"),
    });
    expect((await checkDisk({ data_directory: path.join(directory, "new") })).standing).not.toBe("fail");
    await rm(directory, { recursive: true });
  });

  it("has what to do on a line below", () => {
    const table = findingsTable([fine("disk", "there"), failing("brokers", "away", "start them")]);
    expect(table.split("\n")).toEqual(["ok    disk     there", "FAIL  brokers  away", "               → start them"]);
  });
});
