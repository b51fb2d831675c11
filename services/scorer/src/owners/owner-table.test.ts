import { wire } from "@leastwise/contracts";
import { describe, expect, it } from "@jest/globals";
import { OwnerTable } from "./owner-table.js";

const { OWNER_STANDING_CLAIMED: CLAIMED, OWNER_STANDING_READY: READY } = wire.OwnerStanding;

function record(standing: wire.OwnerStanding, address: string, epoch = 0): wire.OwnerRecord {
  return { partition: 3, address, standing, epoch: BigInt(epoch), atMs: 0n };
}

describe("the table of owners", () => {
  it("keeps the last owner that was ready until the next one says that it is", () => {
    const table = new OwnerTable();
    expect([table.claimOf(3), table.readyOf(3)]).toEqual([undefined, undefined]);
    expect(table.take(record(CLAIMED, "a:1"), 0)).toBe(true);
    expect(table.readyOf(3)).toBeUndefined();
    expect(table.take(record(READY, "a:1", 1), 1)).toBe(true);
    expect(table.take(record(CLAIMED, "b:1"), 2)).toBe(true);
    expect([table.claimOf(3), table.readyOf(3)]).toEqual([
      { address: "b:1", epoch: 3 },
      { address: "a:1", epoch: 1 },
    ]);
    expect(table.take(record(READY, "b:1", 3), 3)).toBe(true);
    expect(table.readyOf(3)).toEqual({ address: "b:1", epoch: 3 });
  });

  it("does not believe one that comes late: a later owner is ready by then", () => {
    const table = new OwnerTable();
    table.take(record(CLAIMED, "a:1"), 0);
    table.take(record(CLAIMED, "b:1"), 1);
    table.take(record(READY, "b:1", 2), 2);
    expect(table.take(record(READY, "a:1", 1), 3)).toBe(false);
    expect(table.readyOf(3)).toEqual({ address: "b:1", epoch: 2 });
  });

  it("passes over what says nothing that this version knows", () => {
    expect(new OwnerTable().take(record(wire.OwnerStanding.UNRECOGNIZED, "a:1"), 0)).toBe(false);
  });
});
