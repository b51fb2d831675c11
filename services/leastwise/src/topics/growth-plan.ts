import type { Config } from "@leastwise/config";
import {
  decodeClickstreamRecord,
  decodeDecisionRecord,
  encodeClickstreamRecord,
  OwnerEpochs,
  TOPICS,
  unframed,
  wire,
} from "@leastwise/contracts";
import type { GrowthPlan, LogRecord, RegroupedTopic } from "@leastwise/eventlog";
import { bucketOf, isSubjectId, partitionOfBucket, type Bucket } from "@leastwise/vocabulary";
import { wantedTopics } from "./wanted-topics.js";

/** What the topics are to be with so many partitions, and what must happen to their records. */
export function growthPlan(config: Pick<Config, "log" | "clock" | "collector">, partitions: number): GrowthPlan {
  const settings = wantedTopics({ ...config, log: { ...config.log, partitions } });
  return {
    partitions,
    settings,
    regrouped: [
      { ...bySubject(TOPICS.clickstream), references: MOVES, problemOf: foreignOnClickstream },
      { ...bySubject(TOPICS.decisions), reader: decisionsThatCount, problemOf: foreignDecision },
      { ...bySubject(TOPICS.offers), reader: offersThatCount, problemOf: foreignOffer },
    ],
    remade: [TOPICS.windowCheckpoints, TOPICS.windowManifests],
    widened: [TOPICS.clickstreamRaw],
    readers: Object.fromEntries(
      [TOPICS.clickstream, TOPICS.decisions, TOPICS.offers].map((topic) => [topic, `recorder-${topic}`]),
    ),
  };
}

/** A subject's bucket is its lane. What has no subject as its key is of no use to anybody, and stays where it is. */
function bySubject(name: string): RegroupedTopic {
  return {
    name,
    laneOf: ({ key }) => (key !== undefined && isSubjectId(key) ? bucketOf(key) : undefined),
    partitionOf: (lane, partitions) => partitionOfBucket(lane as Bucket, partitions),
  };
}

/**
 * What of a partition of `decisions` counts, under no epoch: epochs are of the old partitions' owners, and those of one would void what
 * another wrote where their records come to stand behind each other. What is none of ours is carried along, and has no say in epochs.
 */
function decisionsThatCount(): (record: LogRecord) => Uint8Array | undefined {
  const epochs = new OwnerEpochs();
  return ({ partition, value }) => {
    const decision = decoded(() => decodeDecisionRecord(value));
    if (decision === undefined) return value;
    const isOurs = problemOfDecision(decision) === undefined;
    if (isOurs && !counts(epochs, partition, decision.ownerEpoch, decision.decisionId)) return undefined;
    if (decision.ownerEpoch === 0n) return value;
    const frame = value.subarray(0, value.length - unframed(value).length);
    return Buffer.concat([frame, wire.DecisionRecord.encode({ ...decision, ownerEpoch: 0n }).finish()]);
  };
}

/** The same of `offers`. */
function offersThatCount(): (record: LogRecord) => Uint8Array | undefined {
  const epochs = new OwnerEpochs();
  return ({ partition, value }) => {
    const event = decoded(() => wire.OfferEvent.decode(value));
    if (event === undefined || problemOfOffer(event) !== undefined) return value;
    if (!counts(epochs, partition, event.ownerEpoch, event.offerId)) return undefined;
    return event.ownerEpoch === 0n ? value : wire.OfferEvent.encode({ ...event, ownerEpoch: 0n }).finish();
  };
}

/** Whether a record is of an owner that had no successor yet, and more than the beginning of one, which names nothing. */
function counts(epochs: OwnerEpochs, partition: number, ownerEpoch: bigint, id: string): boolean {
  return epochs.take(partition, Number(ownerEpoch)) && id !== "";
}

/** Why the services pass over a record, in words that repeat nothing of it: they go to whoever looks on. */
function foreignDecision(record: LogRecord): string | undefined {
  return foreignIn(record, () => {
    const decision = decodeDecisionRecord(record.value);
    return { problem: problemOfDecision(decision), isKeyed: decision.decisionId !== "" };
  });
}

function foreignOffer(record: LogRecord): string | undefined {
  return foreignIn(record, () => {
    const event = wire.OfferEvent.decode(record.value);
    return { problem: problemOfOffer(event), isKeyed: event.offerId !== "" };
  });
}

function foreignOnClickstream(record: LogRecord): string | undefined {
  return foreignIn(record, () => {
    const body = decodeClickstreamRecord(record.value);
    return { problem: body.ok ? undefined : body.error.reason, isKeyed: true };
  });
}

/** `isKeyed`: whether a record of ours that says this stands under its subject. */
function foreignIn(
  { key }: LogRecord,
  look: () => { readonly problem: string | undefined; readonly isKeyed: boolean },
): string | undefined {
  try {
    const { problem, isKeyed } = look();
    if (problem !== undefined || !isKeyed) return problem;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (key === undefined) return "its key is missing";
  return isSubjectId(key) ? undefined : "its key is no subject";
}

function problemOfDecision({ decisionId, subject, ownerEpoch }: wire.DecisionRecord): string | undefined {
  if (decisionId === "")
    return ownerEpoch === 0n ? "it is neither a decision nor the beginning of an owner" : undefined;
  return isSubjectId(subject) ? undefined : "it has no subject";
}

function problemOfOffer({ offerId, ownerEpoch }: wire.OfferEvent): string | undefined {
  return offerId === "" && ownerEpoch === 0n ? "it is of no offer, and not the beginning of an owner" : undefined;
}

/** Undefined for what cannot be read. */
function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

/** A state that a link moved names the link's place, which tells whether it has arrived. */
const MOVES: NonNullable<RegroupedTopic["references"]> = {
  isNamed: (record) => bodyOf(record)?.$case === "link",
  placeIn: (record) => {
    const body = bodyOf(record);
    const [, , partition, offset] = (body?.$case === "stateMoved" && CAUSE.exec(body.value.cause)) || [];
    return partition === undefined || offset === undefined
      ? undefined
      : { partition: Number(partition), offset: Number(offset) };
  },
  withPlace: (record, { partition, offset }) => {
    const body = bodyOf(record);
    if (body?.$case !== "stateMoved") return record.value;
    const cause = body.value.cause.replace(CAUSE, (_, before: string) => `${before}${partition}/${offset}`);
    return encodeClickstreamRecord({ $case: "stateMoved", value: { ...body.value, cause } });
  },
};

/** Whatever stands before, an incarnation among it, and the place on the topic. */
const CAUSE = new RegExp(`^(.*/${TOPICS.clickstream}/)(\\d+)/(\\d+)$`);

/** How a record that is an event begins: field 1, of a length. Nearly all are, and none of them names a place. */
const EVENT_TAG = 0x0a;

function bodyOf({ value }: LogRecord): wire.ClickstreamRecord["body"] {
  if (value[0] === EVENT_TAG) return undefined;
  const decoded = decodeClickstreamRecord(value);
  return decoded.ok ? decoded.value : undefined;
}
