import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { OwnerEpochs } from "./owner-epochs.js";

describe("epochs of owners", () => {
  it("let a record count unless it stands behind one of a higher epoch in its partition", () => {
    const records = fc.array(fc.record({ partition: fc.nat(2), epoch: fc.nat(5) }));
    fc.assert(
      fc.property(records, (all) => {
        const epochs = new OwnerEpochs();
        all.forEach(({ partition, epoch }, at) => {
          const before = all.slice(0, at).filter((one) => one.partition === partition);
          expect(epochs.take(partition, epoch)).toBe(before.every((one) => one.epoch <= epoch));
          expect(epochs.newestOf(partition)).toBe(Math.max(epoch, 0, ...before.map((one) => one.epoch)));
        });
      }),
    );
  });
});
