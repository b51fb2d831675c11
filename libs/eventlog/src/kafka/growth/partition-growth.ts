import type { Admin } from "kafkajs";
import { setTimeout as sleep } from "node:timers/promises";
import { LOG_TOPIC } from "../../incarnation.js";
import { LogError, type EventLog, type LogRecord } from "../../port.js";
import { kafkaClient } from "../client.js";
import { kafkaDoing } from "../kafka-failure.js";
import { openKafkaLog, readLogIdentity, SESSION_TIMEOUT_MS, type KafkaLogOptions } from "../kafka-log.js";
import { topicOffsets } from "../offsets.js";
import { ClusterTopics } from "../topics/cluster-topics.js";
import { KNOWN_WITHIN_MS, makeTopics, readTopics } from "../topics/topic-admin.js";
import type { TopicSettings } from "../topics/topic-settings.js";
import { growthIn, growthRecord, holdsAll, isUnderWay, type Growth, type Stretch } from "./growth-record.js";
import { checkDrained, committedGroups, groupsReading } from "./group-standing.js";
import { readRange } from "./range-reading.js";
import { checkSameContent, Regrouping, type ForeignRecord, type RegroupedTopic, type Survey } from "./regrouping.js";

/** A growth as it is asked for. */
export interface GrowthPlan {
  /** How many partitions there are to be. */
  readonly partitions: number;
  /** Every topic of the log as it is to be at the end. Those that are not named below stay as they are. */
  readonly settings: readonly TopicSettings[];
  /** Topics whose records go to other partitions. */
  readonly regrouped: readonly RegroupedTopic[];
  /** Topics that only save time, and are made anew: what they hold is of the old partitions. */
  readonly remade: readonly string[];
  /** Topics that get more partitions, and whose records stay where they are. */
  readonly widened: readonly string[];
  /** Groups that must have read a topic to its end, by topic: whoever writes what it reads somewhere else, once. */
  readonly readers: Readonly<Record<string, string>>;
  /** Copies once more, behind what is there: for when somebody wrote meanwhile, whose records are left out. */
  readonly isBegunAnew?: boolean;
  /** Told what is being done, in words. */
  readonly onStep?: (step: string) => void;
}

/** What a growth does, or did. */
export interface GrowthReport {
  readonly from: number;
  readonly to: number;
  /** Records of each topic that are to be copied, or were; where the copies are compared already, as far as offsets tell: at most so many. */
  readonly records: Readonly<Record<string, number>>;
  /** Records that somebody else wrote, by topic; none of a topic that was not looked through this time. They are copied as they are. */
  readonly foreign: Readonly<Record<string, ForeignRecords>>;
}

/** Records of one topic that are none of ours. */
export interface ForeignRecords {
  readonly count: number;
  /** The first hundred of them. */
  readonly named: readonly ForeignRecord[];
}

/** Most records of one topic that are named. */
const NAMED_MAX = 100;

/** Between two looks at whether the brokers know already. */
const LOOK_AFTER_MS = 100;
/** The same of who reads, which is several questions. */
const LOOK_AT_GROUPS_AFTER_MS = 500;

/**
 * Looks at whether the topics can grow, and what would be done. Rejects with a LogError, `topic_mismatch`, which says what stands in the way.
 * Changes nothing.
 */
export async function planGrowth(options: KafkaLogOptions, plan: GrowthPlan): Promise<GrowthReport> {
  return withGrowth(options, plan, (growth) => growth.look());
}

/**
 * Gives the topics more partitions. Nobody else may read or write them. What was interrupted goes on where it was when it is asked for again.
 *
 * A topic's records are appended to it once more, each to the partition that is its from now on, and the old ones are removed when the
 * copies have been compared with them: offsets go on, so no place ever names two records. Until it is finished no log opens.
 *
 * Rejects with a LogError: `topic_mismatch`, which says what stands in the way; `log_unavailable`.
 */
export async function growPartitions(options: KafkaLogOptions, plan: GrowthPlan): Promise<GrowthReport> {
  return withGrowth(options, plan, (growth) => growth.run());
}

async function withGrowth<T>(
  options: KafkaLogOptions,
  plan: GrowthPlan,
  act: (growth: PartitionGrowth) => Promise<T>,
): Promise<T> {
  await checkLog(options);
  const admin = kafkaClient(options).admin();
  const address = options.brokers.join(", ");
  await kafkaDoing(`reaching the brokers at ${address}`, () => admin.connect());
  try {
    return await act(new PartitionGrowth(options, admin, plan));
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** Before anything is made, or anybody is waited for: whether it is the log that is meant, and whether there is one. */
async function checkLog(options: KafkaLogOptions): Promise<void> {
  const { clusterId, incarnation } = await readLogIdentity(options);
  if (incarnation !== undefined) return;
  const message = `no log was begun yet in the cluster ${clusterId}, or this user may not see it: there is nothing to grow`;
  throw new LogError("topic_mismatch", message, "terminal");
}

class PartitionGrowth {
  readonly #options: KafkaLogOptions;
  readonly #admin: Admin;
  readonly #plan: GrowthPlan;
  readonly #foreign = new Map<string, ForeignRecords>();

  constructor(options: KafkaLogOptions, admin: Admin, plan: GrowthPlan) {
    this.#options = options;
    this.#admin = admin;
    this.#plan = plan;
  }

  async look(): Promise<GrowthReport> {
    await this.#checkNobodyReads();
    return this.#withLog(async (log) => {
      const growth = (await this.#begun(log)) ?? (await this.#imagined(log));
      const { from, to, stage } = growth;
      const records: Record<string, number> = stage === "copying" ? {} : mostRecords(growth.topics);
      // What was copied is about to be removed: nobody needs to know more of it.
      if (stage === "copying")
        for (const topic of this.#plan.regrouped)
          records[topic.name] = (await this.#survey(new Regrouping(log, topic, growth), topic.name)).records;
      return { from, to, records, foreign: Object.fromEntries(this.#foreign) };
    });
  }

  /** A growth as it would be begun. */
  async #imagined(log: EventLog): Promise<Growth> {
    const numbers = await this.#checkedNumbers(log);
    return { stage: "copying", ...numbers, topics: await this.#stretches(await newestGrowth(log)) };
  }

  async run(): Promise<GrowthReport> {
    await this.#checkNobodyReads();
    let growth = await this.#withLog((log) => this.#begin(log));
    if (growth.stage === "copying") {
      await this.#widen([...this.#names(), ...this.#plan.widened]);
      growth = await this.#withLog((log) => this.#copyAll(log, growth));
    }
    await this.#checkNobodyReads();
    return this.#finish(growth);
  }

  #names(): readonly string[] {
    return this.#plan.regrouped.map(({ name }) => name);
  }

  #say(step: string): void {
    this.#plan.onStep?.(step);
  }

  /** A log of its own for each stage: it remembers how many partitions there are. */
  async #withLog<T>(act: (log: EventLog) => Promise<T>): Promise<T> {
    const log = await openKafkaLog({ ...this.#options, isForGrowth: true });
    try {
      return await act(log);
    } finally {
      await log.close();
    }
  }

  /** A process that was killed stays in its groups until its session is over. */
  async #checkNobodyReads(): Promise<void> {
    const topics = new Set(this.#plan.settings.map(({ name }) => name));
    // The session, and as long again for brokers to notice and for a service's own that may be longer.
    const waitMs = 2 * (this.#options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS);
    const untilMs = performance.now() + waitMs;
    let reading = await groupsReading(this.#admin, topics);
    if (reading.length > 0) this.#say(sayWait(reading, (this.#options.nowMs ?? Date.now)() + waitMs));
    while (reading.length > 0 && performance.now() < untilMs) {
      await sleep(LOOK_AT_GROUPS_AFTER_MS);
      reading = await groupsReading(this.#admin, topics);
    }
    if (reading.length === 0) return;
    const message = `somebody still reads: ${reading.join(", ")}. End every service, and whoever else reads or writes the topics, first`;
    throw new LogError("topic_mismatch", message, "terminal");
  }

  /** The growth that is under way; undefined if none is. */
  async #begun(log: EventLog): Promise<Growth | undefined> {
    const growth = await newestGrowth(log);
    if (!isUnderWay(growth)) return undefined;
    if (growth.to === this.#plan.partitions) return growth;
    const message = `a growth from ${growth.from} to ${growth.to} partitions is under way: expected ${growth.to}, got ${this.#plan.partitions}`;
    throw new LogError("topic_mismatch", message, "terminal");
  }

  /** How many partitions there are and are to be, when nothing stands in the way. */
  async #checkedNumbers(log: EventLog): Promise<Pick<Growth, "from" | "to">> {
    const from = await this.#partitionsNow(log);
    const to = this.#plan.partitions;
    if (to <= from) {
      const message = `partitions: expected more than the ${from} that there are, got ${to}: Kafka takes none away`;
      throw new LogError("topic_mismatch", message, "terminal");
    }
    for (const topic of this.#names()) await this.#checkReaders(log, topic);
    return { from, to };
  }

  /** Those of the topics that belong together: they have the same number. */
  async #partitionsNow(log: EventLog): Promise<number> {
    const counts = await Promise.all(this.#names().map(async (name) => [name, await log.partitions(name)] as const));
    const [[, first] = ["", 0]] = counts;
    if (counts.every(([, count]) => count === first)) return first;
    const said = counts.map(([name, count]) => `${name} ${count}`).join(", ");
    const message = `the topics have different numbers of partitions, expected one: ${said}`;
    throw new LogError("topic_mismatch", message, "terminal");
  }

  async #checkReaders(log: EventLog, topic: string): Promise<void> {
    const committed = await committedGroups(this.#admin, topic);
    const wanted = this.#plan.readers[topic];
    if (wanted !== undefined && !committed.has(wanted)) await checkDrained(log, topic, wanted, new Map());
    for (const [group, offsets] of committed) await checkDrained(log, topic, group, offsets);
  }

  /** @param grown the growth before this one; undefined: there was none */
  async #stretches(grown: Growth | undefined): Promise<Record<string, Stretch>> {
    const stretches: Record<string, Stretch> = {};
    for (const name of this.#names()) {
      const bounds = [...(await topicOffsets(this.#admin, name))].sort(([a], [b]) => a - b).map(([, bound]) => bound);
      const ends = bounds.map(({ end }) => end);
      const begins = bounds.map(({ begin }) => begin);
      stretches[name] = { begins, ends, copiesFrom: ends, isWhole: holdsAll(name, begins, grown) };
    }
    return stretches;
  }

  /** Where it was, or a new one, of which the log tells from here on. */
  async #begin(log: EventLog): Promise<Growth> {
    const begun = await this.#begun(log);
    if (begun !== undefined && !(this.#plan.isBegunAnew === true && begun.stage === "copying")) return begun;
    const growth = begun === undefined ? await this.#newGrowth(log) : await this.#anew(begun);
    await this.#tell(log, growth);
    return growth;
  }

  async #newGrowth(log: EventLog): Promise<Growth> {
    const numbers = await this.#checkedNumbers(log);
    // Nothing may go by age while it is copied.
    await this.#keepAll();
    return { stage: "copying", ...numbers, topics: await this.#stretches(await newestGrowth(log)) };
  }

  /** The same records once more, with whatever stands behind them left out. */
  async #anew(growth: Growth): Promise<Growth> {
    const now = await this.#stretches(undefined);
    const topics = Object.entries(growth.topics).map(([name, { begins, ends, isWhole }]) => {
      const { begins: newBegins = [], ends: newEnds = [] } = now[name] ?? {};
      const kept = begins.map((begin, partition) => Math.max(begin, newBegins[partition] ?? 0));
      const isStillWhole = isWhole === true && kept.every((begin, partition) => begin === begins[partition]);
      return [name, { begins: kept, ends, copiesFrom: newEnds, isWhole: isStillWhole }] as const;
    });
    return { ...growth, topics: Object.fromEntries(topics) };
  }

  async #tell(log: EventLog, growth: Growth): Promise<void> {
    await log.append([growthRecord(growth, (this.#options.nowMs ?? Date.now)())]);
  }

  async #keepAll(): Promise<void> {
    const names = new Set(this.#names());
    const kept = this.#plan.settings.filter(({ name, retentionMs }) => names.has(name) && retentionMs !== undefined);
    await this.#set(kept.map((topic) => ({ ...topic, retentionMs: undefined })));
  }

  async #set(topics: readonly TopicSettings[]): Promise<void> {
    const change = { setting: "retention.ms", is: "", wanted: "", action: "set", why: "" } as const;
    await new ClusterTopics(this.#admin).apply(topics.map((topic) => ({ kind: "change", topic, changes: [change] })));
  }

  /** Gives topics as many partitions as there are to be, and waits until the brokers know them. */
  async #widen(names: readonly string[]): Promise<void> {
    const { partitions } = this.#plan;
    const lacking = [...(await readTopics(this.#admin, names)).values()].filter(
      (topic) => topic.partitions < partitions,
    );
    if (lacking.length === 0) return;
    const topicPartitions = lacking.map(({ name }) => ({ topic: name, count: partitions }));
    this.#say(`${partitions} partitions for ${lacking.map(({ name }) => name).join(", ")}`);
    await kafkaDoing("adding partitions", () => this.#admin.createPartitions({ topicPartitions }));
    await this.#until(`all brokers know ${partitions} partitions`, async () => {
      const topics = await readTopics(this.#admin, names).catch(() => undefined);
      return lacking.every(({ name }) => topics?.get(name)?.partitions === partitions);
    });
  }

  async #copyAll(log: EventLog, growth: Growth): Promise<Growth> {
    for (const topic of this.#plan.regrouped) {
      const regrouping = new Regrouping(log, topic, growth);
      const survey = await this.#survey(regrouping, topic.name);
      this.#say(`copying ${survey.records} records of ${topic.name}`);
      await regrouping.copy(survey);
      this.#say(`comparing the copies on ${topic.name}`);
      checkSameContent(topic.name, survey, await regrouping.copied());
    }
    const copied: Growth = { ...growth, stage: "copied" };
    await this.#tell(log, copied);
    return copied;
  }

  async #survey(regrouping: Regrouping, topic: string): Promise<Survey> {
    this.#say(`looking through ${topic}`);
    return regrouping.survey((record) => {
      this.#noteForeign(record);
    });
  }

  #noteForeign(record: ForeignRecord): void {
    const { topic, partition, offset, problem } = record;
    const { count, named } = this.#foreign.get(topic) ?? { count: 0, named: [] };
    this.#foreign.set(topic, { count: count + 1, named: count < NAMED_MAX ? [...named, record] : named });
    if (count < NAMED_MAX) this.#say(`${topic}/${partition}/${offset} is none of ours, and passed over: ${problem}`);
    if (count === NAMED_MAX) this.#say(`further records on ${topic} that are none of ours are counted, and not named`);
  }

  /** From here on the copies are the topic. Whatever of this was done before an interruption is done again, to no effect. */
  async #finish(growth: Growth): Promise<GrowthReport> {
    const { from, to } = growth;
    await this.#remake();
    return this.#withLog(async (log) => {
      for (const name of this.#names()) await this.#commitForReaders(log, name);
      for (const name of this.#names()) await this.#removeOriginals(name, growth);
      const names = new Set(this.#names());
      await this.#set(
        this.#plan.settings.filter(({ name, retentionMs }) => names.has(name) && retentionMs !== undefined),
      );
      const records = await this.#recordsNow(growth);
      await this.#tell(log, { ...growth, stage: "finished" });
      return { from, to, records, foreign: Object.fromEntries(this.#foreign) };
    });
  }

  /** Readers had all; the copies are no news to them. */
  async #commitForReaders(log: EventLog, topic: string): Promise<void> {
    for (const [group, offsets] of await committedGroups(this.#admin, topic)) {
      this.#say(`${group} goes on behind the copies on ${topic}`);
      for (let partition = 0; partition < (await log.partitions(topic)); partition += 1) {
        const { end } = await log.offsets(topic, partition);
        if ((offsets.get(partition) ?? -1) < end) await log.commit(group, topic, partition, { offset: end, note: "" });
      }
    }
  }

  async #removeOriginals(topic: string, growth: Growth): Promise<void> {
    this.#say(`removing what was copied from ${topic}`);
    const bounds = await topicOffsets(this.#admin, topic);
    const partitions = (growth.topics[topic]?.copiesFrom ?? []).flatMap((offset, partition) => {
      const isThere = (bounds.get(partition)?.begin ?? offset) < offset;
      return isThere ? [{ partition, offset: String(offset) }] : [];
    });
    if (partitions.length === 0) return;
    await kafkaDoing(`removing what was copied from ${topic}`, () =>
      this.#admin.deleteTopicRecords({ topic, partitions }),
    );
  }

  /** Makes anew what has not as many partitions as there are to be. */
  async #remake(): Promise<void> {
    const { remade, partitions, settings } = this.#plan;
    const there = await readTopics(this.#admin, remade);
    const old = [...there.values()].filter((topic) => topic.partitions !== partitions).map(({ name }) => name);
    if (old.length > 0) {
      this.#say(`making ${old.join(", ")} anew`);
      await kafkaDoing(`deleting ${old.join(", ")}`, () => this.#admin.deleteTopics({ topics: old }));
      await this.#until(`all brokers know that ${old.join(", ")} are gone`, async () => {
        const listed = await this.#admin.listTopics();
        return old.every((name) => !listed.includes(name));
      });
    }
    const missing = settings.filter(({ name }) => remade.includes(name) && (old.includes(name) || !there.has(name)));
    if (missing.length > 0) await makeTopics(this.#admin, missing);
  }

  async #recordsNow(growth: Growth): Promise<Record<string, number>> {
    const records: Record<string, number> = {};
    for (const name of this.#names()) {
      const bounds = await topicOffsets(this.#admin, name);
      const copiesFrom = growth.topics[name]?.copiesFrom ?? [];
      records[name] = [...bounds].reduce((sum, [partition, { end }]) => sum + end - (copiesFrom[partition] ?? 0), 0);
    }
    return records;
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + KNOWN_WITHIN_MS;
    while (!(await isSo())) {
      if (performance.now() >= untilMs)
        throw new LogError("log_unavailable", `not after ${KNOWN_WITHIN_MS} ms: ${what}. Ask again`, "retry");
      await sleep(LOOK_AFTER_MS);
    }
  }
}

/** The newest growth of a log; undefined: it never grew. */
async function newestGrowth(log: EventLog): Promise<Growth | undefined> {
  const records: LogRecord[] = [];
  const { begin, end } = await log.offsets(LOG_TOPIC.name, 0);
  await readRange(log, { topic: LOG_TOPIC.name, partition: 0, from: begin, to: end }, (some) => {
    records.push(...some);
  });
  return growthIn(records);
}

function sayWait(groups: readonly string[], untilMs: number): string {
  const until = new Date(untilMs).toISOString();
  return `waiting until ${until} for who still reads, which may be a process that was killed: ${groups.join(", ")}`;
}

function mostRecords(topics: Growth["topics"]): Record<string, number> {
  const sums = Object.entries(topics).map(([name, { begins, ends }]) => {
    return [name, ends.reduce((sum, end, partition) => sum + end - (begins[partition] ?? 0), 0)] as const;
  });
  return Object.fromEntries(sums);
}
