import { CLICKSTREAM_RETENTION_MIN_MS, createSubjectHasher, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { LogError, openEmbeddedLog, type EventLog } from "@leastwise/eventlog";
import { compileProposed, followSubjects, type PolicyInForce, type Subjects } from "@leastwise/references";
import { callUnary, connect, startRpcServer, type RpcServer } from "@leastwise/rpc";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { subjectService } from "./subject-service.js";

const NOON = Date.UTC(2026, 10, 23, 12) as Millis;
const ADA = { userId: "ada", anonymousId: "" };
const { PURPOSE_PERSONALIZATION, PURPOSE_MARKETING, PURPOSE_PROFILE } = wire.Purpose;
const hasher = createSubjectHasher(Buffer.from("a secret of at least 16 bytes"));

let directory: string;
let log: EventLog;
let subjects: Subjects;
let server: RpcServer;
let client: InstanceType<typeof wire.SubjectServiceClient>;
/** The collector's clock. */
let nowMs: Millis;
let isRefused: boolean;
let inForce: PolicyInForce | undefined;
/** Whether that is what the log says. */
let isSeen: boolean;
/** What readers wait for before they take what they are given. */
let untilLetOn: Promise<void>;
let letOn: () => void;

beforeEach(async () => {
  isRefused = false;
  nowMs = NOON;
  inForce = asking(["welcome"]);
  isSeen = true;
  letOn = () => undefined;
  untilLetOn = Promise.resolve();
  directory = await mkdtemp(path.join(tmpdir(), "subjects-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 });
  await log.ensureTopics(topicPlan(1, CLICKSTREAM_RETENTION_MIN_MS));
  const lagging = laggingAndFragile(log);
  subjects = await followSubjects(lagging);
  const clock = { nowMs: () => nowMs };
  const policies = { active: () => inForce };
  const sight = { look: () => Promise.resolve(isSeen) };
  const services = [subjectService({ log: lagging, clock, hasher, subjects, policies, sight })];
  const started = await startRpcServer({ host: "127.0.0.1", port: 0, services });
  if (!started.ok) throw new Error(started.error.reason);
  server = started.value;
  client = connect(wire.SubjectServiceClient, `127.0.0.1:${server.port}`);
});

afterEach(async () => {
  letOn();
  client.close();
  await server.drain(0);
  await subjects.stop();
  await log.close();
  await rm(directory, { recursive: true });
});

/** The real log, save that its readers may be held back and its appends refused. */
function laggingAndFragile(real: EventLog): EventLog {
  return {
    incarnation: real.incarnation,
    ensureTopics: (topics) => real.ensureTopics(topics),
    partitions: (topic) => real.partitions(topic),
    append: (records) =>
      isRefused ? Promise.reject(new LogError("log_unavailable", "as told", "retry")) : real.append(records),
    offsets: (topic, partition) => real.offsets(topic, partition),
    holdsAll: (topic) => real.holdsAll(topic),
    ends: (topic) => real.ends(topic),
    subscribe: (subscription) =>
      real.subscribe({
        ...subscription,
        onBatch: async (batch) => {
          await untilLetOn;
          await subscription.onBatch(batch);
        },
      }),
    scan: (subscription) => real.scan(subscription),
    commit: (group, topic, partition, commit) => real.commit(group, topic, partition, commit),
    committed: (group, topic, partition) => real.committed(group, topic, partition),
    relay: (place) => real.relay(place),
    own: (options) => real.own(options),
    membersOf: (group) => real.membersOf(group),
    close: () => real.close(),
  };
}

function holdBack(): void {
  untilLetOn = new Promise((resolve) => (letOn = resolve));
}

const putProfile = (loyaltyTier: string) =>
  callUnary(client.putProfile.bind(client), { subject: ADA, profile: wire.Profile.fromPartial({ loyaltyTier }) });
const putConsent = (purposes: readonly wire.Purpose[], statedAtMs = 0, exchange?: wire.ExchangeAnswer) =>
  callUnary(client.putConsent.bind(client), {
    subject: ADA,
    consent: { purposes: [...purposes], statedAtMs: BigInt(statedAtMs) },
    exchange,
  });

/** A policy whose campaigns of these names ask for consent to the profile and to marketing. */
function asking(campaignIds: readonly string[], schedule?: wire.DeepPartial<wire.Schedule>): PolicyInForce {
  const eur = (minor: bigint) => ({ minor, currency: "EUR" });
  const approach = {
    $case: "consentExchange" as const,
    value: { segment: "everyone", purposes: [PURPOSE_PROFILE, PURPOSE_MARKETING] },
  };
  const policy = wire.Policy.fromPartial({
    ...{ version: "v", author: "ada", reason: "tests", currency: "EUR" },
    segments: [{ name: "everyone", expression: "true" }],
    campaigns: campaignIds.map((campaignId) => ({
      ...{ campaignId, kind: wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT, approach, budgetId: "all" },
      ladder: [{ incentive: { kind: { $case: "percentOff" as const, value: { percentBp: 500 } } } }],
      offerTtlMs: 3_600_000n,
      schedule,
    })),
    guardrails: { maxDiscountBp: 3_000, assumedMarginBp: 5_000 },
    budgets: [{ budgetId: "all", amount: eur(1_000_000n) }],
  });
  const read = compileProposed(policy);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return { written: wire.PolicyRecord.fromPartial({ policy }), compiled: read.value };
}

const later = (ms: number): Millis => (NOON + ms) as Millis;

interface Kept {
  readonly tier: string | undefined;
  readonly purposes: readonly wire.Purpose[] | undefined;
}

const keptIn = (record: wire.GetSubjectResponse | wire.SubjectRecord | undefined): Kept => ({
  tier: record?.profile?.loyaltyTier,
  purposes: record?.consent?.purposes,
});

async function told(): Promise<Kept> {
  const answer = await callUnary(client.getSubject.bind(client), { subject: ADA });
  return keptIn(answer.ok ? answer.value : undefined);
}

/** What a process would know that started now. */
async function onTheLog(): Promise<Kept> {
  const fresh = await followSubjects(log);
  await fresh.stop();
  return keptIn(fresh.record(hasher.known("ada")));
}

async function untilTaken(): Promise<void> {
  const { end } = await log.offsets(TOPICS.subjects, 0);
  while (!subjects.hasTaken(end - 1)) await new Promise(setImmediate);
}

describe("what is kept of a shopper", () => {
  it("is nothing before the first", async () => {
    const asked = await callUnary(client.getSubject.bind(client), { subject: ADA });
    expect(asked).toMatchObject({ ok: false, error: { code: "NOT_FOUND", reason: "unknown_subject" } });
  });

  it("refuses a consent stated more than 5 minutes ahead of now, which would outlast what is said until then", async () => {
    expect(await putConsent([PURPOSE_PERSONALIZATION], NOON + 300_001)).toMatchObject({
      ok: false,
      error: { code: "INVALID_ARGUMENT", message: expect.stringContaining("(consent_time_ahead)") },
    });
    expect(await putConsent([PURPOSE_PERSONALIZATION], NOON + 300_000)).toMatchObject({ ok: true });
  });

  it("takes a withdrawal without a time after a consent that a faster clock stated", async () => {
    await putConsent([PURPOSE_PERSONALIZATION], NOON + 300_000);
    expect(await putConsent([])).toMatchObject({ ok: true });
    expect(await told()).toEqual({ tier: undefined, purposes: [] });
  });

  it("keeps a withdrawn consent withdrawn, however far behind its own topic the service is", async () => {
    await putConsent([PURPOSE_PERSONALIZATION]);
    await putProfile("silver");
    await untilTaken();
    holdBack();
    await putConsent([]);
    await putProfile("gold");
    const expected = { tier: "gold", purposes: [] };
    expect(await told()).toEqual(expected);
    expect(await onTheLog()).toEqual(expected);
    letOn();
    await untilTaken();
    expect(await told()).toEqual(expected);
  });

  it("loses no change to another made at the same moment", async () => {
    holdBack();
    const changes = [putConsent([PURPOSE_MARKETING]), putProfile("silver"), putProfile("gold")];
    expect((await Promise.all(changes)).map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(await onTheLog()).toEqual({ tier: "gold", purposes: [PURPOSE_MARKETING] });
  });

  it("is built on what was written before a change that failed", async () => {
    await putConsent([PURPOSE_PERSONALIZATION]);
    await untilTaken();
    holdBack();
    await putConsent([]);
    isRefused = true;
    expect(await putProfile("silver")).toMatchObject({ ok: false, error: { reason: "log_unavailable" } });
    expect(await told()).toEqual({ tier: undefined, purposes: [] });
    isRefused = false;
    await putProfile("gold");
    expect(await onTheLog()).toEqual({ tier: "gold", purposes: [] });
  });

  it("is as another process has written it since, once the topic has told", async () => {
    await putProfile("silver");
    const record = wire.SubjectRecord.fromPartial({ subject: hasher.known("ada"), profile: { loyaltyTier: "gold" } });
    const value = wire.SubjectRecord.encode(record).finish();
    await log.append([{ topic: TOPICS.subjects, partition: 0, key: record.subject, value, timestampMs: NOON }]);
    await untilTaken();
    await putConsent([PURPOSE_MARKETING]);
    expect(await onTheLog()).toEqual({ tier: "gold", purposes: [PURPOSE_MARKETING] });
  });

  it("lets no older statement replace a newer, though both come at once", async () => {
    holdBack();
    await Promise.all([putConsent([], NOON - 1_000), putConsent([PURPOSE_MARKETING], NOON - 2_000)]);
    expect(await onTheLog()).toEqual({ tier: undefined, purposes: [] });
  });

  it("is not written again when it is put as it stands, whatever the order of its attributes", async () => {
    const put = (attributes: Record<string, string>) =>
      callUnary(client.putProfile.bind(client), { subject: ADA, profile: wire.Profile.fromPartial({ attributes }) });
    await put({ city: "Ulm", size: "42" });
    await putConsent([PURPOSE_MARKETING, PURPOSE_PERSONALIZATION], NOON - 1_000);
    const { end } = await log.offsets(TOPICS.subjects, 0);
    await put({ size: "42", city: "Ulm" });
    await putConsent([PURPOSE_PERSONALIZATION, PURPOSE_MARKETING], NOON - 1_000);
    expect((await log.offsets(TOPICS.subjects, 0)).end).toBe(end);
    await put({ size: "43", city: "Ulm" });
    await putConsent([PURPOSE_MARKETING], NOON - 1_000);
    expect((await log.offsets(TOPICS.subjects, 0)).end).toBe(end + 2);
  });
});

describe("the age of a profile", () => {
  const kept = async (): Promise<wire.SubjectRecord | undefined> => {
    await untilTaken();
    return subjects.record(hasher.known("ada"));
  };

  it("is that of its last change: a consent is none, nor is the profile as it stands", async () => {
    await putProfile("gold");
    nowMs = later(1_000);
    await putConsent([PURPOSE_PERSONALIZATION]);
    await putProfile("gold");
    expect(await kept()).toMatchObject({ profileUpdatedAtMs: BigInt(NOON), updatedAtMs: BigInt(NOON + 1_000) });
    nowMs = later(2_000);
    await putProfile("silver");
    expect(await kept()).toMatchObject({ profileUpdatedAtMs: BigInt(NOON + 2_000) });
  });

  it("is that of the record where an earlier version wrote it, before anything else is put", async () => {
    const record = wire.SubjectRecord.fromPartial({
      ...{ subject: hasher.known("ada"), updatedAtMs: BigInt(NOON - 5_000) },
      profile: { loyaltyTier: "gold" },
    });
    const value = wire.SubjectRecord.encode(record).finish();
    await log.append([{ topic: TOPICS.subjects, partition: 0, key: record.subject, value, timestampMs: NOON }]);
    await untilTaken();
    await putConsent([PURPOSE_PERSONALIZATION]);
    expect(await kept()).toMatchObject({ profileUpdatedAtMs: BigInt(NOON - 5_000), updatedAtMs: BigInt(NOON) });
  });

  it("is none without a profile", async () => {
    await putConsent([PURPOSE_PERSONALIZATION]);
    expect(await kept()).toMatchObject({ profile: undefined, profileUpdatedAtMs: 0n });
  });
});

describe("an exchange of consent", () => {
  const BOTH = [PURPOSE_PROFILE, PURPOSE_MARKETING];
  const WORDS = "You get 5 % off if you agree.";
  const YES: wire.ExchangeAnswer = { campaignId: "welcome", decisionId: "d-1", accepted: true, words: WORDS };
  const NO = { ...YES, accepted: false };
  const TAKEN = { ok: true, value: { exchangeProblem: undefined } };

  async function exchanges(): Promise<readonly wire.AnsweredExchange[] | undefined> {
    const answer = await callUnary(client.getSubject.bind(client), { subject: ADA });
    return answer.ok ? answer.value.exchanges : undefined;
  }

  /** An answer's problem, however the caller was told of it, by reason and field. */
  async function problemOf(answered: ReturnType<typeof putConsent>): Promise<string> {
    const told = await answered;
    const { reason, field } = (told.ok ? told.value.exchangeProblem : told.error) ?? { reason: "taken", field: "" };
    return `${told.ok ? "OK" : told.error.code} ${reason} ${field}`;
  }

  it("is kept with the consent that answers it, in its words, and read back, and no later consent or profile takes it away", async () => {
    expect(await putConsent([PURPOSE_PERSONALIZATION, ...BOTH], NOON - 7, YES)).toMatchObject(TAKEN);
    const kept = { ...YES, answeredAtMs: BigInt(NOON) };
    expect(await exchanges()).toEqual([kept]);
    await putProfile("gold");
    await putConsent([]);
    expect(await exchanges()).toEqual([kept]);
    expect(await told()).toEqual({ tier: "gold", purposes: [] });
    const fresh = await followSubjects(log);
    await fresh.stop();
    expect(fresh.record(hasher.known("ada"))?.exchanges).toEqual([kept]);
  });

  it("is answered when the answer comes, by the collector's clock, whatever time the consent states", async () => {
    const names = ["long-ago", "ahead"];
    inForce = asking(names);
    for (const [i, statedAtMs] of [NOON - 400 * 86_400_000, NOON + 300_000].entries())
      expect(await putConsent(BOTH, statedAtMs, { ...YES, campaignId: names[i]! })).toMatchObject(TAKEN);
    const answeredAtMs = BigInt(NOON);
    expect(await exchanges()).toMatchObject(names.map((campaignId) => ({ campaignId, answeredAtMs })));
    const consent = await callUnary(client.getSubject.bind(client), { subject: ADA });
    expect(consent).toMatchObject({ value: { consent: { statedAtMs: BigInt(NOON + 300_000) } } });
  });

  it("is answered once: the same again changes nothing of it, and the other way is not taken", async () => {
    for (const [first, other, purposes] of [
      [YES, NO, BOTH],
      [{ ...NO, campaignId: "second" }, { ...YES, campaignId: "second" }, []],
    ] as const) {
      inForce = asking(["welcome", "second"]);
      await putConsent(purposes, 0, first);
      const before = await exchanges();
      expect(await putConsent(purposes, 0, { ...first, decisionId: "d-2" })).toMatchObject(TAKEN);
      expect(await exchanges()).toEqual(before);
      const code = other.accepted ? "FAILED_PRECONDITION" : "OK";
      expect(await problemOf(putConsent([...BOTH], 0, other))).toBe(`${code} exchange_answered exchange.accepted`);
      expect(await exchanges()).toEqual(before);
      expect((await told()).purposes).toEqual(purposes);
      inForce = undefined;
      isSeen = false;
      expect(await putConsent(purposes, 0, first)).toMatchObject(TAKEN);
      isSeen = true;
    }
  });

  it("is accepted with all that it asks for, and declined with whatever consent", async () => {
    const lacking = await putConsent([PURPOSE_PROFILE, PURPOSE_PERSONALIZATION], 0, YES);
    expect(lacking).toMatchObject({
      ok: false,
      error: { code: "INVALID_ARGUMENT", reason: "exchange_purposes_missing", field: "consent.purposes" },
    });
    expect(await exchanges()).toBeUndefined();
    expect(await putConsent([PURPOSE_PERSONALIZATION], 0, NO)).toMatchObject(TAKEN);
    expect(await exchanges()).toMatchObject([{ campaignId: "welcome", accepted: false }]);
    expect((await told()).purposes).toEqual([PURPOSE_PERSONALIZATION]);
  });

  it("is said to a campaign of the policy in force that asks", async () => {
    const another = putConsent(BOTH, 0, { ...YES, campaignId: "another" });
    expect(await problemOf(another)).toBe("INVALID_ARGUMENT unknown_exchange exchange.campaign_id");
    expect(await exchanges()).toBeUndefined();
  });

  it("is not accepted where it is not known what the policy asks for now: the same is sent again", async () => {
    isSeen = false;
    expect(await problemOf(putConsent(BOTH, 0, YES))).toBe("UNAVAILABLE policy_unseen exchange");
    inForce = undefined;
    expect(await problemOf(putConsent(BOTH, 0, YES))).toBe("UNAVAILABLE policy_unseen exchange");
    isSeen = true;
    expect(await problemOf(putConsent(BOTH, 0, YES))).toBe("UNAVAILABLE no_policy exchange");
    expect(await exchanges()).toBeUndefined();
    [inForce, isSeen] = [asking(["welcome"]), false];
    expect(await putConsent([], 0, NO)).toMatchObject(TAKEN);
  });

  it("is accepted from its campaign's beginning until a day after its end, and declined at any time", async () => {
    const [startsAtMs, endsAtMs] = [later(1), later(1_000)].map(BigInt);
    inForce = asking(["welcome", "second"], { startsAtMs, endsAtMs });
    const begun = "FAILED_PRECONDITION exchange_not_begun exchange.campaign_id";
    expect(await problemOf(putConsent(BOTH, 0, YES))).toBe(begun);
    nowMs = later(1_000 + 86_400_000);
    const over = "FAILED_PRECONDITION exchange_over exchange.campaign_id";
    expect(await problemOf(putConsent(BOTH, 0, YES))).toBe(over);
    expect(await exchanges()).toBeUndefined();
    expect(await putConsent([], 0, { ...NO, campaignId: "second" })).toMatchObject(TAKEN);
    nowMs = later(999 + 86_400_000);
    expect(await putConsent(BOTH, 0, YES)).toMatchObject(TAKEN);
    nowMs = later(10 * 86_400_000);
    expect(await putConsent(BOTH, 0, YES)).toMatchObject(TAKEN);
  });

  it.each([
    ["text_missing exchange.campaign_id", { campaignId: "" }],
    ["text_missing exchange.decision_id", { decisionId: "" }],
    ["text_missing exchange.words", { words: "" }],
    ["text_too_long exchange.words", { words: "x".repeat(1_025) }],
    ["text_too_long exchange.campaign_id", { campaignId: "x".repeat(65) }],
    ["invalid_text exchange.words", { words: "\u0000" }],
  ])("is refused: %s", async (problem, changes) => {
    expect(await problemOf(putConsent(BOTH, 0, { ...YES, ...changes }))).toBe(`INVALID_ARGUMENT ${problem}`);
    expect(await exchanges()).toBeUndefined();
  });

  it("is not accepted by a consent that is older than the one that stands, and nothing is kept of it", async () => {
    await putConsent([], NOON);
    expect(await putConsent(BOTH, NOON - 1_000, YES)).toMatchObject({
      ok: false,
      error: {
        ...{ code: "FAILED_PRECONDITION", reason: "consent_older", field: "consent.stated_at_ms" },
        message: expect.stringMatching(new RegExp(`expected .*${NOON}.*, got ${NOON - 1_000} `)),
      },
    });
    expect(await told()).toEqual({ tier: undefined, purposes: [] });
    expect(await exchanges()).toEqual([]);
    expect(await putConsent([], NOON - 1_000, NO)).toMatchObject(TAKEN);
  });

  it("is accepted without a time after a consent that a faster clock stated", async () => {
    await putConsent([], NOON + 200_000);
    expect(await putConsent(BOTH, 0, YES)).toMatchObject(TAKEN);
    expect((await told()).purposes).toEqual(BOTH);
  });

  it("is one of 64 at most", async () => {
    const names = Array.from({ length: 65 }, (_, i) => `c-${i}`);
    inForce = asking(names);
    for (const campaignId of names.slice(0, 64))
      expect(await putConsent(BOTH, 0, { ...YES, campaignId })).toMatchObject(TAKEN);
    const last = { ...YES, campaignId: "c-64" };
    expect(await problemOf(putConsent(BOTH, 0, last))).toBe("FAILED_PRECONDITION too_many_exchanges exchange");
    expect(await problemOf(putConsent([], 0, { ...last, accepted: false }))).toBe("OK too_many_exchanges exchange");
    expect(await exchanges()).toHaveLength(64);
    expect((await told()).purposes).toEqual([]);
  });

  const unseen = (): void => void (isSeen = false);
  const noPolicy = (): void => void (inForce = undefined);
  it.each([
    ["exchange_answered exchange.accepted", NO, undefined],
    ["unknown_exchange exchange.campaign_id", { ...NO, campaignId: "gone" }, undefined],
    ["no_policy exchange", { ...NO, campaignId: "gone" }, noPolicy],
    ["policy_unseen exchange", { ...NO, campaignId: "gone" }, unseen],
    ["text_missing exchange.words", { ...NO, words: "" }, undefined],
  ])("loses no withdrawal beside it: %s", async (problem, no, given) => {
    await putConsent([PURPOSE_PERSONALIZATION, ...BOTH], 0, YES);
    given?.();
    expect(await problemOf(putConsent([PURPOSE_PERSONALIZATION], 0, no))).toBe(`OK ${problem}`);
    expect(await told()).toEqual({ tier: undefined, purposes: [PURPOSE_PERSONALIZATION] });
    expect(await exchanges()).toHaveLength(1);
  });

  it("that is accepted in vain takes away what its consent takes away, and gives nothing that was not agreed to before", async () => {
    await putConsent([PURPOSE_PERSONALIZATION, PURPOSE_PROFILE]);
    const gone = { ...YES, campaignId: "gone" };
    const problem = "unknown_exchange exchange.campaign_id";
    expect(await problemOf(putConsent(BOTH, 0, gone))).toBe(`OK ${problem}`);
    expect(await told()).toEqual({ tier: undefined, purposes: [PURPOSE_PROFILE] });
    expect(await problemOf(putConsent(BOTH, 0, gone))).toBe(`INVALID_ARGUMENT ${problem}`);
    expect(await told()).toEqual({ tier: undefined, purposes: [PURPOSE_PROFILE] });
  });
});
