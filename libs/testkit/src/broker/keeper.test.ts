import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { keep, type KeptProcess, whenReady } from "./keeper.js";

let folder: string;
const kept: KeptProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "leastwise-keeper-"));
});

afterEach(async () => {
  for (const one of kept.splice(0)) await one.stop();
  rmSync(folder, { recursive: true, force: true });
});

function started(...command: string[]): KeptProcess {
  const one = keep(folder, command);
  kept.push(one);
  return one;
}

/** Says its process id, and then nothing for long. */
async function sleeper(): Promise<{ readonly server: KeptProcess; readonly pid: number }> {
  const server = started("sh", "-c", "echo $$; exec sleep 1000");
  await whenReady(server, () => Promise.resolve(server.output() !== ""), 10_000);
  return { server, pid: Number(server.output()) };
}

/** A letter, as ps has it; empty for a process that is gone. */
function stateOf(pid: number): string {
  try {
    return execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" })
      .trim()
      .slice(0, 1);
  } catch {
    return "";
  }
}

describe("keep", () => {
  it("pauses its process and has it go on", async () => {
    const { server, pid } = await sleeper();
    await server.pause();
    expect(stateOf(pid)).toBe("T");
    await server.resume();
    expect(stateOf(pid)).toBe("S");
    expect(server.hasExited()).toBe(false);
  });

  it("leaves the folder of a process that was killed, for another to keep", async () => {
    const { server, pid } = await sleeper();
    await server.kill();
    expect(server.hasExited()).toBe(true);
    expect(["", "Z"]).toContain(stateOf(pid));
    await sleeper();
    await server.leave();
    expect(existsSync(folder)).toBe(true);
  });

  it("ends its process, also one that is paused, and removes the folder, once", async () => {
    const { server, pid } = await sleeper();
    await server.pause();
    await Promise.all([server.stop(), server.stop()]);
    expect(stateOf(pid)).toBe("");
    expect(existsSync(folder)).toBe(false);
  });

  it("lets interrupts and requests to end pass: it ends with whoever started it", async () => {
    const { server, pid } = await sleeper();
    const keeper = execFileSync("ps", ["-o", "ppid=", "-p", String(pid)], { encoding: "utf8" }).trim();
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.kill(Number(keeper), name);
    await server.pause();
    expect(stateOf(pid)).toBe("T");
    expect(existsSync(folder)).toBe(true);
  });

  it("takes orders for a process that has ended by itself", async () => {
    const server = started("true");
    await whenReady(server, () => Promise.resolve(server.hasExited()), 10_000);
    await Promise.all([server.pause(), server.kill()]);
    await server.stop();
    expect(existsSync(folder)).toBe(false);
  });
});

describe("whenReady", () => {
  it("says the last words of a process that ends before it is ready, and has the folder removed", async () => {
    const server = started("sh", "-c", "echo out of luck >&2");
    await expect(whenReady(server, () => Promise.resolve(false), 10_000, "it")).rejects.toThrow(
      "it: did not start: out of luck",
    );
    expect(existsSync(folder)).toBe(false);
  });

  it("does not wait for ever", async () => {
    const { server } = await sleeper();
    await expect(whenReady(server, () => Promise.resolve(false), 100)).rejects.toThrow("did not start");
    expect(server.hasExited()).toBe(true);
  });
});
