import { describe, expect, it } from "@jest/globals";
import { Writable } from "node:stream";
import { Progress } from "./progress.js";

/** A progress of so many events under a clock that a test sets, and what it has shown. */
function given({ total, isTTY = false }: { total?: number; isTTY?: boolean }) {
  const shown: string[] = [];
  const write = (chunk: Buffer, _: unknown, done: () => void) => {
    shown.push(chunk.toString());
    done();
  };
  const time = { nowMs: 0 };
  const stream = Object.assign(new Writable({ write }), { isTTY });
  const progress = new Progress({ stream, unit: "events", total, nowMs: () => time.nowMs });
  return { shown, time, progress };
}

describe("progress", () => {
  it("rewrites one line on a terminal, with rate and time left", () => {
    const { shown, time, progress } = given({ total: 1_000, isTTY: true });
    time.nowMs = 1_000;
    progress.at(250, () => "3 decisions");
    time.nowMs = 1_050; // too soon to show again
    progress.at(260, () => "3 decisions");
    progress.finish(1_000, "9 decisions");
    expect(shown).toEqual([
      "\r\u001b[2K250 events 25 %, 250/s, 3 s left · 3 decisions",
      "\r\u001b[2K1,000 events 100 %, 952/s · 9 decisions",
      "\n",
    ]);
  });

  it("is plain lines elsewhere, fewer the longer it takes", () => {
    const { shown, time, progress } = given({ total: 1_000 });
    for (time.nowMs = 0; time.nowMs <= 100_000; time.nowMs += 1_000) progress.at(time.nowMs / 1_000, () => "");
    expect(shown[0]).toBe("2 events 0 %, 1/s, 17 min left\n");
    expect(shown.length).toBeLessThan(40);
  });

  it("tells the time left by the share that is over, where nobody knows how many there will be", () => {
    const { shown, time, progress } = given({});
    time.nowMs = 10_000;
    progress.at(500, () => "", 0.5);
    time.nowMs = 20_000;
    progress.at(600, () => "");
    expect(shown).toEqual(["500 events 50 %, 50/s, 10 s left\n", "600 events, 30/s\n"]);
  });
});
