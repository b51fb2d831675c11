import { type Commit, LogError, type NewRecord, type Position, type Relay, type RelayPlace } from "../port.js";
import { checkCommit } from "../record-limits.js";
import type { Appender } from "./append.js";
import { commitChange, readCommit } from "./commits.js";
import type { Tables } from "./store.js";

/** Relays of one log: of a place the one that was opened last. */
export class Relays {
  readonly #tables: Tables;
  readonly #appender: Appender;
  readonly #open = new Map<string, DirectoryRelay>();

  constructor(tables: Tables, appender: Appender) {
    this.#tables = tables;
    this.#appender = appender;
  }

  /** Opens one, once what the one before has in hand is written. */
  async open(place: RelayPlace): Promise<Relay> {
    const { group, topic, partition } = place;
    const key = JSON.stringify([group, topic, partition]);
    await this.#open.get(key)?.close();
    const relay = new DirectoryRelay(this.#tables, this.#appender, place);
    this.#open.set(key, relay);
    return relay;
  }

  /** Ends all, what is in hand written. */
  async stop(): Promise<void> {
    await Promise.all([...this.#open.values()].map((relay) => relay.close()));
  }
}

class DirectoryRelay implements Relay {
  readonly committed: Commit | undefined;
  readonly #tables: Tables;
  readonly #appender: Appender;
  readonly #place: RelayPlace;
  #underWay: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(tables: Tables, appender: Appender, place: RelayPlace) {
    this.#tables = tables;
    this.#appender = appender;
    this.#place = place;
    this.committed = readCommit(tables, place.group, place.topic, place.partition);
  }

  append(records: readonly NewRecord[], offset: number): Promise<Position[]> {
    const appended = this.#underWay.then(() => this.#append(records, offset));
    this.#underWay = appended.catch(() => undefined);
    return appended;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#underWay;
  }

  async #append(records: readonly NewRecord[], offset: number): Promise<Position[]> {
    const { group, topic, partition } = this.#place;
    if (this.#isOver)
      throw new LogError("log_closed", `the relay of ${topic}/${partition} for ${group} is over`, "retry");
    checkCommit(offset, "");
    const commit = commitChange(this.#tables, group, topic, partition, { offset, note: "" });
    try {
      return await this.#appender.append(records, [commit]);
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }
}
