import { DAY_MS } from "@leastwise/vocabulary";
import type { TopicSpec } from "../../port.js";

/** A topic as it should be, and as it is: what a start and `leastwise topics` look at. */
export interface TopicSettings {
  readonly name: string;
  readonly partitions: number;
  /** Copies of each record; of what is there, of the partition that has fewest. {@link AS_THE_BROKERS_ARE}: whatever they are set to. */
  readonly replicas: number;
  /** Whether of each key only the newest record is kept (`compact` in `cleanup.policy`). */
  readonly isCompacted: boolean;
  /** Whether old records are deleted, by age or by size (`delete` in `cleanup.policy`). A topic may be compacted besides. */
  readonly isExpiring: boolean;
  /** How long records are kept, ms; undefined: without limit of age. Of a compacted topic: none. */
  readonly retentionMs: number | undefined;
  /** Most bytes of a partition that are kept, whatever their age (`retention.bytes`); undefined: without limit of size. Of a topic that does not expire: none. */
  readonly retentionBytes: number | undefined;
  /** How long it is kept that a key was taken back, ms (`delete.retention.ms`); 0: whatever the brokers are set to, as of a topic that is not compacted. */
  readonly takenBackKeptMs: number;
  /** Replicas that must have a record before it is acknowledged (`min.insync.replicas`). {@link AS_THE_BROKERS_ARE}: whatever they are set to. */
  readonly inSyncReplicasMin: number;
  /** Largest batch that is taken, bytes (`max.message.bytes`). */
  readonly batchBytesMax: number;
  /** Whose stamp a record carries (`message.timestamp.type`): the windows' need the writer's. */
  readonly timestamps: "CreateTime" | "LogAppendTime";
  /** Whether a replica that lacks acknowledged records may lead, so that they are gone (`unclean.leader.election.enable`). */
  readonly isElectedUncleanly: boolean;
}

/** What a number of replicas is when the brokers' own setting is to count. */
export const AS_THE_BROKERS_ARE = -1;

/** Most bytes of a batch on our topics: those of a batch of ours, and its framing. */
export const MESSAGE_BYTES_MAX = 8_388_608;

/**
 * How long it is kept at least that a key was taken back, Kafka's default: whoever reads a topic from its beginning, and is kept from its end for
 * longer, would keep what was taken back.
 */
export const TAKEN_BACK_KEPT_MS = DAY_MS;

/** How a topic should be. The one place that says it: of a topic that is made, at a start or by a plan, and of one that is looked at. */
export function topicSettings(
  { name, partitions, compacted, retentionMs }: TopicSpec,
  replicas: number,
): TopicSettings {
  return {
    name,
    partitions,
    replicas,
    isCompacted: compacted,
    isExpiring: !compacted,
    retentionMs: compacted ? undefined : retentionMs,
    retentionBytes: undefined,
    takenBackKeptMs: compacted ? TAKEN_BACK_KEPT_MS : 0,
    inSyncReplicasMin: replicas === AS_THE_BROKERS_ARE ? AS_THE_BROKERS_ARE : inSyncReplicasMin(replicas),
    batchBytesMax: MESSAGE_BYTES_MAX,
    timestamps: "CreateTime",
    isElectedUncleanly: false,
  };
}

/** Half of the replicas, rounded up: with three, one broker may be down, and what is acknowledged is on two. */
function inSyncReplicasMin(replicas: number): number {
  return Math.ceil(replicas / 2);
}
