import { TOPICS, wire } from "@leastwise/contracts";
import type { DecisionState } from "@leastwise/decision";
import { LogError, type EventLog, type LogRecord, type NewRecord } from "@leastwise/eventlog";
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
import { FAILED_AFTER_DRAW, FailedDraws } from "./failed-draws.js";
import { PendingGrants } from "./pending-grants.js";
import { RedemptionDoubts } from "./redemption-doubts.js";
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
  readonly #pending = new PendingGrants();
  readonly #failedDraws = new FailedDraws();
  readonly #doubts = new RedemptionDoubts();
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
    await this.#recordFailedDraws();
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
    const exploration = this.#book.exploration.with(this.#pending.decisions());
    return {
      budgets: Object.fromEntries(
        Object.entries(leases).map(([budgetId, lease]) => [
          budgetId,
          { ...lease, remainingMinor: Math.max(0, lease.remainingMinor - this.#pending.promisedMinor(budgetId)) },
        ]),
      ),
      explorationSpentMinor: exploration.spentMinor(),
      decisionsPerRung: exploration.decisionsPerRung(),
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
   * Writes a decision. One that grants something, or withholds it, counts when it is durable; one that gives nothing counts at once, and its
   * record follows. The failure is the log's; the state is then what it was, save that what was to be granted is in doubt.
   */
  async record(record: wire.DecisionRecord): Promise<Result<void, LogError>> {
    const recorded = readDecision(record);
    const isGrant = recorded.issued !== undefined || recorded.isWithheld;
    return isGrant ? this.#recordGrant(record, recorded) : this.#recordNone(record, recorded);
  }

  async #recordGrant(record: wire.DecisionRecord, recorded: RecordedDecision): Promise<Result<void, LogError>> {
    const { decisionId } = record;
    this.#pending.send(decisionId, recorded);
    const written = await this.#writeDecision(record, () => {
      if (!this.#pending.arrived(decisionId)) return;
      this.#counted.add(decisionId);
      this.#book.decided(recorded);
    });
    if (!written.ok) this.#pending.doubt(decisionId, this.#options.clock.nowMs() + DOUBT_MS);
    else if (recorded.issued !== undefined) this.#options.telemetry.metrics.offers.with({ event: "issued" }).add();
    return written;
  }

  #recordNone(record: wire.DecisionRecord, recorded: RecordedDecision): Result<void, LogError> {
    this.#counted.add(record.decisionId);
    const takeBack = this.#book.decided(recorded);
    this.#goOn(
      this.#writeDecision(record, () => undefined).then((written) => {
        // Without its mark the record counts again, should it turn out to stand on the log.
        if (!written.ok && this.#counted.delete(record.decisionId)) takeBack();
      }),
    );
    return ok(undefined);
  }

  async #writeDecision(record: wire.DecisionRecord, count: () => void): Promise<Result<void, LogError>> {
    const written = await this.#write(TOPICS.decisions, [this.#onDecisions(record)], count);
    if (written.ok) {
      this.#failedDraws.arrived(record.decisionId);
      this.#goOn(this.#recordFailedDraws());
    } else if (record.episodeId !== "") {
      this.#keepFailedDraw(record);
    }
    return written;
  }

  /** One that may stand on the log all the same has to wait until it would have shown. */
  #keepFailedDraw(record: wire.DecisionRecord): void {
    if (this.#failedDraws.add(record, this.#options.clock.nowMs() + DOUBT_MS)) return;
    this.#options.telemetry.metrics.failedDraws.with({ outcome: "dropped" }).add();
  }

  async #recordFailedDraws(): Promise<void> {
    const records = this.#failedDraws.take(this.#options.clock.nowMs());
    if (records.length === 0) return;
    const written = await this.#write(
      TOPICS.decisions,
      records.map((record) => this.#onDecisions(record)),
      () => undefined,
    );
    if (written.ok) this.#options.telemetry.metrics.failedDraws.with({ outcome: "recorded" }).add(records.length);
    else for (const record of records) this.#keepFailedDraw(record);
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
    const doubted = this.#doubtOf(offerId);
    if (doubted !== undefined && !isSameAct(doubted.act, asked.act)) return err("redemption_in_doubt");
    const event = doubted ?? asked;
    this.#doubts.send(event);
    const written = await this.#writeOfferEvent(event);
    if (written.ok) {
      this.#doubts.over(offerId);
      return ok(event);
    }
    this.#doubts.doubt(event, this.#options.clock.nowMs() + DOUBT_MS);
    return err("log_unavailable");
  }

  /** The redemption of an offer that this act asks for once more, while one cannot tell whether it stands on the log. */
  doubted(offerId: string, act: OfferRedeemed["act"]): OfferRedeemed | undefined {
    const event = this.#doubtOf(offerId);
    return event !== undefined && isSameAct(event.act, act) ? event : undefined;
  }

  /** Whether a redemption of the offer is on its way to the log or in doubt: it may be used, for all one knows. */
  mayBeRedeemed(offerId: string): boolean {
    return this.#doubtOf(offerId) !== undefined;
  }

  /** The offer that was used on an order, or may have been for all one knows. */
  offerOnOrder(orderId: string): string | undefined {
    return this.#book.offerOnOrder(orderId) ?? this.#doubts.offerOnOrder(orderId, this.#options.clock.nowMs());
  }

  #doubtOf(offerId: string): OfferRedeemed | undefined {
    return this.#doubts.of(offerId, this.#options.clock.nowMs());
  }

  async #writeOfferEvent(event: OfferRedeemed | OfferExpired): Promise<Result<void, LogError>> {
    const booked = this.#book.offer(event.offerId);
    if (booked === undefined || booked.state.status === "unknown")
      throw new Error(`offer ${event.offerId} is not in the book`);
    const { terms } = booked.state;
    const value = wire.OfferEvent.encode(offerEventToWire(event, terms, booked.assignmentKey)).finish();
    const written = await this.#write(TOPICS.offers, [this.#onTopic(TOPICS.offers, terms.subject, value)], () => {
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
      this.#doubts.over(offerId);
      const expired = expire({ nowMs }, booked.state);
      if (!expired.ok) throw new Error(`what is due can be ended: ${expired.error.reason}`);
      for (const event of expired.value) {
        this.#goOn(this.#writeOfferEvent(event));
        this.#book.happened(event);
      }
    }
  }

  #onDecisions(record: wire.DecisionRecord): NewRecord {
    return this.#onTopic(TOPICS.decisions, record.subject, wire.DecisionRecord.encode(record).finish());
  }

  #onTopic(topic: string, subject: string, value: Uint8Array): NewRecord {
    const partition = partitionOfBucket(bucketOf(subject as SubjectId), this.#partitionCount);
    return { topic, partition, key: subject, value, timestampMs: this.#options.clock.nowMs() };
  }

  /** Appends records of one topic. */
  async #write(topic: string, records: readonly NewRecord[], count: () => void): Promise<Result<void, LogError>> {
    const { log, telemetry } = this.#options;
    const startedMs = performance.now();
    try {
      await log.append(records);
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
    this.#failedDraws.arrived(record.decisionId);
    if (this.#counted.delete(record.decisionId)) return;
    // Nobody was given anything, nobody was told, and what was decided since was decided without it: it moves nothing.
    if (record.reason === FAILED_AFTER_DRAW) return;
    this.#pending.arrived(record.decisionId);
    this.#book.decided(readDecision(record));
  }

  #readBackOffer({ value }: LogRecord): void {
    const event = readOfferEvent(wire.OfferEvent.decode(value));
    if (event === undefined) return;
    this.#book.happened(event);
    this.#doubts.over(event.offerId);
  }
}

function isSameAct(one: OfferRedeemed["act"], other: OfferRedeemed["act"]): boolean {
  return one.idempotencyKey === other.idempotencyKey && one.contentDigest === other.contentDigest;
}
