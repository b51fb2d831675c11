import { type Kafka, Partitioners, type Producer } from "kafkajs";
import { GroupCommit } from "../group-commit.js";
import type { NewRecord, Position } from "../port.js";
import { BATCH_BYTES_MAX, rounds } from "./batches.js";
import { RETRY } from "./client.js";
import { kafkaDoing } from "./kafka-failure.js";
import { RecordSender } from "./record-sender.js";
import type { TopicCatalogue } from "./topic-catalogue.js";

interface Call {
  readonly records: readonly NewRecord[];
  positions: Position[];
}

const LIMITS = { groupBytesMax: BATCH_BYTES_MAX, waitingBytesMax: 268_435_456 };

/**
 * Appends through an idempotent producer. Calls that come while a request is under way share the next. After a failure,
 * whose outcome may be unknown, the producer is made anew: its sequence numbers can no longer be trusted.
 */
export class KafkaAppender {
  readonly #kafka: Kafka;
  readonly #sender: RecordSender;
  readonly #group: GroupCommit<Call>;
  #producer: Promise<Producer> | undefined;
  #checked: Promise<unknown> = Promise.resolve();

  constructor(kafka: Kafka, catalogue: TopicCatalogue) {
    this.#kafka = kafka;
    this.#sender = new RecordSender(catalogue);
    this.#group = new GroupCommit(LIMITS, (calls) => this.#send(calls));
  }

  /** See `EventLog.append`. */
  async append(records: readonly NewRecord[]): Promise<Position[]> {
    if (records.length === 0) return [];
    const call: Call = { records, positions: [] };
    // One after the other, so that calls go in the order in which they were made, whatever had to be asked for first.
    const checked = this.#checked.then(() => this.#sender.check(records));
    this.#checked = checked.catch(() => undefined);
    await this.#group.submit(call, await checked);
    return call.positions;
  }

  /** Waits for appends under way, then lets go of the connections. */
  async close(): Promise<void> {
    await this.#checked;
    await this.#group.idle();
    await this.#discard();
  }

  async #send(calls: readonly Call[]): Promise<void> {
    const positions: Position[] = [];
    try {
      await kafkaDoing("appending", async () => {
        this.#producer ??= this.#connect();
        const producer = await this.#producer;
        for (const round of rounds(calls.map(({ records }) => records)))
          await this.#sender.send(producer, round, positions);
      });
    } catch (error) {
      await this.#discard();
      throw error;
    }
    let place = 0;
    for (const call of calls) {
      call.positions = positions.slice(place, place + call.records.length);
      place += call.records.length;
    }
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: RETRY,
    });
    await producer.connect();
    return producer;
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.then((made) => made.disconnect()).catch(() => undefined);
  }
}
