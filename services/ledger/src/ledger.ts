import { TOPICS, wire } from "@leastwise/contracts";
import type { DecisionState } from "@leastwise/decision";
import { LogError, type EventLog, type LogRecord } from "@leastwise/eventlog";
import { expire, type OfferExpired, type OfferRedeemed, type OfferTerms } from "@leastwise/offers";
import { follow, type Following } from "@leastwise/references";
import type { Telemetry } from "@leastwise/telemetry";
import {
  bucketOf,
  err,
  MINUTE_MS,
  ok,
  partitionOfBucket,
  type Clock,
  type Millis,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import { Book, type BookedOffer, type BudgetTerms } from "./book.js";
import { BySubject, type Hold } from "./by-subject.js";
import { PendingIssues } from "./pending-issues.js";
import { offerEventToWire, readDecision, readOfferEvent, type RecordedDecision } from "./recorded.js";

export interface LedgerOptions {
  readonly log: EventLog;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

/** Offers that are ended in one go: a pile of them must not hold a decision up. */
const EXPIRIES_MAX = 64;

/**
 * How long a record that the log did not acknowledge is in doubt: it may be there all the same, and the topic brings it back within this
 * time if it is. Meanwhile an offer is neither ended nor used by another act than the one in doubt, and the money of an issue in doubt
 * stays promised.
 */
const DOUBT_MS = 5 * MINUTE_MS;
/** How much later an offer is looked at again that could not be ended. */
const EXPIRY_POSTPONED_MS = 1_000;

/** A redemption whose record stands on the log or not, one cannot tell yet. */
interface Doubt {
  readonly event: OfferRedeemed;
  readonly untilMs: number;
}

/** Why a redemption was not written; with `redemption_in_doubt` another one of the same offer may have been. */
export type NotRedeemed = "log_unavailable" | "redemption_in_doubt";

/**
 * The single writer of `decisions` and `offers`. What it answers with is durable; what it keeps is a fold of the two topics. A record of
 * its own counts when it is written, and is passed over when the topic brings it back.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #book = new Book();
  readonly #acts = new BySubject();
  readonly #partitionCount: number;
  /** Own decisions that count already and that the topic has not brought back yet. */
  readonly #counted = new Set<string>();
  /** Own decisions that count when they are on the log, however one hears of it first. */
  readonly #pending = new PendingIssues();
  /** By offer. */
  readonly #doubts = new Map<string, Doubt>();
  /** Records on their way to the log that nobody waits for. */
  readonly #unawaited = new Set<Promise<unknown>>();
  #following: readonly Following[] = [];

  private constructor(options: LedgerOptions, partitionCount: number) {
    this.#options = options;
    this.#partitionCount = partitionCount;
  }

  /** Reads both topics, and resolves when the book is whole: decisions first, since an offer's life begins in one. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options, await options.log.partitions(TOPICS.decisions));
    const decisions = await follow(options.log, TOPICS.decisions, (record) => {
      ledger.#readBackDecision(record);
    });
    const offers = await follow(options.log, TOPICS.offers, (record) => {
      ledger.#readBackOffer(record);
    });
    ledger.#following = [decisions, offers];
    return ledger;
  }

  /** Rejects when the topics can no longer be followed; resolves after close. */
  get finished(): Promise<unknown> {
    return Promise.all(this.#following.map(({ finished }) => finished));
  }

  /** Lets what is on its way get to the log, and ends. */
  async close(): Promise<void> {
    await Promise.all(this.#unawaited);
    await Promise.all(this.#following.map((following) => following.stop()));
  }

  /** Runs an act on a subject after all earlier ones, and what they held it for, have settled. */
  exclusively<T>(subject: SubjectId, act: (hold: Hold) => Promise<T>): Promise<T> {
    return this.#acts.run(subject, act);
  }

  /** The subject's decision state; what it may have been granted, for all one knows, counts against its caps. */
  stateOf(subject: SubjectId): DecisionState {
    this.#pending.forgetOver(this.#options.clock.nowMs());
    return this.#pending.withGrants(subject, this.#book.stateOf(subject));
  }

  /** The books as a decision is given them. Ends what is due first, so that money held for dead offers is free. */
  books(budgets: readonly BudgetTerms[]) {
    const nowMs = this.#options.clock.nowMs();
    this.#expireDue(nowMs);
    this.#pending.forgetOver(nowMs);
    const leases = this.#book.leases(budgets);
    return {
      budgets: Object.fromEntries(
        Object.entries(leases).map(([budgetId, lease]) => [
          budgetId,
          { ...lease, remainingMinor: Math.max(0, lease.remainingMinor - this.#pending.promisedMinor(budgetId)) },
        ]),
      ),
      explorationSpentMinor: this.#book.explorationSpentMinor(),
      decisionsPerRung: this.#book.decisionsPerRung(),
    };
  }

  /** The offer of a code in its canonical form. */
  offerOfCode(code: string): BookedOffer | undefined {
    this.#expireDue(this.#options.clock.nowMs());
    return this.#book.offerOfCode(code);
  }

  /** The subject placed an order. */
  ordered(subject: SubjectId, atMs: Millis): void {
    this.#book.ordered(subject, atMs);
  }

  /**
   * Writes a decision. One that issues an offer counts when it is durable; one that gives nothing counts at once, and its record
   * follows. The failure is the log's; the state is then what it was, save that what was to be issued is in doubt.
   */
  async record(record: wire.DecisionRecord): Promise<Result<void, LogError>> {
    const recorded = readDecision(record);
    return recorded.issued === undefined ? this.#recordNone(record, recorded) : this.#recordIssue(record, recorded);
  }

  async #recordIssue(record: wire.DecisionRecord, recorded: RecordedDecision): Promise<Result<void, LogError>> {
    const { decisionId } = record;
    this.#pending.send(decisionId, recorded);
    const bytes = wire.DecisionRecord.encode(record).finish();
    const written = await this.#write(TOPICS.decisions, recorded.subject, bytes, () => {
      if (!this.#pending.arrived(decisionId)) return;
      this.#counted.add(decisionId);
      this.#book.decided(recorded);
    });
    if (written.ok) this.#options.telemetry.metrics.offers.with({ event: "issued" }).add();
    else this.#pending.doubt(decisionId, this.#options.clock.nowMs() + DOUBT_MS);
    return written;
  }

  #recordNone(record: wire.DecisionRecord, recorded: RecordedDecision): Result<void, LogError> {
    this.#counted.add(record.decisionId);
    const takeBack = this.#book.decided(recorded);
    const bytes = wire.DecisionRecord.encode(record).finish();
    this.#goOn(
      this.#write(TOPICS.decisions, recorded.subject, bytes, () => undefined).then((written) => {
        // Without its mark the record counts again, should it turn out to stand on the log.
        if (!written.ok && this.#counted.delete(record.decisionId)) takeBack();
      }),
    );
    return ok(undefined);
  }

  /** Writes without anybody waiting for it, save for the end of the process. */
  #goOn(writing: Promise<unknown>): void {
    this.#unawaited.add(writing);
    void writing.finally(() => this.#unawaited.delete(writing));
  }

  /**
   * Writes a redemption; it counts when it is durable. While an earlier one of the same offer is in doubt only the same act may try
   * again, and writes the same record again, of which the book takes one: another act could use the code a second time.
   */
  async redeemed(asked: OfferRedeemed): Promise<Result<OfferRedeemed, NotRedeemed>> {
    const { offerId } = asked;
    const doubted = this.#doubtOf(offerId)?.event;
    if (doubted !== undefined && !isSameAct(doubted.act, asked.act)) return err("redemption_in_doubt");
    const event = doubted ?? asked;
    this.#doubts.set(offerId, { event, untilMs: Number.POSITIVE_INFINITY });
    const written = await this.#writeOfferEvent(event);
    if (written.ok) {
      this.#doubts.delete(offerId);
      return ok(event);
    }
    this.#doubts.set(offerId, { event, untilMs: this.#options.clock.nowMs() + DOUBT_MS });
    return err("log_unavailable");
  }

  /** The redemption of an offer that this act asks for once more, while one cannot tell whether it stands on the log. */
  doubted(offerId: string, act: OfferRedeemed["act"]): OfferRedeemed | undefined {
    const event = this.#doubtOf(offerId)?.event;
    return event !== undefined && isSameAct(event.act, act) ? event : undefined;
  }

  #doubtOf(offerId: string): Doubt | undefined {
    const doubt = this.#doubts.get(offerId);
    return doubt !== undefined && this.#options.clock.nowMs() < doubt.untilMs ? doubt : undefined;
  }

  async #writeOfferEvent(event: OfferRedeemed | OfferExpired): Promise<Result<void, LogError>> {
    const booked = this.#book.offer(event.offerId);
    if (booked === undefined || booked.state.status === "unknown")
      throw new Error(`offer ${event.offerId} is not in the book`);
    const { terms } = booked.state;
    const bytes = wire.OfferEvent.encode(offerEventToWire(event, terms, booked.assignmentKey)).finish();
    const written = await this.#write(TOPICS.offers, terms.subject, bytes, () => {
      // The book takes only what an offer's life allows, so the same event twice counts once.
      this.#book.happened(event);
    });
    if (written.ok) this.#count(event, terms);
    return written;
  }

  #count(event: OfferRedeemed | OfferExpired, { currency, heldMinor }: OfferTerms): void {
    const { metrics } = this.#options.telemetry;
    const settledMinor = event.kind === "redeemed" ? event.redemption.discountMinor : 0;
    metrics.offers.with({ event: event.kind }).add();
    if (settledMinor > 0) metrics.money.with({ movement: "settled", currency }).add(settledMinor);
    if (heldMinor > settledMinor)
      metrics.money.with({ movement: "given_back", currency }).add(heldMinor - settledMinor);
  }

  /** Ends what is due. The book says so at once; the record follows, and is written again at the next start if it is lost. */
  #expireDue(nowMs: Millis): void {
    for (const offerId of this.#book.due(nowMs, EXPIRIES_MAX)) {
      const booked = this.#book.offer(offerId);
      if (booked === undefined) continue;
      if (this.#doubtOf(offerId) !== undefined) {
        this.#book.lookAgain(offerId, (nowMs + EXPIRY_POSTPONED_MS) as Millis);
        continue;
      }
      this.#doubts.delete(offerId);
      const expired = expire({ nowMs }, booked.state);
      if (!expired.ok) throw new Error(`what is due can be ended: ${expired.error.reason}`);
      for (const event of expired.value) {
        this.#goOn(this.#writeOfferEvent(event));
        this.#book.happened(event);
      }
    }
  }

  async #write(
    topic: string,
    subject: SubjectId,
    value: Uint8Array,
    count: () => void,
  ): Promise<Result<void, LogError>> {
    const { log, clock, telemetry } = this.#options;
    const partition = partitionOfBucket(bucketOf(subject), this.#partitionCount);
    const startedMs = performance.now();
    try {
      await log.append([{ topic, partition, key: subject, value, timestampMs: clock.nowMs() }]);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      telemetry.metrics.logAppendFailures.with({ topic, code: error.code }).add();
      telemetry.logger.error({ topic, code: error.code }, "a record did not get onto the log");
      return err(error);
    }
    telemetry.metrics.logAppendDuration.with({ topic }).observe((performance.now() - startedMs) / 1_000);
    count();
    return ok(undefined);
  }

  #readBackDecision({ value }: LogRecord): void {
    const record = wire.DecisionRecord.decode(value);
    if (this.#counted.delete(record.decisionId)) return;
    this.#pending.arrived(record.decisionId);
    this.#book.decided(readDecision(record));
  }

  #readBackOffer({ value }: LogRecord): void {
    const event = readOfferEvent(wire.OfferEvent.decode(value));
    if (event === undefined) return;
    this.#book.happened(event);
    this.#doubts.delete(event.offerId);
  }
}

function isSameAct(one: OfferRedeemed["act"], other: OfferRedeemed["act"]): boolean {
  return one.idempotencyKey === other.idempotencyKey && one.contentDigest === other.contentDigest;
}
