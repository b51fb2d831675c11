import { wire } from "@leastwise/contracts";
import { describe, expect, it } from "@jest/globals";
import { EPOCH_FIRST, OwnerTable } from "./owner-table.js";

const { OWNER_STANDING_CLAIMED: CLAIMED, OWNER_STANDING_READY: READY } = wire.OwnerStanding;

function record(standing: wire.OwnerStanding, address: string, epoch = 0, partition = 3): Uint8Array {
  return wire.OwnerRecord.encode({ partition, address, standing, epoch: BigInt(epoch), atMs: 0n }).finish();
}

const CHANGED = { ok: true, value: true };
const UNCHANGED = { ok: true, value: false };

describe("the table of owners", () => {
  it("keeps the last owner that was ready until the next one says that it is", () => {
    const table = new OwnerTable(4);
    expect([table.claimOf(3), table.readyOf(3)]).toEqual([undefined, undefined]);
    expect(table.take(record(CLAIMED, "a:1"), 0)).toEqual(CHANGED);
    expect(table.readyOf(3)).toBeUndefined();
    expect(table.take(record(READY, "a:1", EPOCH_FIRST), 1)).toEqual(CHANGED);
    expect(table.take(record(CLAIMED, "b:1"), 2)).toEqual(CHANGED);
    expect([table.claimOf(3), table.readyOf(3)]).toEqual([
      { address: "b:1", epoch: EPOCH_FIRST + 2 },
      { address: "a:1", epoch: EPOCH_FIRST },
    ]);
    expect(table.take(record(READY, "b:1", EPOCH_FIRST + 2), 3)).toEqual(CHANGED);
    expect(table.readyOf(3)).toEqual({ address: "b:1", epoch: EPOCH_FIRST + 2 });
  });

  it("does not believe one that comes late: a later owner is ready by then", () => {
    const table = new OwnerTable(4);
    table.take(record(CLAIMED, "a:1"), 0);
    table.take(record(CLAIMED, "b:1"), 1);
    table.take(record(READY, "b:1", EPOCH_FIRST + 1), 2);
    expect(table.take(record(READY, "a:1", EPOCH_FIRST), 3)).toEqual(UNCHANGED);
    expect(table.readyOf(3)).toEqual({ address: "b:1", epoch: EPOCH_FIRST + 1 });
  });

  it("passes over what says nothing that this version knows", () => {
    expect(new OwnerTable(4).take(record(wire.OwnerStanding.UNRECOGNIZED, "a:1"), 0)).toEqual(UNCHANGED);
  });

  it.each([
    ["what is no record", Buffer.from([0xff]), "record_malformed"],
    ["a partition that there is not", record(CLAIMED, "a:1", 0, 4), "partition_out_of_range"],
    ["a partition below none", record(CLAIMED, "a:1", 0, -1), "partition_out_of_range"],
    ["one that is ready and has not claimed", record(READY, "a:1", EPOCH_FIRST + 7), "epoch_out_of_range"],
  ])("refuses %s, in words", (_, value, reason) => {
    expect(new OwnerTable(4).take(value, 7)).toMatchObject({ ok: false, error: { reason } });
  });
});
