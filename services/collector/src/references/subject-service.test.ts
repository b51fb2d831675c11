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
/** What readers wait for before they take what they are given. */
let untilLetOn: Promise<void>;
let letOn: () => void;

beforeEach(async () => {
  isRefused = false;
  nowMs = NOON;
  inForce = asking("welcome");
  letOn = () => undefined;
  untilLetOn = Promise.resolve();
  directory = await mkdtemp(path.join(tmpdir(), "subjects-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 });
  await log.ensureTopics(topicPlan(1, CLICKSTREAM_RETENTION_MIN_MS));
  const lagging = laggingAndFragile(log);
  subjects = await followSubjects(lagging);
  const clock = { nowMs: () => nowMs };
  const policies = { active: () => inForce };
  const services = [subjectService({ log: lagging, clock, hasher, subjects, policies })];
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
function asking(...campaignIds: readonly string[]): PolicyInForce {
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

  async function exchanges(): Promise<readonly wire.AnsweredExchange[] | undefined> {
    const answer = await callUnary(client.getSubject.bind(client), { subject: ADA });
    return answer.ok ? answer.value.exchanges : undefined;
  }

  it("is kept with the consent that answers it, in its words, and read back, and no later consent or profile takes it away", async () => {
    expect(await putConsent([PURPOSE_PERSONALIZATION, ...BOTH], NOON - 7, YES)).toMatchObject({ ok: true });
    const kept = { ...YES, answeredAtMs: BigInt(NOON - 7) };
    expect(await exchanges()).toEqual([kept]);
    await putProfile("gold");
    await putConsent([]);
    expect(await exchanges()).toEqual([kept]);
    expect(await told()).toEqual({ tier: "gold", purposes: [] });
    const fresh = await followSubjects(log);
    await fresh.stop();
    expect(fresh.record(hasher.known("ada"))?.exchanges).toEqual([kept]);
  });

  it("is answered once: the same again changes nothing of it, and the other way is refused", async () => {
    for (const [first, other, purposes] of [
      [YES, NO, BOTH],
      [{ ...NO, campaignId: "second" }, { ...YES, campaignId: "second" }, []],
    ] as const) {
      inForce = asking("welcome", "second");
      await putConsent(purposes, 0, first);
      const before = await exchanges();
      expect(await putConsent(purposes, 0, { ...first, decisionId: "d-2" })).toMatchObject({ ok: true });
      expect(await exchanges()).toEqual(before);
      expect(await putConsent([...BOTH], 0, other)).toMatchObject({
        ok: false,
        error: { code: "FAILED_PRECONDITION", reason: "exchange_answered", field: "exchange.accepted" },
      });
      expect((await told()).purposes).toEqual(purposes);
      inForce = undefined;
      expect(await putConsent(purposes, 0, first)).toMatchObject({ ok: true });
    }
  });

  it("is accepted with all that it asks for, and declined with whatever consent", async () => {
    const lacking = await putConsent([PURPOSE_PROFILE, PURPOSE_PERSONALIZATION], 0, YES);
    expect(lacking).toMatchObject({
      ok: false,
      error: { code: "INVALID_ARGUMENT", reason: "exchange_purposes_missing", field: "consent.purposes" },
    });
    expect(await exchanges()).toBeUndefined();
    expect(await putConsent([PURPOSE_PERSONALIZATION], 0, NO)).toMatchObject({ ok: true });
    expect(await exchanges()).toMatchObject([{ campaignId: "welcome", accepted: false }]);
    expect((await told()).purposes).toEqual([PURPOSE_PERSONALIZATION]);
  });

  it("is said to a campaign of the policy in force that asks", async () => {
    const unknown = { ok: false, error: { code: "INVALID_ARGUMENT", reason: "unknown_exchange" } };
    expect(await putConsent(BOTH, 0, { ...YES, campaignId: "another" })).toMatchObject(unknown);
    inForce = undefined;
    expect(await putConsent(BOTH, 0, YES)).toMatchObject(unknown);
    expect(await exchanges()).toBeUndefined();
  });

  it.each([
    ["text_missing exchange.campaign_id", { campaignId: "" }],
    ["text_missing exchange.decision_id", { decisionId: "" }],
    ["text_missing exchange.words", { words: "" }],
    ["text_too_long exchange.words", { words: "x".repeat(1_025) }],
    ["text_too_long exchange.campaign_id", { campaignId: "x".repeat(65) }],
    ["invalid_text exchange.words", { words: "\u0000" }],
  ])("is refused: %s", async (problem, changes) => {
    const refused = await putConsent(BOTH, 0, { ...YES, ...changes });
    const { reason, field } = refused.ok ? { reason: "", field: "" } : refused.error;
    expect(`${reason} ${field}`).toBe(problem);
  });

  it("is kept though a newer consent stands, which it does not replace", async () => {
    await putConsent([], NOON);
    expect(await putConsent(BOTH, NOON - 1_000, YES)).toMatchObject({ ok: true });
    expect((await told()).purposes).toEqual([]);
    expect(await exchanges()).toMatchObject([{ accepted: true, answeredAtMs: BigInt(NOON - 1_000) }]);
  });

  it("is one of 64 at most", async () => {
    const names = Array.from({ length: 65 }, (_, i) => `c-${i}`);
    inForce = asking(...names);
    for (const campaignId of names.slice(0, 64))
      expect(await putConsent(BOTH, 0, { ...YES, campaignId })).toMatchObject({ ok: true });
    expect(await putConsent(BOTH, 0, { ...YES, campaignId: "c-64" })).toMatchObject({
      ok: false,
      error: { code: "FAILED_PRECONDITION", reason: "too_many_exchanges" },
    });
    expect(await exchanges()).toHaveLength(64);
  });
});
