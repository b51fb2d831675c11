import {
  EVENT_AHEAD_MAX_MS,
  profileUpdatedAtMs,
  readConsent,
  readProfile,
  readSubjectRef,
  TOPICS,
  wire,
  type SubjectHasher,
} from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import type { Policies, Subjects } from "@leastwise/references";
import {
  defineService,
  invalidArgument,
  refuse,
  unimplemented,
  type RpcRefusal,
  type RpcService,
} from "@leastwise/rpc";
import { err, ok, refusal, type Clock, type Refusal, type Result, type SubjectId } from "@leastwise/vocabulary";
import { exchangesAfter, readExchangeAnswer } from "./exchange-answers.js";
import { Turns } from "./turns.js";
import { writeRecords } from "./write-record.js";

export interface SubjectServiceOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly hasher: SubjectHasher;
  readonly subjects: Subjects;
  /** What exchanges of consent ask for. */
  readonly policies: Pick<Policies, "active">;
}

/** Records that are remembered until the topic has brought them back; a follower that far behind has other troubles. */
const WRITTEN_MAX = 10_000;

/** Keeps profiles and consent on the topic `subjects`; one record a subject holds both. */
export function subjectService(options: SubjectServiceOptions): RpcService {
  const { log, clock, hasher, policies } = options;
  const newest = new NewestRecords(options.subjects);
  const turns = new Turns();
  /** A change is built on all that was written before it: changes of one subject follow one another. */
  const put = (subject: SubjectId, changeOf: (record: wire.SubjectRecord, nowMs: bigint) => Change) =>
    turns.take(subject, async (): Promise<Result<Record<string, never>, RpcRefusal>> => {
      const base = newest.record(subject) ?? wire.SubjectRecord.fromPartial({ subject });
      const nowMs = BigInt(clock.nowMs());
      const change = changeOf(base, nowMs);
      if (!change.ok) return change;
      if (change.value === undefined) return ok({});
      const before = { ...base, profileUpdatedAtMs: profileUpdatedAtMs(base) };
      const record = { ...before, ...change.value, updatedAtMs: nowMs };
      const value = wire.SubjectRecord.encode(record).finish();
      const written = await writeRecords(log, clock, TOPICS.subjects, [{ key: subject, value }]);
      if (!written.ok) return written;
      newest.wrote(subject, record, written.value);
      return ok({});
    });
  return defineService(wire.SubjectServiceService, {
    putProfile: async (request) => {
      const ids = readSubjectRef(request.subject);
      if (!ids.ok) return err(invalidArgument(ids.error));
      const profile = readProfile(request.profile);
      if (!profile.ok) return err(invalidArgument(profile.error));
      const changeOf = ({ profile: kept }: wire.SubjectRecord, nowMs: bigint) =>
        ok(isSameProfile(kept, request.profile) ? undefined : { profile: request.profile, profileUpdatedAtMs: nowMs });
      return await put(hasher.of(ids.value), changeOf);
    },
    putConsent: async (request) => {
      const ids = readSubjectRef(request.subject);
      if (!ids.ok) return err(invalidArgument(ids.error));
      const consent = readConsent(request.consent);
      if (!consent.ok) return err(invalidArgument(consent.error));
      const answer = readExchangeAnswer(request.exchange);
      if (!answer.ok) return err(invalidArgument(answer.error));
      const nowMs = clock.nowMs();
      const ahead = aheadOfNow(request.consent, nowMs);
      if (ahead !== undefined) return err(invalidArgument(ahead));
      const statedAtMs = BigInt(consent.value.statedAtMs ?? nowMs);
      const stated: wire.Consent = { purposes: request.consent?.purposes ?? [], statedAtMs };
      const changeOf = (record: wire.SubjectRecord): Change => {
        const campaigns = policies.active()?.compiled.exchanges ?? [];
        const exchanges = exchangesAfter(record.exchanges, answer.value, stated, campaigns);
        return exchanges.ok ? ok(consentChange(record, stated, exchanges.value)) : exchanges;
      };
      return await put(hasher.of(ids.value), changeOf);
    },
    getSubject: (request) => {
      const ids = readSubjectRef(request.subject);
      if (!ids.ok) return Promise.resolve(err(invalidArgument(ids.error)));
      const record = newest.record(hasher.of(ids.value));
      if (record !== undefined) return Promise.resolve(ok(told(record)));
      const expected = "a shopper of whom a profile or consent was put";
      return Promise.resolve(err(refuse("NOT_FOUND", refusal("unknown_subject", "subject", "another", expected))));
    },
    forget: () => Promise.resolve(err(unimplemented("SubjectService.Forget"))),
  });
}

/** What a call makes of a subject's record; undefined: nothing. */
type Change = Result<Partial<wire.SubjectRecord> | undefined, RpcRefusal>;

function told({ profile, consent, exchanges }: wire.SubjectRecord): wire.GetSubjectResponse {
  return { profile, consent, exchanges };
}

/** An older statement does not replace a newer one. What was said to an exchange with it was said all the same. */
function consentChange(
  record: wire.SubjectRecord,
  stated: wire.Consent,
  exchanges: wire.AnsweredExchange[],
): Partial<wire.SubjectRecord> | undefined {
  const isOlder = (record.consent?.statedAtMs ?? 0n) > stated.statedAtMs;
  const consent = isOlder || isSameConsent(record.consent, stated) ? record.consent : stated;
  return consent === record.consent && exchanges === record.exchanges ? undefined : { consent, exchanges };
}

/** What is said as of later would stand against all that is said until then. A clock may be ahead of ours by as much as that of an event. */
function aheadOfNow(consent: wire.Consent | undefined, nowMs: number): Refusal | undefined {
  const statedAtMs = consent?.statedAtMs ?? 0n;
  if (statedAtMs <= BigInt(nowMs + EVENT_AHEAD_MAX_MS)) return undefined;
  const expected = "a time that is not more than 5 minutes ahead of now";
  return refusal("consent_time_ahead", "consent.stated_at_ms", statedAtMs, expected);
}

/** Whether both say the same, in whichever order their attributes came: what is kept already is not written again. */
function isSameProfile(kept: wire.Profile | undefined, put: wire.Profile | undefined): boolean {
  if (kept === undefined || put === undefined) return kept === put;
  return Buffer.from(inOneOrder(kept)).equals(inOneOrder(put));
}

function inOneOrder(profile: wire.Profile): Uint8Array {
  const attributes = Object.entries(profile.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return wire.Profile.encode({ ...profile, attributes: Object.fromEntries(attributes) }).finish();
}

function isSameConsent(kept: wire.Consent | undefined, stated: wire.Consent): boolean {
  if (kept?.statedAtMs !== stated.statedAtMs) return false;
  const purposes = new Set(kept.purposes);
  return purposes.size === new Set(stated.purposes).size && stated.purposes.every((purpose) => purposes.has(purpose));
}

interface Written {
  readonly record: wire.SubjectRecord;
  readonly offset: number;
}

/** The topic's records, and what was written here and has not come back over it yet, so that changes after one another all hold. */
class NewestRecords {
  readonly #subjects: Subjects;
  /** The longest written first. */
  readonly #written = new Map<SubjectId, Written>();

  constructor(subjects: Subjects) {
    this.#subjects = subjects;
  }

  record(subject: SubjectId): wire.SubjectRecord | undefined {
    const written = this.#written.get(subject);
    const isNewer = written !== undefined && !this.#subjects.hasTaken(written.offset);
    return isNewer ? written.record : this.#subjects.record(subject);
  }

  wrote(subject: SubjectId, record: wire.SubjectRecord, offset: number): void {
    this.#written.delete(subject);
    this.#written.set(subject, { record, offset });
    for (const [oldest, written] of this.#written) {
      if (!this.#subjects.hasTaken(written.offset) && this.#written.size <= WRITTEN_MAX) return;
      this.#written.delete(oldest);
    }
  }
}
