import { type Kafka, Partitioners } from "kafkajs";
import { GroupCommit } from "../group-commit.js";
import type { NewRecord, Position } from "../port.js";
import { BATCH_BYTES_MAX, rounds, type PartitionBatch } from "./batches.js";
import { RETRY } from "./client.js";
import { kafkaDoing } from "./kafka-failure.js";
import type { RecordHeaders } from "./record-headers.js";
import { kafkajsRounds, RecordSender, type RoundProducer } from "./record-sender.js";
import type { TopicCatalogue } from "./topic-catalogue.js";

interface Call {
  readonly records: readonly NewRecord[];
  positions: Position[];
}

const LIMITS = { groupBytesMax: BATCH_BYTES_MAX, waitingBytesMax: 268_435_456 };

/** An idempotent producer of a client library. */
export interface OpenProducer extends RoundProducer {
  /** How far a record's time may be from that of its batch's first record, in ms; absent: as far as it likes. */
  readonly spanMsMax?: number;
  close(): Promise<void>;
}

/** Opens kafkajs's. */
export async function openKafkajsProducer(kafka: Kafka, headersOf?: RecordHeaders): Promise<OpenProducer> {
  const producer = kafka.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    retry: RETRY,
  });
  await producer.connect();
  return { ...kafkajsRounds(producer, headersOf), close: () => producer.disconnect() };
}

/**
 * Appends through an idempotent producer. Calls that come while a request is under way share the next. After a failure,
 * whose outcome may be unknown, the producer is made anew: its sequence numbers can no longer be trusted.
 */
export class KafkaAppender {
  readonly #open: () => Promise<OpenProducer>;
  readonly #sender: RecordSender;
  readonly #group: GroupCommit<Call>;
  #producer: Promise<OpenProducer> | undefined;
  #checked: Promise<unknown> = Promise.resolve();

  constructor(open: () => Promise<OpenProducer>, catalogue: Pick<TopicCatalogue, "get">) {
    this.#open = open;
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
        const { spanMsMax } = await this.#opened();
        const lists = calls.map(({ records }) => records);
        for (const round of rounds(lists, spanMsMax)) await this.#sendRound(round, positions);
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

  async #sendRound(round: readonly PartitionBatch[], positions: Position[]): Promise<void> {
    const producer = await this.#opened();
    await this.#sender.send(producer, round, positions);
    if (producer.isSpent()) await this.#discard();
  }

  #opened(): Promise<OpenProducer> {
    return (this.#producer ??= this.#open());
  }

  async #discard(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.then((made) => made.close()).catch(() => undefined);
  }
}
