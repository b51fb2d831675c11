import { describe, expect, it } from "@jest/globals";
import { LogError } from "@leastwise/eventlog";
import { openWhenThere } from "./patient-start.js";

const away = new LogError("log_unavailable", "no broker answers", "retry");

function patienceOf(waitMaxMs: number, stepMs = 0) {
  const told: number[] = [];
  let nowMs = 1_000;
  const patience = {
    waitMaxMs,
    onFailed: (_: LogError, untilMs: number) => told.push(untilMs),
    nowMs: () => (nowMs += stepMs),
  };
  return { patience, told };
}

describe("opening what may not be there yet", () => {
  it("tries again until it is there, and says until when", async () => {
    const { patience, told } = patienceOf(60_000);
    let tries = 0;
    const opened = await openWhenThere(() => {
      tries += 1;
      return tries < 2 ? Promise.reject(away) : Promise.resolve("open");
    }, patience);
    expect([opened, tries, told]).toEqual(["open", 2, [61_000]]);
  });

  it("fails with the last reason when its time is over", async () => {
    const { patience, told } = patienceOf(60_000, 30_000);
    await expect(openWhenThere(() => Promise.reject(away), patience)).rejects.toBe(away);
    expect(told.length).toBeLessThan(3);
  });

  it("tries once what no waiting mends, and what is a bug", async () => {
    for (const error of [new LogError("incarnation_mismatch", "another log", "terminal"), new TypeError("a bug")]) {
      const { patience, told } = patienceOf(60_000);
      await expect(openWhenThere(() => Promise.reject(error), patience)).rejects.toBe(error);
      expect(told).toEqual([]);
    }
  });
});
