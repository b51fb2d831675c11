import { TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, type EmbeddedLog, type NewRecord } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byTime, type Source } from "./by-time.js";
import { LoggedActs, type Unreadable } from "./logged-acts.js";

const SUBJECT = "5b".repeat(16);
const PARTITIONS = 3;

let directory: string;
let log: EmbeddedLog;
let unreadable: Unreadable[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "leastwise-impact-"));
  // Small batches: several of each partition are under way.
  log = await openEmbeddedLog({ directory, batchRecordsMax: 2 });
  const spec = { partitions: PARTITIONS, compacted: false };
  await log.ensureTopics([
    { name: TOPICS.decisions, ...spec },
    { name: TOPICS.offers, ...spec },
  ]);
  unreadable = [];
});

afterEach(async () => {
  await log.close();
  rmSync(directory, { recursive: true });
});

function on(topic: string, partition: number, value: Uint8Array): NewRecord {
  return { topic, partition, value, timestampMs: 0 as Millis };
}

function decided(partition: number, atMs: number, ownerEpoch = 0): NewRecord {
  const fields = {
    decisionId: `d-${atMs}`,
    subject: SUBJECT,
    decidedAtMs: BigInt(atMs),
    ownerEpoch: BigInt(ownerEpoch),
  };
  return on(TOPICS.decisions, partition, wire.DecisionRecord.encode(wire.DecisionRecord.fromPartial(fields)).finish());
}

function redeemed(partition: number, atMs: number): NewRecord {
  const kind = { $case: "redeemed" as const, value: {} };
  const event = { offerId: `o-${atMs}`, subject: SUBJECT, atMs: BigInt(atMs), kind };
  return on(TOPICS.offers, partition, wire.OfferEvent.encode(wire.OfferEvent.fromPartial(event)).finish());
}

/** An owner of the partition began. */
function began(partition: number, ownerEpoch: number): NewRecord {
  const record = wire.DecisionRecord.fromPartial({ ownerEpoch: BigInt(ownerEpoch) });
  return on(TOPICS.decisions, partition, wire.DecisionRecord.encode(record).finish());
}

async function timesOf(acts: LoggedActs): Promise<string[]> {
  const times: string[] = [];
  for await (const { kind, atMs } of acts.inOrder()) times.push(`${kind} ${atMs}`);
  await acts.close();
  return times;
}

const opened = () => LoggedActs.open(log, (what) => unreadable.push(what));

describe("acts on the log", () => {
  it("come in the order of their times over all partitions of both topics", async () => {
    const times = Array.from({ length: 50 }, (_, index) => index * 10);
    await log.append(times.map((atMs, index) => decided(index % PARTITIONS, atMs)));
    await log.append([redeemed(2, 105), redeemed(0, 200)]);
    const acts = await opened();
    expect(acts.total).toBe(52);
    const expected = times.map((atMs) => `decided ${atMs}`);
    expected.splice(11, 0, "redeemed 105");
    // Of the same time the decision comes first.
    expected.splice(22, 0, "redeemed 200");
    expect(await timesOf(acts)).toEqual(expected);
    expect([acts.read, unreadable]).toEqual([52, []]);
  });

  it("end where the log ended when they were opened", async () => {
    await log.append([decided(0, 1)]);
    const acts = await opened();
    await log.append([decided(0, 2), decided(1, 3)]);
    expect(await timesOf(acts)).toEqual(["decided 1"]);
  });

  it("leave out what an owner wrote whose successor had begun", async () => {
    await log.append([began(0, 1), decided(0, 10, 1), began(0, 2), decided(0, 20, 1), decided(0, 30, 2)]);
    expect(await timesOf(await opened())).toEqual(["decided 10", "decided 30"]);
    expect(unreadable).toEqual([]);
  });

  it("pass over what others wrote, and say where it stands", async () => {
    const strangers = [on(TOPICS.decisions, 1, Buffer.from("not ours")), on(TOPICS.decisions, 1, Buffer.alloc(0))];
    await log.append([...strangers, on(TOPICS.offers, 2, Buffer.from([0x0a, 0xff, 0xff])), decided(1, 10)]);
    expect(await timesOf(await opened())).toEqual(["decided 10"]);
    expect(unreadable.map(({ place }) => place)).toEqual(["decisions/1@0", "decisions/1@1", "offers/2@0"]);
  });

  it("are none of a log without decisions, and can be given up on the way", async () => {
    expect(await timesOf(await opened())).toEqual([]);
    await log.append(Array.from({ length: 20 }, (_, atMs) => decided(0, atMs)));
    const acts = await opened();
    const { value } = await acts.inOrder().next();
    expect(value).toMatchObject({ atMs: 0 });
    await acts.close();
  });
});

describe("an order of time", () => {
  const sourceOf = <T>(things: readonly T[]): Source<T> => {
    const rest = [...things];
    return () => Promise.resolve(rest.shift());
  };

  it("keeps the order of each source, has all of each, and is that of time where each source's is", async () => {
    const timed = fc.array(fc.array(fc.nat(20), { maxLength: 8 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(timed, fc.boolean(), async (lists, areSorted) => {
        const sources = lists.map((times, from) =>
          (areSorted ? times.toSorted((a, b) => a - b) : times).map((atMs, at) => ({ atMs, from, at })),
        );
        const merged: { atMs: number; from: number; at: number }[] = [];
        for await (const one of byTime(sources.map(sourceOf))) merged.push(one);
        for (const [from, source] of sources.entries())
          expect(merged.filter((one) => one.from === from)).toEqual(source);
        if (areSorted) expect(merged).toEqual(merged.toSorted((a, b) => a.atMs - b.atMs || a.from - b.from));
      }),
    );
  });
});
