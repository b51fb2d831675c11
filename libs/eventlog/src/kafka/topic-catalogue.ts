import { LogError, type TopicSpec } from "../port.js";
import { checkTopicShape } from "../record-limits.js";
import { insist } from "./insist.js";
import { makeTopics, readTopics, type TopicAdmin } from "./topics/topic-admin.js";
import { isInOrder, sayWrong, topicChanges } from "./topics/topic-changes.js";
import { topicSettings, type TopicSettings } from "./topics/topic-settings.js";

/** What is remembered of a topic: this does not change while a log is open. */
type KnownTopic = Pick<TopicSpec, "partitions" | "compacted">;

/** What the brokers say of topics, remembered: a topic's partitions and policy do not change while a log is open. */
export class TopicCatalogue {
  readonly #admin: TopicAdmin;
  readonly #replicas: number;
  readonly #known = new Map<string, KnownTopic>();

  /** `replicas` of topics made here, and the fewest that any may have; `AS_THE_BROKERS_ARE` leaves it to the brokers. */
  constructor(admin: TopicAdmin, replicas: number) {
    this.#admin = admin;
    this.#replicas = replicas;
  }

  /** Throws `unknown_topic`. */
  async get(name: string): Promise<KnownTopic> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const topic = (await insist(() => readTopics(this.#admin, [name]))).get(name);
    if (topic === undefined) throw new LogError("unknown_topic", `topic ${name} does not exist`, "terminal");
    return this.#remember(topic);
  }

  /** See `EventLog.ensureTopics`. What is there is accepted if, and only if, `leastwise topics check` accepts it. */
  async ensure(specs: readonly TopicSpec[]): Promise<void> {
    if (specs.length === 0) return;
    for (const { name, partitions } of specs) checkTopicShape(name, partitions);
    const wanted = specs.map((spec) => topicSettings(spec, this.#replicas));
    const existing = new Map(
      await readTopics(
        this.#admin,
        wanted.map(({ name }) => name),
      ),
    );
    checkExisting(wanted, existing);
    const missing = wanted.filter(({ name }) => !existing.has(name));
    if (missing.length > 0) {
      const made = await makeTopics(this.#admin, missing);
      // It may be another process that made them, and otherwise.
      checkExisting(missing, made);
      for (const topic of made.values()) existing.set(topic.name, topic);
    }
    for (const topic of existing.values()) this.#remember(topic);
  }

  #remember({ name, partitions, isCompacted }: TopicSettings): KnownTopic {
    const known = { partitions, compacted: isCompacted };
    this.#known.set(name, known);
    return known;
  }
}

function checkExisting(wanted: readonly TopicSettings[], existing: ReadonlyMap<string, TopicSettings>): void {
  const wrong = topicChanges(wanted, existing).filter((change) => change.kind === "change" && !isInOrder([change]));
  if (wrong.length === 0) return;
  throw new LogError(
    "topic_mismatch",
    `${wrong.map(sayWrong).join("; ")}: 'leastwise topics plan' says what to do`,
    "terminal",
  );
}
