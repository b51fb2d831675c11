import {
  decodeDecisionRecord,
  encodeDecision,
  FAILED_AFTER_DRAW,
  TOPICS,
  wire,
  type UnwrittenDecision,
} from "@leastwise/contracts";
import type { BudgetLease, CompiledBreaker, CompiledBudget, DecisionState, Quantity } from "@leastwise/decision";
import type { EventLog, LogError } from "@leastwise/eventlog";
import { expire, type OfferExpired, type OfferRedeemed, type OfferTerms } from "@leastwise/offers";
import { followPlaces, type Following, type PlacedValue } from "@leastwise/references";
import type { Telemetry } from "@leastwise/telemetry";
import {
  bucketOf,
  err,
  isSubjectId,
  MINUTE_MS,
  ok,
  partitionOfBucket,
  type Bucket,
  type Clock,
  type Millis,
  type Result,
  type SubjectId,
} from "@leastwise/vocabulary";
import { Book, type BookedOffer } from "./book.js";
import { BreakerWatch } from "./breaker-watch.js";
import { BySubject, type Hold } from "./by-subject.js";
import { FailedDraws } from "./failed-draws.js";
import { bucketsByPartition, OfferCounts, sliceOf } from "./offer-counts.js";
import { PendingGrants } from "./pending-grants.js";
import { RedemptionDoubts } from "./redemption-doubts.js";
import { offerEventToWire, readDecision, readOfferEvent, type RecordedDecision } from "./recorded.js";
import { OwnRecords, type Led, type Writing } from "./own-records.js";
import { SentDecisions } from "./sent-decisions.js";
import type { Tenure } from "./tenure.js";

export interface LedgerOptions {
  readonly log: EventLog;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /**
   * Absent: this process is the only one that writes, and what the log acknowledged counts. With it, others own partitions too, and a record counts
   * when it has been read back with no later owner before it: two that both think they own a partition never both grant.
   */
  readonly tenure?: Tenure;
  /** Puts a message on `decisions` into the form that others read it in. Absent: bare. Either is read. */
  readonly frame?: (message: Uint8Array) => Uint8Array;
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
export type NotRedeemed = "log_unavailable" | "redemption_in_doubt" | "owner_changing";

/**
 * The writer of `decisions` and `offers`, for the subjects that its process owns. What it answers with is durable; what it keeps is a fold of the two
 * topics, all subjects' of them, so that whoever comes to own a partition knows it already. A record of its own is passed over when the topic brings it
 * back, if it counts by then.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #book = new Book();
  readonly #acts = new BySubject();
  readonly #own: OwnRecords;
  readonly #breakerWatch: BreakerWatch;
  readonly #partitionCount: number;
  readonly #bucketsByPartition: readonly (readonly Bucket[])[];
  /** Own decisions that count already and that the topic has not brought back yet. */
  readonly #counted = new Set<string>();
  /** Own decisions that count when they are on the log, however one hears of it first. */
  readonly #pending = new PendingGrants();
  readonly #sent = new SentDecisions();
  readonly #failedDraws = new FailedDraws();
  readonly #doubts = new RedemptionDoubts();
  /** Records on their way to the log that nobody waits for. */
  readonly #unawaited = new Set<Promise<unknown>>();
  #following: readonly Following[] = [];
  #newestDecisionMs = Number.NEGATIVE_INFINITY;

  private constructor(options: LedgerOptions, partitionCount: number) {
    this.#options = options;
    this.#partitionCount = partitionCount;
    this.#bucketsByPartition = bucketsByPartition(partitionCount);
    this.#own = new OwnRecords({ ...options, partitionCount });
    this.#breakerWatch = new BreakerWatch(options.telemetry);
  }

  /** Reads both topics, and resolves when the book is whole: decisions first, since an offer's life begins in one. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options, await options.log.partitions(TOPICS.decisions));
    const decisions = await followPlaces(options.log, TOPICS.decisions, (record) => {
      ledger.#readBackDecision(record);
    });
    const offers = await followPlaces(options.log, TOPICS.offers, (record) => {
      ledger.#readBackOffer(record);
    });
    ledger.#following = [decisions, offers];
    return ledger;
  }

  /** When the newest decision on the log that is here was written, by its writer's clock, Unix milliseconds UTC; -Infinity: there is none. */
  get newestDecisionMs(): number {
    return this.#newestDecisionMs;
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
    this.#own.giveUp();
  }

  /**
   * Begins to own partitions, each under its epoch: from here on what owners of lower ones write is void, and the book has all that counts of what
   * they wrote. Those that were begun; not among them is one that a later owner has begun meanwhile.
   *
   * Rejects with a LogError if the log does not take it.
   */
  begin(epochs: ReadonlyMap<number, number>): Promise<ReadonlySet<number>> {
    const timestampMs = this.#options.clock.nowMs();
    const beginnings = [...epochs].flatMap(([partition, epoch]) => {
      const decision = this.#decisions.encode(wire.DecisionRecord.fromPartial({}), epoch);
      const offer = this.#offers.encode(wire.OfferEvent.fromPartial({}), epoch);
      return [
        { record: { topic: TOPICS.decisions, partition, value: decision, timestampMs }, epoch },
        { record: { topic: TOPICS.offers, partition, value: offer, timestampMs }, epoch },
      ];
    });
    return this.#own.begin(beginnings);
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

  /**
   * The books as a decision is given them, of these budgets and of the campaigns of these breakers. Ends what is due first, so that money held for
   * dead offers is free.
   */
  books(budgets: readonly CompiledBudget[], breakers: readonly CompiledBreaker[]) {
    const nowMs = this.#options.clock.nowMs();
    this.#expireDue(nowMs);
    this.#pending.forgetOver(nowMs);
    const exploration = this.#book.exploration.with(this.#pending.decisions());
    return {
      budgets: Object.fromEntries(budgets.map((budget) => [budget.budgetId, this.#lease(budget, nowMs)])),
      explorationSpentMinor: exploration.spentMinor(),
      decisionsPerRung: exploration.decisionsPerRung(),
      realisedMargins: this.#book.margins.of(breakers, nowMs),
    };
  }

  /** Tells people of the campaigns that these breakers stop now. To be called again and again: periods end by themselves. */
  watchBreakers(breakers: readonly CompiledBreaker[]): void {
    this.#breakerWatch.look(breakers, this.#book.margins.of(breakers, this.#options.clock.nowMs()));
  }

  #lease(budget: CompiledBudget, nowMs: number): BudgetLease {
    const { remainingMinor, shadowPriceBp } = this.#book.lease(budget, nowMs);
    const promisedMinor = this.#pending.promisedMinor(budget.budgetId, budget.periodAt(nowMs));
    return { remainingMinor: Math.max(0, remainingMinor - promisedMinor), shadowPriceBp };
  }

  /**
   * How many offers may still be issued to the subject of campaigns with a quantity, by campaign; ask for the books first, which end what is due. Where
   * others own partitions, too, that is what is left of the slice of the subject's partition, and never more than is left of all.
   */
  offersLeft(quantities: readonly Quantity[], subject: SubjectId): Readonly<Record<string, number>> {
    if (quantities.length === 0) return {};
    const { offerCounts } = this.#book;
    const promised = new OfferCounts();
    for (const offer of this.#pending.promisedOffers()) promised.count(offer.campaignId, offer.subject, 1);
    const partitionCount = this.#partitionCount;
    const partition = partitionOfBucket(bucketOf(subject), partitionCount);
    const here = this.#bucketsByPartition[partition] ?? [];
    const left = ({ campaignId, offersMax }: Quantity): number => {
      const leftOfAll = offersMax - offerCounts.of(campaignId) - promised.of(campaignId);
      if (!this.#own.areShared) return leftOfAll;
      const ofSlice = offerCounts.within(campaignId, here) + promised.within(campaignId, here);
      return Math.min(leftOfAll, sliceOf(offersMax, partition, partitionCount) - ofSlice);
    };
    return Object.fromEntries(quantities.map((quantity) => [quantity.campaignId, Math.max(0, left(quantity))]));
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
   * Writes a decision. One that grants something, withholds it, or asks for consent, counts when it is durable; any other counts at once, and its
   * record follows. The failure is the log's; the state is then what it was, save that what was to be granted is in doubt.
   */
  async record(record: UnwrittenDecision, led: Led = {}): Promise<Result<void, LogError>> {
    const recorded = readDecision(record);
    // What a shopper is asked is to be proved, as what is granted.
    const isToBeDurable = recorded.issued !== undefined || recorded.isWithheld || record.consentExchange !== undefined;
    if (isToBeDurable) return this.#recordDurable(record, recorded, led);
    if (this.#own.areShared) return this.#writeDecision(record, recorded, led);
    this.#goOn(this.#recordNone(record, recorded, led));
    return ok(undefined);
  }

  async #recordDurable(
    record: UnwrittenDecision,
    recorded: RecordedDecision,
    led: Led,
  ): Promise<Result<void, LogError>> {
    const { decisionId } = record;
    this.#pending.send(decisionId, recorded);
    const written = await this.#writeDecision(record, recorded, led);
    if (written.ok && this.#pending.arrived(decisionId)) {
      this.#counted.add(decisionId);
      this.#book.decided(recorded);
    }
    if (isVoid(written)) this.#pending.arrived(decisionId);
    else if (!written.ok) this.#pending.doubt(decisionId, this.#options.clock.nowMs() + DOUBT_MS);
    else if (recorded.issued !== undefined) this.#options.telemetry.metrics.offers.with({ event: "issued" }).add();
    return written;
  }

  /** Of a process that writes alone. */
  async #recordNone(record: UnwrittenDecision, recorded: RecordedDecision, led: Led): Promise<Result<void, LogError>> {
    this.#counted.add(record.decisionId);
    const takeBack = this.#book.decided(recorded);
    const written = await this.#writeDecision(record, recorded, led);
    // Without its mark the record counts again, should it turn out to stand on the log.
    if (!written.ok && this.#counted.delete(record.decisionId)) takeBack();
    return written;
  }

  async #writeDecision(
    record: UnwrittenDecision,
    recorded: RecordedDecision,
    led: Led,
  ): Promise<Result<void, LogError>> {
    const writing = this.#own.write(this.#sending(recorded), record, led);
    this.#goOn(writing);
    const written = await writing.catch((error: unknown) => {
      this.#sent.forget(record.decisionId);
      throw error;
    });
    if (!written.ok) this.#sent.forget(record.decisionId);
    if (written.ok) {
      this.#failedDraws.arrived(record.decisionId);
      this.#goOn(this.#recordFailedDraws());
    } else if (record.episodeId !== "" && !isVoid(written)) {
      this.#keepFailedDraw(record);
    }
    return written;
  }

  /** One that may stand on the log all the same has to wait until it would have shown. */
  #keepFailedDraw(record: UnwrittenDecision): void {
    if (this.#failedDraws.add(record, this.#options.clock.nowMs() + DOUBT_MS)) return;
    this.#options.telemetry.metrics.failedDraws.with({ outcome: "dropped" }).add();
  }

  async #recordFailedDraws(): Promise<void> {
    const { failedDraws } = this.#options.telemetry.metrics;
    const recording = this.#failedDraws.take(this.#options.clock.nowMs()).map(async (record) => {
      const written = await this.#own.write(this.#decisions, record, {});
      if (written.ok) failedDraws.with({ outcome: "recorded" }).add();
      // Its partition has another owner by now: it would be void.
      else if (isVoid(written)) failedDraws.with({ outcome: "dropped" }).add();
      else this.#keepFailedDraw(record);
    });
    await Promise.all(recording);
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
  async redeemed(asked: OfferRedeemed, led: Led = {}): Promise<Result<OfferRedeemed, NotRedeemed>> {
    const { offerId } = asked;
    const doubted = this.#doubtOf(offerId);
    if (doubted !== undefined && !isSameAct(doubted.act, asked.act)) return err("redemption_in_doubt");
    const event = doubted ?? asked;
    this.#doubts.send(event);
    const written = await this.#writeOfferEvent(event, led);
    if (written.ok) {
      this.#doubts.over(offerId);
      return ok(event);
    }
    // Sure only where no earlier try may stand on the log.
    if (isVoid(written) && doubted === undefined) {
      this.#doubts.over(offerId);
      return err("owner_changing");
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

  async #writeOfferEvent(event: OfferRedeemed | OfferExpired, led: Led = {}): Promise<Result<void, LogError>> {
    const booked = this.#book.offer(event.offerId);
    if (booked === undefined || booked.state.status === "unknown")
      throw new Error(`offer ${event.offerId} is not in the book`);
    const { terms } = booked.state;
    const record = offerEventToWire(event, terms, booked.assignmentKey);
    const written = await this.#own.write(this.#offers, record, led);
    if (!written.ok) return written;
    // The book takes only what an offer's life allows, so the same event twice counts once.
    this.#book.happened(event);
    this.#count(event, terms);
    return written;
  }

  #count(event: OfferRedeemed | OfferExpired, { currency, heldMinor }: OfferTerms): void {
    const { metrics } = this.#options.telemetry;
    const settledMinor = event.kind === "redeemed" ? event.redemption.costMinor : 0;
    metrics.offers.with({ event: event.kind }).add();
    if (settledMinor > 0) metrics.money.with({ movement: "settled", currency }).add(settledMinor);
    if (heldMinor > settledMinor)
      metrics.money.with({ movement: "given_back", currency }).add(heldMinor - settledMinor);
  }

  /**
   * Ends what is due. The book of a process that writes alone says so at once; the record follows, and is written again at the next start if it is
   * lost. Among others it says so when the record has come back.
   */
  #expireDue(nowMs: Millis): void {
    for (const offerId of this.#book.due(nowMs, EXPIRIES_MAX)) {
      const booked = this.#book.offer(offerId);
      if (booked?.state.status !== "issued") continue;
      // That of another owner's subject is ended by that owner.
      const isOwn = this.#own.owns(booked.state.terms.subject);
      if (!isOwn || this.#doubtOf(offerId) !== undefined) {
        this.#book.lookAgain(offerId, (nowMs + EXPIRY_POSTPONED_MS) as Millis);
        continue;
      }
      this.#doubts.over(offerId);
      const expired = expire({ nowMs }, booked.state);
      if (!expired.ok) throw new Error(`what is due can be ended: ${expired.error.reason}`);
      for (const event of expired.value) {
        if (!this.#own.areShared) this.#book.happened(event);
        this.#goOn(
          this.#writeOfferEvent(event).then((written) => {
            // Somebody else ends it, or it shows that this one did; if neither, it is this owner's to end after all.
            if (!written.ok) this.#book.lookAgain(offerId, (this.#options.clock.nowMs() + DOUBT_MS) as Millis);
          }),
        );
      }
    }
  }

  readonly #decisions: Writing<UnwrittenDecision> = {
    topic: TOPICS.decisions,
    encode: (record, epoch) => {
      const owned = epoch === 0 ? record : { ...record, ownerEpoch: BigInt(epoch) };
      const message = encodeDecision(owned);
      return this.#options.frame?.(message) ?? message;
    },
  };

  #sending(recorded: RecordedDecision): Writing<UnwrittenDecision> {
    const { topic, encode } = this.#decisions;
    return {
      topic,
      encode: (record, epoch) => {
        const bytes = encode(record, epoch);
        this.#sent.send({ decisionId: record.decisionId, epoch, recorded, bytes });
        return bytes;
      },
    };
  }

  readonly #offers: Writing<wire.OfferEvent> = {
    topic: TOPICS.offers,
    encode: (event, epoch) =>
      wire.OfferEvent.encode(epoch === 0 ? event : { ...event, ownerEpoch: BigInt(epoch) }).finish(),
  };

  #readBackDecision(read: PlacedValue): void {
    this.#newestDecisionMs = Math.max(this.#newestDecisionMs, read.timestampMs);
    const sent = this.#sent.takeBack(read.value);
    const record = sent === undefined ? this.#readable(read, readableDecision) : undefined;
    const back = sent ?? (record && { decisionId: record.decisionId, epoch: Number(record.ownerEpoch) });
    if (back !== undefined) {
      const counts = this.#own.take(read, back.epoch);
      // A draw that is void is recorded as one that failed by whoever records.
      this.#failedDraws.arrived(back.decisionId);
      // Its own writer has to know first what the book has: it goes on when it has heard of the record.
      if (counts && back.decisionId !== "" && !this.#counted.delete(back.decisionId))
        this.#fold(back.decisionId, sent?.recorded ?? (record && movingDecision(record)));
    }
    this.#own.seen(read);
  }

  #fold(decisionId: string, recorded: RecordedDecision | undefined): void {
    if (recorded === undefined) return;
    this.#pending.arrived(decisionId);
    this.#book.decided(recorded);
  }

  #readBackOffer(read: PlacedValue): void {
    const record = this.#readable(read, (bytes) => wire.OfferEvent.decode(bytes));
    const counts = record !== undefined && this.#own.take(read, Number(record.ownerEpoch));
    const event = counts ? readOfferEvent(record) : undefined;
    if (event !== undefined) {
      this.#book.happened(event);
      this.#doubts.over(event.offerId);
    }
    this.#own.seen(read);
  }

  /** What is no record of ours, since somebody else wrote onto the topic, says nothing of anybody: it is passed over, aloud. */
  #readable<T>(read: PlacedValue, decode: (bytes: Uint8Array) => T): T | undefined {
    try {
      return decode(read.value);
    } catch (error) {
      const { topic, partition, offset } = read;
      const place = { topic, partition, offset, problem: String(error) };
      this.#options.telemetry.logger.warn(place, "a record is passed over: it is none of ours");
      return undefined;
    }
  }
}

/** Undefined where nobody was given anything, nobody was told, and what was decided since was decided without it: it moves nothing. */
function movingDecision(record: wire.DecisionRecord): RecordedDecision | undefined {
  return record.reason === FAILED_AFTER_DRAW ? undefined : readDecision(record);
}

/** Throws for what is no decision, and no beginning of an owner either. */
function readableDecision(bytes: Uint8Array): wire.DecisionRecord {
  const record = decodeDecisionRecord(bytes);
  if (record.decisionId === "" || isSubjectId(record.subject)) return record;
  throw new RangeError(`decision ${record.decisionId} has no subject`);
}

/** True if it is sure that nothing came of it: the partition has another owner. */
function isVoid(written: Result<unknown, LogError>): boolean {
  return !written.ok && written.error.code === "partition_revoked";
}

function isSameAct(one: OfferRedeemed["act"], other: OfferRedeemed["act"]): boolean {
  return one.idempotencyKey === other.idempotencyKey && one.contentDigest === other.contentDigest;
}
