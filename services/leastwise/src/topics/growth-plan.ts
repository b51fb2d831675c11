import type { Config } from "@leastwise/config";
import {
  decodeClickstreamRecord,
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
      { ...bySubject(TOPICS.clickstream), references: MOVES },
      { ...bySubject(TOPICS.decisions), reader: decisionsThatCount },
      { ...bySubject(TOPICS.offers), reader: offersThatCount },
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
 * another wrote where their records come to stand behind each other.
 */
function decisionsThatCount(): (record: LogRecord) => Uint8Array | undefined {
  const epochs = new OwnerEpochs();
  return ({ partition, value }) => {
    const message = unframed(value);
    const decision = wire.DecisionRecord.decode(message);
    const { ownerEpoch, decisionId } = decision;
    if (!epochs.take(partition, Number(ownerEpoch)) || decisionId === "") return undefined;
    if (ownerEpoch === 0n) return value;
    const frame = value.subarray(0, value.length - message.length);
    return Buffer.concat([frame, wire.DecisionRecord.encode({ ...decision, ownerEpoch: 0n }).finish()]);
  };
}

/** The same of `offers`. */
function offersThatCount(): (record: LogRecord) => Uint8Array | undefined {
  const epochs = new OwnerEpochs();
  return ({ partition, value }) => {
    const event = wire.OfferEvent.decode(value);
    const { ownerEpoch, offerId } = event;
    if (!epochs.take(partition, Number(ownerEpoch)) || offerId === "") return undefined;
    return ownerEpoch === 0n ? value : wire.OfferEvent.encode({ ...event, ownerEpoch: 0n }).finish();
  };
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
