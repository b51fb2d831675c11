import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan } from "@leastwise/contracts";
import { openEmbeddedLog, type EventLog } from "@leastwise/eventlog";
import { Ledger } from "@leastwise/ledger";
import { createTelemetry } from "@leastwise/telemetry";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Holding, Role } from "../holding.js";
import { ScriptedGroup } from "./given/scripted-group.js";
import { EPOCH_FIRST } from "./owner-table.js";
import { Owners } from "./owners.js";

const PARTITIONS = 4;
const ALL = [0, 1, 2, 3];
const telemetry = createTelemetry({ service: "owners", version: "test", logLevel: "silent", pretty: false });

let directory: string;
let bare: EventLog;
let group: ScriptedGroup;
let nowMs: number;
const started: Process[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "owners-"));
  bare = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 });
  await bare.ensureTopics(topicPlan(PARTITIONS, CLICKSTREAM_RETENTION_MIN_MS));
  group = new ScriptedGroup();
  nowMs = 1_000_000;
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((process) => process.close()));
  await bare.close();
  await rm(directory, { recursive: true });
});

/** A process of the group, whose windows are there when the test lets them be. */
class Process {
  readonly owners: Owners;
  readonly ledger: Ledger;
  /** What it was told to hold, each time. */
  readonly held: { owned: Record<number, number>; standby: number[] }[] = [];
  restored: Promise<void> = Promise.resolve();
  joined: Promise<void> = Promise.resolve();
  roles: ReadonlyMap<number, Role> = new Map();

  private constructor(owners: Owners, ledger: Ledger) {
    this.owners = owners;
    this.ledger = ledger;
  }

  static async start(address: string, standbys = 0): Promise<Process> {
    const log = group.of(bare);
    const clock = { nowMs: () => nowMs as Millis };
    const owners = await Owners.open({ log, telemetry, clock, address, standbys, reclaimAfterMs: 20 });
    const ledger = await Ledger.open({ log, telemetry, clock, tenure: owners });
    const process = new Process(owners, ledger);
    started.push(process);
    const hold = async ({ owned, standby }: Holding) => {
      const shown = [...owned].map(([partition, epoch]) => [partition, epoch - EPOCH_FIRST]);
      process.held.push({ owned: Object.fromEntries(shown) as Record<number, number>, standby: [...standby].sort() });
      process.roles = new Map([
        ...[...owned.keys()].map((partition) => [partition, "owned"] as const),
        ...standby.map((partition) => [partition, "standby"] as const),
      ]);
      await process.restored;
    };
    // It has joined when it took over what the group agreed on first.
    process.joined = owners.join({ ledger, feed: { hold, roleOf: (partition) => process.roles.get(partition) } });
    process.joined.catch(() => undefined);
    await process.isMember();
    return process;
  }

  /** Which partitions it answers for, as it knows itself, and whether it grants. */
  get answers() {
    return ALL.flatMap((partition) => {
      const unsettledMs = this.owners.unsettledMs(partition);
      return unsettledMs === undefined ? [] : [`${partition}${unsettledMs === 0 ? "" : " stale"}`];
    });
  }

  get map() {
    return ALL.map((partition) => this.owners.ownerOf(partition)?.address);
  }

  /** Resolves when it knows that these answer for the partitions. */
  async knows(...addresses: (string | undefined)[]): Promise<void> {
    const isKnown = () => this.map.every((address, partition) => address === addresses[partition]);
    await new Promise<void>((resolve) => {
      const look = () => {
        if (isKnown()) resolve();
      };
      this.owners.onChange(look);
      look();
    });
  }

  epochOf(partition: number): number | undefined {
    const epoch = this.owners.epochOf(partition);
    return epoch === undefined ? undefined : epoch - EPOCH_FIRST;
  }

  /** Resolves when it is a member, with nothing of its own yet. */
  async isMember(): Promise<void> {
    const { ownAddress } = this.owners;
    while (!group.members().some(({ address }) => address === ownAddress)) await new Promise(setImmediate);
  }

  async close(): Promise<void> {
    await this.owners.close();
    await this.ledger.close();
  }
}

describe("owners", () => {
  it("answer for nothing before the group has agreed, and for what they were given then", async () => {
    const a = await Process.start("a:1");
    expect([a.answers, a.map]).toEqual([[], [undefined, undefined, undefined, undefined]]);
    await group.agree({ "a:1": ALL });
    await a.joined;
    expect(a.answers).toEqual(["0", "1", "2", "3"]);
    await a.knows("a:1", "a:1", "a:1", "a:1");
    expect(a.held[0]).toEqual({ owned: { 0: 0, 1: 1, 2: 2, 3: 3 }, standby: [] });
    expect(ALL.map((partition) => a.epochOf(partition))).toEqual([0, 1, 2, 3]);
  });

  it("keep what they have when the group agrees on it again, under the same epoch", async () => {
    const a = await Process.start("a:1");
    await group.agree({ "a:1": ALL });
    await a.joined;
    group.unsettle();
    nowMs += 700;
    expect(a.answers).toEqual(["0 stale", "1 stale", "2 stale", "3 stale"]);
    expect(a.owners.unsettledMs(2)).toBe(700);
    await group.agree({ "a:1": ALL });
    expect(a.answers).toEqual(["0", "1", "2", "3"]);
    expect(a.epochOf(0)).toBe(0);
  });

  it("go on answering, and grant nothing new, until the next owner is ready", async () => {
    const a = await Process.start("a:1");
    await group.agree({ "a:1": ALL });
    await a.joined;
    const b = await Process.start("b:1");
    let restore: () => void = () => undefined;
    b.restored = new Promise((resolve) => (restore = resolve));
    await group.agree({ "a:1": [0, 1], "b:1": [2, 3] });
    await b.knows("a:1", "a:1", "a:1", "a:1");
    expect(a.answers).toEqual(["0", "1", "2 stale", "3 stale"]);
    expect(b.answers).toEqual([]);
    // What belongs to the shopper is used until its next owner begins.
    expect(a.epochOf(2)).toBe(2);
    while (a.held.at(-1)?.standby.length !== 2) await new Promise(setImmediate);
    expect(a.held.at(-1)).toEqual({ owned: { 0: 0, 1: 1 }, standby: [2, 3] });
    restore();
    await b.joined;
    expect(b.answers).toEqual(["2", "3"]);
    await a.knows("a:1", "a:1", "b:1", "b:1");
    expect([a.answers, a.epochOf(2)]).toEqual([["0", "1"], undefined]);
    while (a.held.at(-1)?.standby.length !== 0) await new Promise(setImmediate);
    expect(a.held.at(-1)).toEqual({ owned: { 0: 0, 1: 1 }, standby: [] });
  });

  it("that leave answer until others are ready, and at once where there are none", async () => {
    const a = await Process.start("a:1");
    await group.agree({ "a:1": ALL });
    await a.joined;
    const b = await Process.start("b:1");
    const left = a.owners.leave(60_000);
    await group.agree({ "b:1": ALL });
    await left;
    await b.joined;
    expect([a.answers, b.answers]).toEqual([[], ["0", "1", "2", "3"]]);
    await b.owners.leave(60_000);
    expect(b.answers).toEqual(["0 stale", "1 stale", "2 stale", "3 stale"]);
  });

  it("do not answer for a process that was at their address before", async () => {
    const a = await Process.start("a:1");
    await group.agree({ "a:1": ALL });
    await a.joined;
    await a.close();
    const again = await Process.start("a:1");
    expect(again.map).toEqual([undefined, undefined, undefined, undefined]);
    await group.agree({ "a:1": ALL });
    await again.knows("a:1", "a:1", "a:1", "a:1");
    expect(again.epochOf(0)).toBeGreaterThan(7);
  });

  it("keep warm what they are the standby of, if they are to", async () => {
    const [a, b] = [await Process.start("a:1", 1), await Process.start("b:1", 1)];
    await group.agree({ "a:1": [0, 1], "b:1": [2, 3] });
    while (a.held.at(-1)?.standby.length !== 2 || b.held.at(-1)?.standby.length !== 2) await new Promise(setImmediate);
    expect(a.held.at(-1)?.standby).toEqual([2, 3]);
    expect(b.held.at(-1)?.standby).toEqual([0, 1]);
  });

  it("go on with what they have when the group is not heard of while they leave", async () => {
    const a = await Process.start("a:1");
    await group.agree({ "a:1": ALL });
    await a.joined;
    const b = await Process.start("b:1");
    group.isAgreeing = true;
    const left = a.owners.leave(60_000);
    await new Promise(setImmediate);
    expect(a.answers).toEqual(["0 stale", "1 stale", "2 stale", "3 stale"]);
    group.isAgreeing = false;
    await group.agree({ "b:1": ALL });
    await left;
    await b.joined;
    expect(a.answers).toEqual([]);
  });

  it("answer for what is theirs while they take over more, however long that takes, and are told meanwhile of newer agreements", async () => {
    const [a, b] = [await Process.start("a:1"), await Process.start("b:1")];
    await group.agree({ "a:1": [0, 1], "b:1": [2, 3] });
    await Promise.all([a.joined, b.joined]);
    let restore: () => void = () => undefined;
    a.restored = new Promise((resolve) => (restore = resolve));
    await group.agree({ "a:1": [0, 1, 2] });
    await group.agree({ "a:1": [0, 1, 2] });
    expect(a.answers).toEqual(["0", "1"]);
    restore();
    await a.knows("a:1", "a:1", "a:1", "b:1");
  });

  it("keep answering for a partition that they take back from one that never was ready", async () => {
    const [a, b] = [await Process.start("a:1"), await Process.start("b:1")];
    await group.agree({ "a:1": ALL });
    await a.joined;
    b.restored = new Promise(() => undefined);
    await group.agree({ "a:1": [0, 1], "b:1": [2, 3] });
    while (!a.answers.includes("3 stale")) await new Promise(setImmediate);
    let restore: () => void = () => undefined;
    a.restored = new Promise((resolve) => (restore = resolve));
    await group.agree({ "a:1": ALL });
    expect(a.answers.map((answer) => answer[0])).toEqual(["0", "1", "2", "3"]);
    restore();
    while (a.answers.join() !== "0,1,2,3") await new Promise(setImmediate);
    expect(a.map).toEqual(["a:1", "a:1", "a:1", "a:1"]);
  });

  it("pass over what stands on their topic and is none of theirs", async () => {
    const value = Buffer.from([0xff]);
    await bare.append([{ topic: "owners", partition: 0, key: "0.ready", value, timestampMs: nowMs as Millis }]);
    const a = await Process.start("a:1");
    await group.agree({ "a:1": ALL });
    await a.joined;
    expect(a.answers).toEqual(["0", "1", "2", "3"]);
  });

  it("never two of them grant for a partition, whatever the group agrees on and however long it takes (property)", async () => {
    const shares = fc.array(fc.array(fc.constantFrom("a:1", "b:1"), { minLength: 4, maxLength: 4 }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(shares, fc.boolean(), async (agreements, isImpatient) => {
        group = new ScriptedGroup();
        const both = [await Process.start("a:1"), await Process.start("b:1")];
        let agreed: Promise<unknown> = Promise.resolve();
        const all = { areOver: false };
        for (const owners of agreements) {
          const given = (address: string) => ALL.filter((partition) => owners[partition] === address);
          agreed = Promise.all([agreed, group.agree({ "a:1": given("a:1"), "b:1": given("b:1") })]);
          if (!isImpatient) await agreed;
        }
        void agreed.then(() => (all.areOver = true));
        while (!all.areOver) {
          for (const partition of ALL) {
            const granting = both.filter(({ owners }) => owners.unsettledMs(partition) === 0);
            expect(granting.length).toBeLessThanOrEqual(1);
          }
          await new Promise(setImmediate);
        }
        const last = agreements.at(-1) ?? [];
        for (const process of both) await process.knows(...last);
        while (both.flatMap(({ answers }) => answers).length !== 4) await new Promise(setImmediate);
        expect(both.flatMap(({ answers }) => answers).sort()).toEqual(["0", "1", "2", "3"]);
        await Promise.all(started.splice(0).map((process) => process.close()));
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
