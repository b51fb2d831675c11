import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { InTurn } from "./in-turn.js";

describe("tasks in turn", () => {
  it("run side by side up to the bound, and those of one key in their order", async () => {
    const keysAndTurns = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), fc.nat(5)), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(keysAndTurns, fc.integer({ min: 1, max: 6 }), async (tasks, placesMax) => {
        const inTurn = new InTurn(placesMax);
        const [begun, running] = [new Map<string, number[]>(), new Set<string>()];
        for (const [place, [key, turns]] of tasks.entries()) {
          await inTurn.begin(key, async () => {
            expect(running.has(key)).toBe(false);
            running.add(key);
            expect(running.size).toBeLessThanOrEqual(placesMax);
            begun.set(key, [...(begun.get(key) ?? []), place]);
            for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
            running.delete(key);
          });
        }
        await inTurn.ended();
        expect(running.size).toBe(0);
        const inOrder = [...begun.values()].every((places) => places.every((one, at) => one > (places[at - 1] ?? -1)));
        expect([inOrder, [...begun.values()].flat().length]).toEqual([true, tasks.length]);
      }),
    );
  });

  it("begin no further one once one has failed, and end with what it failed with", async () => {
    const inTurn = new InTurn(1);
    const done: string[] = [];
    await inTurn.begin("a", () => Promise.reject(new Error("the log is full")));
    const next = inTurn.begin("b", () => Promise.resolve(void done.push("b")));
    await expect(next).rejects.toThrow("the log is full");
    await expect(inTurn.ended()).rejects.toThrow("the log is full");
    expect(done).toEqual([]);
  });
});
