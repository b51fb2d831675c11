import { type Consumer, findErrorBy, heartbeatV4, offsetCommitV8, type Connection } from "@platformatic/kafka";
import { setTimeout as sleep } from "node:timers/promises";
import type { Commit } from "../port.js";
import { answered } from "./answered.js";
import { RETRIES, retryDelayMs } from "./client-options.js";

/**
 * Asks a group's coordinator for what the client library does not offer: commits that carry a note, and signs of life while the
 * owner lets go, which it would pass over in silence for as long as a rejoin takes.
 */
export class GroupCoordinator {
  readonly #consumer: Consumer;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /** As the member that the consumer is now. */
  async commit(topic: string, partition: number, { offset, note }: Commit): Promise<void> {
    const { groupId, generationId, memberId } = this.#consumer;
    const committed = {
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: note,
    };
    const topics = [{ name: topic, partitions: [committed] }];
    await this.#ask((connection) =>
      offsetCommitV8.api.async(connection, groupId, generationId, memberId ?? "", null, topics),
    );
  }

  /** Never rejects: that the group agrees anew is what it says, too. */
  async heartbeat(): Promise<void> {
    const { groupId, generationId, memberId } = this.#consumer;
    if (memberId === null) return;
    try {
      await heartbeatV4.api.async(await this.#connection(), groupId, generationId, memberId);
    } catch {
      // The member hears of it where it rejoins.
    }
  }

  async #ask(run: (connection: Connection) => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await run(await this.#connection());
        return;
      } catch (error) {
        if (attempt > RETRIES || !isPassing(error)) throw error;
      }
      await sleep(retryDelayMs(attempt));
    }
  }

  async #connection(): Promise<Connection> {
    const id = await answered<number>((callback) => {
      this.#consumer.findGroupCoordinator(callback);
    });
    const connections = await answered<Map<number, Connection>>((callback) => {
      this.#consumer.connectToBrokers([id], callback);
    });
    const connection = connections.get(id);
    if (connection === undefined) throw new Error(`broker ${id}, the coordinator, is not in the cluster now`);
    return connection;
  }
}

function isPassing(error: unknown): boolean {
  return (
    error instanceof Error &&
    findErrorBy(error, "canRetry", false) === null &&
    findErrorBy(error, "canRetry", true) !== null
  );
}
