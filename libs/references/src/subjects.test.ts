import { TOPICS, wire } from "@leastwise/contracts";
import type { SubjectId } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { givenLog, put, takeBack, type GivenLog } from "./given/log.js";
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
