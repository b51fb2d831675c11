import { TOPICS, wire } from "@leastwise/contracts";
import type { SubjectId } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { givenLog, put, takeBack, type GivenLog } from "./given/log.js";
import { withStrangers } from "./given/strangers.js";
import type { PassedOver } from "./passed-over.js";
import { followSubjects, type Subjects } from "./subjects.js";

const ADA = "a0".repeat(16) as SubjectId;
const BOB = "a1".repeat(16) as SubjectId;

let given: GivenLog;
let subjects: Subjects | undefined;

beforeEach(async () => {
  given = await givenLog();
});

afterEach(async () => {
  await subjects?.stop();
  await given.end();
});

function kept(subject: SubjectId, loyaltyTier: string) {
  const record = wire.SubjectRecord.fromPartial({ subject, profile: { loyaltyTier } });
  return put(TOPICS.subjects, subject, wire.SubjectRecord.encode(record).finish());
}

describe("the subjects", () => {
  it("are as their newest records say", async () => {
    await given.log.append([kept(ADA, "silver"), kept(BOB, "bronze"), kept(ADA, "gold")]);
    subjects = await followSubjects(given.log);
    expect(subjects.record(ADA)?.profile?.loyaltyTier).toBe("gold");
    expect(subjects.record(BOB)?.profile?.loyaltyTier).toBe("bronze");
  });

  it("say whether they have been taken so far", async () => {
    await given.log.append([kept(ADA, "silver"), kept(BOB, "bronze")]);
    subjects = await followSubjects(given.log);
    expect([0, 1, 2].map((offset) => subjects?.hasTaken(offset))).toEqual([true, true, false]);
  });

  it("are not there before their first record, nor after they were taken back", async () => {
    await given.log.append([kept(ADA, "gold"), takeBack(TOPICS.subjects, ADA), takeBack(TOPICS.subjects, BOB)]);
    subjects = await followSubjects(given.log);
    expect([subjects.record(ADA), subjects.record(BOB)]).toEqual([undefined, undefined]);
  });
});

describe("what somebody else wrote onto the subjects", () => {
  it("is passed over, and it is said where it stands and what is wrong with it", async () => {
    const gold = (subject: string) =>
      wire.SubjectRecord.encode(wire.SubjectRecord.fromPartial({ subject, profile: { loyaltyTier: "gold" } })).finish();
    await given.log.append([
      kept(ADA, "silver"),
      put(TOPICS.subjects, ADA, Buffer.from([0x0a, 0xff, 0xff])),
      put(TOPICS.subjects, ADA, gold("")),
      put(TOPICS.subjects, "ada", gold("ada")),
      put(TOPICS.subjects, BOB, gold(ADA)),
    ]);
    const told: PassedOver[] = [];
    subjects = await followSubjects(given.log, { onPassedOver: (one) => told.push(one) });
    expect(subjects.record(ADA)?.profile?.loyaltyTier).toBe("silver");
    expect([subjects.record("ada" as SubjectId), subjects.record(BOB)]).toEqual([undefined, undefined]);
    expect(told.map(({ topic, partition, offset, problem }) => [`${topic}/${partition}/${offset}`, problem])).toEqual([
      ["subjects/0/1", "premature EOF"],
      ["subjects/0/2", "subject is missing"],
      ["subjects/0/3", "subject is no subject's id"],
      ["subjects/0/4", "its key is not its subject"],
    ]);
  });

  it("has been taken, too: whoever waits for its place is not left waiting", async () => {
    await given.log.append([kept(ADA, "silver"), put(TOPICS.subjects, "x", Buffer.from("stranger"))]);
    subjects = await followSubjects(given.log);
    expect(subjects.hasTaken(1)).toBe(true);
  });

  it("changes nothing, wherever it stands", async () => {
    const own = [kept(ADA, "silver"), kept(BOB, "bronze"), takeBack(TOPICS.subjects, BOB), kept(ADA, "gold")];
    await fc.assert(
      fc.asyncProperty(withStrangers(TOPICS.subjects, own, [ADA, BOB]), async ({ records, strangers }) => {
        const mixed = await givenLog();
        await mixed.log.append(records);
        let passedOver = 0;
        const followed = await followSubjects(mixed.log, { onPassedOver: () => (passedOver += 1) });
        const tiers = [ADA, BOB].map((subject) => followed.record(subject)?.profile?.loyaltyTier);
        await followed.stop();
        await mixed.end();
        expect([tiers, passedOver]).toEqual([["gold", undefined], strangers]);
      }),
      { numRuns: 25 },
    );
  });
});
