import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ReadBacks } from "./read-backs.js";

const at = (offset: number) => ({ topic: "decisions", partition: 0, offset });
const LONG_MS = 3_600_000;

describe("own records that are read back", () => {
  it("stand unless a higher epoch stands before them, whoever hears first (property)", async () => {
    const records = fc.array(fc.record({ epoch: fc.nat(4), isAskedFirst: fc.boolean() }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(records, async (all) => {
        const readBacks = new ReadBacks();
        let hasRead: () => void = () => undefined;
        const read = new Promise<void>((resolve) => (hasRead = resolve));
        const verdicts = all.map(async ({ epoch, isAskedFirst }, offset) => {
          if (!isAskedFirst) await read;
          return readBacks.of(at(offset), epoch, LONG_MS);
        });
        const counted = all.map(({ epoch }, offset) => {
          const counts = readBacks.take(at(offset), epoch);
          readBacks.seen(at(offset));
          return counts;
        });
        hasRead();
        const expected = all.map(({ epoch }, offset) => all.slice(0, offset).every((before) => before.epoch <= epoch));
        expect(counted).toEqual(expected);
        expect(await Promise.all(verdicts)).toEqual(expected.map((stands) => (stands ? "stands" : "void")));
      }),
    );
  });

  it("are not waited for for ever", async () => {
    const readBacks = new ReadBacks();
    expect(await readBacks.of(at(0), 1, 1)).toBeUndefined();
    const waiting = readBacks.of(at(0), 1, LONG_MS);
    readBacks.giveUp();
    expect(await waiting).toBeUndefined();
  });
});
