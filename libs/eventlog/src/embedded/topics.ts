import { LogError, type TopicSpec } from "../port.js";
import { checkPartition, checkTopicShape } from "../record-limits.js";
import { sayTopic } from "../topic-words.js";
import { Partition, partitionKey } from "./partition.js";
import type { Change, Tables } from "./store.js";

export interface Topic {
  readonly spec: TopicSpec;
  readonly partitions: readonly Partition[];
}

interface StoredTopic {
  readonly spec: TopicSpec;
  readonly firstId: number;
}

/** The topics of a data directory: table `topics`, name → {@link StoredTopic} as JSON. */
export class Topics {
  readonly #topics = new Map<string, Topic>();
  readonly #tables: Tables;
  #nextId = 0;

  constructor(tables: Tables) {
    this.#tables = tables;
    for (const { value } of tables.topics.getRange({})) this.#add(JSON.parse(value.toString()) as StoredTopic);
  }

  all(): IterableIterator<Topic> {
    return this.#topics.values();
  }

  has(name: string): boolean {
    return this.#topics.has(name);
  }

  /** Throws `unknown_topic`. */
  get(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic !== undefined) return topic;
    throw new LogError("unknown_topic", `topic ${name} does not exist`, "terminal");
  }

  /** Throws `unknown_topic`, also for a partition that the topic does not have. */
  partition(name: string, partition: number): Partition {
    const topic = this.get(name);
    checkPartition(name, partition, topic.partitions.length);
    const found = topic.partitions[partition];
    if (found === undefined) throw new Error(`partition ${partition} of ${name} was checked and is missing`);
    return found;
  }

  /**
   * What to store so that the topics exist, and what to call when it is stored. Throws `topic_mismatch` if one exists
   * otherwise.
   */
  plan(specs: readonly TopicSpec[]): { readonly changes: Change[]; done(): void } {
    const missing: StoredTopic[] = [];
    let nextId = this.#nextId;
    for (const spec of specs) {
      checkTopicShape(spec.name, spec.partitions);
      const existing =
        this.#topics.get(spec.name)?.spec ?? missing.find((topic) => topic.spec.name === spec.name)?.spec;
      if (existing !== undefined) checkSame(existing, spec);
      else {
        missing.push({ spec: normal(spec), firstId: nextId });
        nextId += spec.partitions;
      }
    }
    const changes = missing.map((topic) => ({
      table: this.#tables.topics,
      key: Buffer.from(topic.spec.name),
      value: Buffer.from(JSON.stringify(topic)),
    }));
    return {
      changes,
      done: () => {
        for (const topic of missing) this.#add(topic);
      },
    };
  }

  #add({ spec, firstId }: StoredTopic): void {
    const partitions = Array.from({ length: spec.partitions }, (_, partition) => {
      const id = firstId + partition;
      return new Partition(spec.name, partition, id, this.#tables.partitions.get(partitionKey(id)));
    });
    this.#topics.set(spec.name, { spec, partitions });
    this.#nextId = Math.max(this.#nextId, firstId + spec.partitions);
  }
}

function normal({ name, partitions, compacted, retentionMs }: TopicSpec): TopicSpec {
  return { name, partitions, compacted, ...(retentionMs === undefined || compacted ? {} : { retentionMs }) };
}

function checkSame(existing: TopicSpec, asked: TopicSpec): void {
  const is = sayTopic(existing);
  const expected = sayTopic(normal(asked));
  if (is === expected) return;
  throw new LogError("topic_mismatch", `topic ${asked.name} has ${is}, expected ${expected}`, "terminal");
}
