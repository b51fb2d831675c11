import { describe, expect, it } from "@jest/globals";
import type { EventLog } from "@leastwise/eventlog";
import type { Telemetry } from "@leastwise/telemetry";
import { TwinWatch } from "./twin-watch.js";

/** Looks once at members with these addresses; resolves with what was said when it has looked. */
async function said(...addresses: string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  let looked: () => void = () => undefined;
  const hasLooked = new Promise<void>((resolve) => (looked = resolve));
  const membersOf = () => {
    looked();
    return Promise.resolve(addresses.map((address) => ({ address })));
  };
  const watch = new TwinWatch({
    log: { membersOf } as unknown as Pick<EventLog, "membersOf">,
    logger: { error: (_: unknown, line: string) => lines.push(line) } as unknown as Telemetry["logger"],
    ...{ group: "scorers", address: "a:1", lookAfterMs: 1 },
  });
  watch.agreed();
  watch.agreed();
  await hasLooked;
  await new Promise(setImmediate);
  watch.close();
  return lines;
}

describe("two scorers with one address", () => {
  it("are told of", async () => {
    expect(await said("a:1", "b:1", "a:1")).toEqual([expect.stringContaining("scorer.address")]);
  });

  it("are none where each has its own", async () => {
    expect(await said("a:1", "b:1")).toEqual([]);
    expect(await said()).toEqual([]);
  });
});
