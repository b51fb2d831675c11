import { loadConfig } from "@leastwise/config";
import { decodeClickstreamRecord, encodeClickstreamRecord, TOPICS, wire } from "@leastwise/contracts";
import type { LogRecord, RegroupedTopic } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { growthPlan } from "./growth-plan.js";

const ADA = "ff".repeat(16);
const BROWSER = "00".repeat(16);
let topics: ReadonlyMap<string, RegroupedTopic>;

beforeAll(async () => {
  const config = await loadConfig({ env: {}, overrides: {} });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const plan = growthPlan(config.value, 12);
  topics = new Map(plan.regrouped.map((topic) => [topic.name, topic]));
  const partitions = new Map(plan.settings.map((topic) => [topic.name, topic.partitions]));
  for (const name of [...topics.keys(), ...plan.remade]) expect([name, partitions.get(name)]).toEqual([name, 12]);
});

function stands(topic: string, value: Uint8Array, key?: string): LogRecord {
  const record = { topic, partition: 3, offset: 7, value, timestampMs: 0 as Millis };
  return key === undefined ? record : { ...record, key };
}

const moved = (cause: string): LogRecord => {
  const value = wire.StateMoved.fromPartial({ fromSubject: BROWSER, toSubject: ADA, cause, windows: Buffer.from("w") });
  return stands(TOPICS.clickstream, encodeClickstreamRecord({ $case: "stateMoved", value }), ADA);
};

describe("what becomes of the records when the topics grow", () => {
  it("goes by the subject's bucket, and stays where nobody is named", () => {
    for (const topic of topics.values()) {
      expect(topic.laneOf(stands(topic.name, Buffer.alloc(0), ADA))).toBe(255);
      expect(topic.laneOf(stands(topic.name, Buffer.alloc(0)))).toBeUndefined();
      expect(topic.laneOf(stands(topic.name, Buffer.alloc(0), "not a subject"))).toBeUndefined();
      expect([topic.partitionOf(255, 12), topic.partitionOf(0, 12)]).toEqual([11, 0]);
    }
  });

  it("a moved state names its link where that has come to stand, also in a part", () => {
    const { references } = topics.get(TOPICS.clickstream)!;
    for (const before of ["", "part 2 of 5 of "]) {
      const record = moved(`${before}a1b2/${TOPICS.clickstream}/3/41`);
      expect(references!.placeIn(record)).toEqual({ partition: 3, offset: 41 });
      const renamed = decodeClickstreamRecord(references!.withPlace(record, { partition: 9, offset: 1_000 }));
      expect(renamed).toMatchObject({
        value: { $case: "stateMoved", value: { toSubject: ADA, cause: `${before}a1b2/${TOPICS.clickstream}/9/1000` } },
      });
    }
  });

  it("links are what is named; events, and what cannot be read, name nothing", () => {
    const { references } = topics.get(TOPICS.clickstream)!;
    const of = (body: Parameters<typeof encodeClickstreamRecord>[0]) =>
      stands(TOPICS.clickstream, encodeClickstreamRecord(body), ADA);
    const link = of({
      $case: "link",
      value: wire.SubjectLink.fromPartial({ anonymousSubject: BROWSER, knownSubject: ADA }),
    });
    const event = of({ $case: "event", value: wire.ClickstreamEvent.fromPartial({ subject: ADA }) });
    const broken = stands(TOPICS.clickstream, Uint8Array.of(255, 255), ADA);
    expect([link, event, broken, moved("x/clickstream/0/0")].map((record) => references!.isNamed(record))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    for (const record of [link, event, broken, moved("elsewhere")]) expect(references!.placeIn(record)).toBeUndefined();
  });

  it("what a superseded owner wrote, and beginnings of owners, go; what counts is under no epoch any more", () => {
    const decision = (decisionId: string, epoch: number) =>
      stands(
        TOPICS.decisions,
        wire.DecisionRecord.encode(
          wire.DecisionRecord.fromPartial({ decisionId, subject: ADA, ownerEpoch: BigInt(epoch) }),
        ).finish(),
      );
    const offer = (offerId: string, epoch: number) =>
      stands(
        TOPICS.offers,
        wire.OfferEvent.encode(wire.OfferEvent.fromPartial({ offerId, ownerEpoch: BigInt(epoch) })).finish(),
      );
    const history: readonly (readonly [string, number])[] = [
      ["of none", 0],
      ["", 1],
      ["first", 1],
      ["", 2],
      ["late", 1],
      ["of none, late", 0],
      ["second", 2],
    ];
    const decisionOf = topics.get(TOPICS.decisions)!.reader!();
    const decided = history.flatMap(([id, epoch]) => decisionOf(decision(id, epoch)) ?? []);
    expect(decided.map((value) => wire.DecisionRecord.decode(value))).toMatchObject(
      ["of none", "first", "second"].map((decisionId) => ({ decisionId, ownerEpoch: 0n })),
    );
    const offerOf = topics.get(TOPICS.offers)!.reader!();
    const happened = history.flatMap(([id, epoch]) => offerOf(offer(id, epoch)) ?? []);
    expect(happened.map((value) => wire.OfferEvent.decode(value))).toMatchObject(
      ["of none", "first", "second"].map((offerId) => ({ offerId, ownerEpoch: 0n })),
    );
  });

  it("what is none of ours is carried along as it is, whatever it is, and it is said why; it moves no epoch", () => {
    const TORN = Uint8Array.of(0x0a, 200, 1);
    const GROUPED = Uint8Array.of(0x0e, 1);
    for (const name of [TOPICS.decisions, TOPICS.offers]) {
      const { reader, problemOf } = topics.get(name)!;
      const valueOf = reader!();
      for (const foreign of [TORN, GROUPED, new Uint8Array(0), Buffer.from("hello")]) {
        const record = stands(name, foreign, ADA);
        expect(valueOf(record)).toEqual(foreign);
        expect(problemOf!(record)).toEqual(expect.any(String));
      }
    }
    expect(topics.get(TOPICS.clickstream)!.problemOf!(stands(TOPICS.clickstream, TORN, ADA))).toBe("record_malformed");
  });

  it("a decision of nobody is none of ours, and its epoch, which no copy may have, voids nothing", () => {
    const { reader, problemOf } = topics.get(TOPICS.decisions)!;
    const decision = (subject: string, ownerEpoch: bigint) =>
      wire.DecisionRecord.encode(wire.DecisionRecord.fromPartial({ decisionId: "d", subject, ownerEpoch })).finish();
    const valueOf = reader!();
    const foreign = stands(TOPICS.decisions, decision("bob@example.com", 9n), ADA);
    expect(problemOf!(foreign)).toBe("it has no subject");
    expect(wire.DecisionRecord.decode(valueOf(foreign)!)).toMatchObject({ subject: "bob@example.com", ownerEpoch: 0n });
    expect(valueOf(stands(TOPICS.decisions, decision(ADA, 1n), ADA))).toBeDefined();
  });

  it("a key that is no subject is said, without repeating it, and ours are not", () => {
    const event = encodeClickstreamRecord({
      $case: "event",
      value: wire.ClickstreamEvent.fromPartial({ subject: ADA }),
    });
    const { problemOf } = topics.get(TOPICS.clickstream)!;
    expect(problemOf!(stands(TOPICS.clickstream, event, ADA))).toBeUndefined();
    expect(problemOf!(stands(TOPICS.clickstream, event, "bob@example.com"))).toBe("its key is no subject");
    expect(problemOf!(stands(TOPICS.clickstream, event))).toBe("its key is missing");
    const begins = wire.DecisionRecord.encode(wire.DecisionRecord.fromPartial({ ownerEpoch: 2n })).finish();
    expect(topics.get(TOPICS.decisions)!.problemOf!(stands(TOPICS.decisions, begins))).toBeUndefined();
  });
});
