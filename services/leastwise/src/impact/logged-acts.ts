import { decodeDecisionRecord, OwnerEpochs, TOPICS, wire } from "@leastwise/contracts";
import type { EventLog, PoisonedBatch } from "@leastwise/eventlog";
import { isSubjectId, type SubjectId } from "@leastwise/vocabulary";
import { byTime, type Source } from "./by-time.js";
import { PartitionStretch, type StretchRecord } from "./partition-stretch.js";

/** What the log says that a shopper, or the shop, did. */
export type LoggedAct =
  | { readonly kind: "decided"; readonly atMs: number; readonly record: wire.DecisionRecord }
  | { readonly kind: "redeemed"; readonly atMs: number; readonly subject: SubjectId; readonly offerId: string };

/** A record that is none of ours, or a stretch that is damaged: passed over. */
export interface Unreadable {
  /** `decisions/2@17`: topic, partition, offset. */
  readonly place: string;
  readonly why: string;
}

type Reading = (value: Uint8Array) => { readonly epoch: bigint; readonly act: LoggedAct | undefined };

/** Decisions and redemptions as they stand on the log, up to where it ended at the opening, in one order of time. */
export class LoggedActs {
  readonly #stretches: readonly PartitionStretch[];
  readonly #sources: readonly Source<LoggedAct>[];
  readonly #counts: { read: number; readonly total: number };

  private constructor(
    stretches: readonly PartitionStretch[],
    sources: readonly Source<LoggedAct>[],
    counts: { read: number; readonly total: number },
  ) {
    this.#stretches = stretches;
    this.#sources = sources;
    this.#counts = counts;
  }

  /**
   * Opens all partitions of both topics. Rejects with a LogError.
   *
   * @param onUnreadable told of each record and stretch that is passed over
   */
  static async open(log: EventLog, onUnreadable: (what: Unreadable) => void): Promise<LoggedActs> {
    const counts = { read: 0, total: 0 };
    const stretches: PartitionStretch[] = [];
    const sources: Source<LoggedAct>[] = [];
    const onPoisoned = ({ topic, partition, firstOffset, reason }: PoisonedBatch): void => {
      onUnreadable({ place: `${topic}/${partition}@${firstOffset}`, why: reason });
    };
    for (const { topic, read } of [
      { topic: TOPICS.decisions, read: readDecision },
      { topic: TOPICS.offers, read: readOfferEvent },
    ]) {
      const epochs = new OwnerEpochs();
      for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
        const { begin, end } = await log.offsets(topic, partition);
        counts.total += end - begin;
        const stretch = await PartitionStretch.open(log, topic, partition, onPoisoned);
        const count = ({ offset }: StretchRecord): string => {
          counts.read += 1;
          return `${topic}/${partition}@${offset}`;
        };
        stretches.push(stretch);
        sources.push(sourceOf(stretch, count, (value) => counting(epochs, partition, read(value)), onUnreadable));
      }
    }
    return new LoggedActs(stretches, sources, counts);
  }

  /** Records that stand there, with those that are no longer or never were. */
  get total(): number {
    return this.#counts.total;
  }

  /** Records that were gone through. */
  get read(): number {
    return this.#counts.read;
  }

  /** Goes through them once. Rejects with a LogError where the log fails for good. */
  inOrder(): AsyncGenerator<LoggedAct, void, undefined> {
    return byTime(this.#sources);
  }

  /** Reads no further. */
  async close(): Promise<void> {
    await Promise.all(this.#stretches.map((stretch) => stretch.stop()));
  }
}

function sourceOf(
  stretch: PartitionStretch,
  count: (record: StretchRecord) => string,
  read: (value: Uint8Array) => LoggedAct | undefined,
  onUnreadable: (what: Unreadable) => void,
): Source<LoggedAct> {
  return async () => {
    for (let record = await stretch.next(); record !== undefined; record = await stretch.next()) {
      const place = count(record);
      try {
        const act = read(record.value);
        if (act !== undefined) return act;
      } catch (error) {
        onUnreadable({ place, why: error instanceof Error ? error.message : String(error) });
      }
    }
    return undefined;
  };
}

/** What an owner wrote whose successor had begun did not happen. */
function counting(epochs: OwnerEpochs, partition: number, { epoch, act }: ReturnType<Reading>): LoggedAct | undefined {
  return epochs.take(partition, Number(epoch)) ? act : undefined;
}

/** Throws for what is no decision, and no beginning of an owner either. */
function readDecision(value: Uint8Array): ReturnType<Reading> {
  const record = decodeDecisionRecord(value);
  const { ownerEpoch: epoch, decisionId, subject } = record;
  if (decisionId === "" && epoch > 0n) return { epoch, act: undefined };
  if (decisionId === "" || !isSubjectId(subject)) throw new RangeError("it is no decision of a subject");
  return { epoch, act: { kind: "decided", atMs: Number(record.decidedAtMs), record } };
}

/** Throws for what is no event of an offer, and no beginning of an owner either. */
function readOfferEvent(value: Uint8Array): ReturnType<Reading> {
  const { ownerEpoch: epoch, offerId, subject, atMs, kind } = wire.OfferEvent.decode(value);
  if (offerId === "" && epoch > 0n) return { epoch, act: undefined };
  if (offerId === "" || kind === undefined || !isSubjectId(subject))
    throw new RangeError("it is no event of a subject's offer");
  const act =
    kind.$case === "redeemed" ? ({ kind: "redeemed", atMs: Number(atMs), subject, offerId } as const) : undefined;
  return { epoch, act };
}
