import { readConsent, readProfile, readSubjectRef, TOPICS, wire, type SubjectHasher } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import type { Subjects } from "@leastwise/references";
import {
  defineService,
  invalidArgument,
  refuse,
  unimplemented,
  type RpcRefusal,
  type RpcService,
} from "@leastwise/rpc";
import { err, ok, refusal, type Clock, type Result, type SubjectId } from "@leastwise/vocabulary";
import { writeRecords } from "./write-record.js";

export interface SubjectServiceOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly hasher: SubjectHasher;
  readonly subjects: Subjects;
}

/** Keeps profiles and consent on the topic `subjects`; one record a subject holds both. */
export function subjectService(options: SubjectServiceOptions): RpcService {
  const pending = new PendingRecords(options.subjects);
  const put = async (subject: SubjectId, change: Partial<wire.SubjectRecord>): Promise<Result<void, RpcRefusal>> => {
    const record = pending.change(subject, { ...change, updatedAtMs: BigInt(options.clock.nowMs()) });
    const value = wire.SubjectRecord.encode(record).finish();
    const written = await writeRecords(options.log, options.clock, TOPICS.subjects, [{ key: subject, value }]);
    pending.settle(subject, record);
    return written;
  };
  return defineService(wire.SubjectServiceService, {
    putProfile: async (request) => {
      const ids = readSubjectRef(request.subject);
      if (!ids.ok) return err(invalidArgument(ids.error));
      const profile = readProfile(request.profile);
      if (!profile.ok) return err(invalidArgument(profile.error));
      const written = await put(options.hasher.of(ids.value), { profile: request.profile });
      return written.ok ? ok({}) : written;
    },
    putConsent: async (request) => {
      const ids = readSubjectRef(request.subject);
      if (!ids.ok) return err(invalidArgument(ids.error));
      const consent = readConsent(request.consent);
      if (!consent.ok) return err(invalidArgument(consent.error));
      const subject = options.hasher.of(ids.value);
      const statedAtMs = BigInt(consent.value.statedAtMs ?? options.clock.nowMs());
      // An older statement does not replace a newer one.
      if ((pending.record(subject)?.consent?.statedAtMs ?? 0n) > statedAtMs) return ok({});
      const written = await put(subject, { consent: { purposes: request.consent?.purposes ?? [], statedAtMs } });
      return written.ok ? ok({}) : written;
    },
    getSubject: (request) => {
      const ids = readSubjectRef(request.subject);
      if (!ids.ok) return Promise.resolve(err(invalidArgument(ids.error)));
      const record = pending.record(options.hasher.of(ids.value));
      if (record !== undefined) return Promise.resolve(ok({ profile: record.profile, consent: record.consent }));
      const expected = "a shopper of whom a profile or consent was put";
      return Promise.resolve(err(refuse("NOT_FOUND", refusal("unknown_subject", "subject", "another", expected))));
    },
    forget: () => Promise.resolve(err(unimplemented("SubjectService.Forget"))),
  });
}

/** What was written and has not come back over the topic yet, so that two changes after one another both hold. */
class PendingRecords {
  readonly #subjects: Subjects;
  readonly #written = new Map<SubjectId, wire.SubjectRecord>();

  constructor(subjects: Subjects) {
    this.#subjects = subjects;
  }

  record(subject: SubjectId): wire.SubjectRecord | undefined {
    return this.#written.get(subject) ?? this.#subjects.record(subject);
  }

  change(subject: SubjectId, change: Partial<wire.SubjectRecord>): wire.SubjectRecord {
    const base = this.record(subject) ?? { subject, profile: undefined, consent: undefined, updatedAtMs: 0n };
    const changed = { ...base, ...change };
    this.#written.set(subject, changed);
    return changed;
  }

  /** The write has settled; if nothing was changed since, the topic tells the rest. */
  settle(subject: SubjectId, record: wire.SubjectRecord): void {
    if (this.#written.get(subject) === record) this.#written.delete(subject);
  }
}
