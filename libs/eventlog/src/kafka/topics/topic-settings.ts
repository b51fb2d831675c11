import type { TopicSpec } from "../../port.js";

/** A topic as it should be, and as it is: what a start and `leastwise topics` look at. */
export interface TopicSettings {
  readonly name: string;
  readonly partitions: number;
  /** Copies of each record; of what is there, of the partition that has fewest. {@link AS_THE_BROKERS_ARE}: whatever they are set to. */
  readonly replicas: number;
  readonly isCompacted: boolean;
  /** How long records are kept, ms; undefined: without limit of age. Of a compacted topic: none. */
  readonly retentionMs: number | undefined;
  /** Replicas that must have a record before it is acknowledged (`min.insync.replicas`). {@link AS_THE_BROKERS_ARE}: whatever they are set to. */
  readonly inSyncReplicasMin: number;
  /** Largest batch that is taken, bytes (`max.message.bytes`). */
  readonly batchBytesMax: number;
  /** Whose stamp a record carries (`message.timestamp.type`): the windows' need the writer's. */
  readonly timestamps: "CreateTime" | "LogAppendTime";
}

/** What a number of replicas is when the brokers' own setting is to count. */
export const AS_THE_BROKERS_ARE = -1;

/** Most bytes of a batch on our topics: those of a batch of ours, and its framing. */
export const MESSAGE_BYTES_MAX = 8_388_608;

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
    retentionMs: compacted ? undefined : retentionMs,
    inSyncReplicasMin: replicas === AS_THE_BROKERS_ARE ? AS_THE_BROKERS_ARE : inSyncReplicasMin(replicas),
    batchBytesMax: MESSAGE_BYTES_MAX,
    timestamps: "CreateTime",
  };
}

/** Half of the replicas, rounded up: with three, one broker may be down, and what is acknowledged is on two. */
function inSyncReplicasMin(replicas: number): number {
  return Math.ceil(replicas / 2);
}
