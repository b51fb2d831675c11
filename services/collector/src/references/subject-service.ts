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
import type { Policies, Subjects, TopicSight } from "@leastwise/references";
import {
  defineService,
  invalidArgument,
  refuse,
  unimplemented,
  type RpcRefusal,
  type RpcService,
} from "@leastwise/rpc";
import {
  err,
  ok,
  printable,
  refusal,
  type Clock,
  type Refusal,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import { consentAfter, statedAtMsOf, withdrawalOf } from "./consent-change.js";
import { exchangesAfter, type KnownExchanges } from "./exchange-answers.js";
import { Turns } from "./turns.js";
import { writeRecords } from "./write-record.js";

export interface SubjectServiceOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly hasher: SubjectHasher;
  readonly subjects: Subjects;
  /** What exchanges of consent ask for. */
  readonly policies: Pick<Policies, "active">;
  /** Whether the policy that is known here is the one on the log. */
  readonly sight: Pick<TopicSight, "look">;
}

/** Records that are remembered until the topic has brought them back; a follower that far behind has other troubles. */
const WRITTEN_MAX = 10_000;

/** How long is waited at most for what the log says of the policy, ms: where it is well, a moment. */
const SIGHT_WAIT_MAX_MS = 250;

/** Keeps profiles and consent on the topic `subjects`; one record a subject holds both. */
export function subjectService(options: SubjectServiceOptions): RpcService {
  const { log, clock, hasher, policies, sight } = options;
  const newest = new NewestRecords(options.subjects);
  const turns = new Turns();
  /** A change is built on all that was written before it: changes of one subject follow one another. */
  const put = <Answer>(subject: SubjectId, putOn: (record: wire.SubjectRecord, nowMs: bigint) => Put<Answer>) =>
    turns.take(subject, async (): Promise<Result<Answer, RpcRefusal>> => {
      const base = newest.record(subject) ?? wire.SubjectRecord.fromPartial({ subject });
      const nowMs = BigInt(clock.nowMs());
      const made = putOn(base, nowMs);
      if (!made.ok) return made;
      const { change, answer } = made.value;
      if (change === undefined) return ok(answer);
      const before = { ...base, profileUpdatedAtMs: profileUpdatedAtMs(base) };
      const record = { ...before, ...change, updatedAtMs: nowMs };
      const value = wire.SubjectRecord.encode(record).finish();
      const written = await writeRecords(log, clock, TOPICS.subjects, [{ key: subject, value }]);
      if (!written.ok) return written;
      newest.wrote(subject, record, written.value);
      return ok(answer);
    });
  return defineService(wire.SubjectServiceService, {
    putProfile: async ({ subject, profile }) => {
      const ids = readSubjectRef(subject);
      if (!ids.ok) return err(invalidArgument(ids.error));
      const read = readProfile(profile);
      if (!read.ok) return err(invalidArgument(read.error));
      return await put(hasher.of(ids.value), ({ profile: kept }, nowMs) =>
        ok({ change: isSameProfile(kept, profile) ? undefined : { profile, profileUpdatedAtMs: nowMs }, answer: {} }),
      );
    },
    putConsent: async (request) => {
      const ids = readSubjectRef(request.subject);
      if (!ids.ok) return err(invalidArgument(ids.error));
      const consent = readConsent(request.consent);
      if (!consent.ok) return err(invalidArgument(consent.error));
      const ahead = aheadOfNow(request.consent, clock.nowMs());
      if (ahead !== undefined) return err(invalidArgument(ahead));
      const isSeen = request.exchange === undefined || (await sight.look(SIGHT_WAIT_MAX_MS));
      const purposes = request.consent?.purposes ?? [];
      return await put(hasher.of(ids.value), (record, nowMs) => {
        const statedAtMs = statedAtMsOf(record.consent, consent.value.statedAtMs, nowMs);
        const known = { campaigns: policies.active()?.compiled.exchanges, isSeen, nowMs };
        return consentPut(record, { purposes, statedAtMs }, request.exchange, known);
      });
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

/** What a call makes of a subject's record, and what it answers once that is durable. */
type Put<Answer> = Result<
  {
    /** Undefined: none. */
    readonly change: Partial<wire.SubjectRecord> | undefined;
    readonly answer: Answer;
  },
  RpcRefusal
>;

function told({ profile, consent, exchanges }: wire.SubjectRecord): wire.GetSubjectResponse {
  return { profile, consent, exchanges };
}

/**
 * A consent with what the shopper says to an exchange. What is agreed to in exchange is agreed to only if the answer is taken; a no, and what a consent takes
 * away, are taken whatever becomes of the answer.
 */
function consentPut(
  record: wire.SubjectRecord,
  stated: wire.Consent,
  answer: wire.ExchangeAnswer | undefined,
  known: KnownExchanges,
): Put<wire.PutConsentResponse> {
  const exchanges = exchangesAfter(record, answer, stated, known);
  if (exchanges.ok)
    return ok({ change: changeOf(record, stated, exchanges.value), answer: { exchangeProblem: undefined } });
  const taken = answer?.accepted === true ? withdrawalOf(record.consent, stated) : stated;
  if (taken === undefined) return exchanges;
  const { refusal: problem } = exchanges.error;
  const exchangeProblem: wire.ExchangeProblem = { ...problem, came: printable(problem.came) };
  return ok({ change: changeOf(record, taken, record.exchanges), answer: { exchangeProblem } });
}

function changeOf(
  record: wire.SubjectRecord,
  stated: wire.Consent,
  exchanges: wire.AnsweredExchange[],
): Partial<wire.SubjectRecord> | undefined {
  const consent = consentAfter(record.consent, stated);
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
