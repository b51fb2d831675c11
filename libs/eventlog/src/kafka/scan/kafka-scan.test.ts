import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import { type Admin, CompressionTypes, Kafka, logLevel } from "kafkajs";
import type { Millis } from "@leastwise/vocabulary";
import type { EventLog, ScanSubscription } from "../../port.js";
import { openKafkaLog } from "../kafka-log.js";
import { BODY_AT, BrokerConnection } from "./broker-connection.js";
import { batchBytes } from "./given/batch-bytes.js";
import { RequestBytes, ResponseBytes } from "./wire-bytes.js";

let broker: TestBroker;
let log: EventLog;
let kafka: Kafka;
let admin: Admin;

beforeAll(async () => {
  broker = await startBroker();
  log = await openKafkaLog({ brokers: broker.brokers });
  kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
}, 600_000);

afterAll(async () => {
  await admin.disconnect();
  await log.close();
  await broker.stop();
}, 60_000);

async function topicWith(partitions: number): Promise<string> {
  const name = `scan.${randomUUID()}`;
  await log.ensureTopics([{ name, partitions, compacted: false }]);
  return name;
}

async function append(topic: string, ...values: string[]): Promise<void> {
  const timestampMs = 1_780_000_000_000 as Millis;
  await log.append(values.map((value) => ({ topic, partition: 0, value: Buffer.from(value), timestampMs })));
}

/** Writes a batch as it is, as the client library takes minutes for a large one. */
async function produce(topic: string, batch: Buffer): Promise<void> {
  const [host = "", port = ""] = broker.brokers[0]!.split(":");
  const connection = await BrokerConnection.open({ host, port: Number(port) }, {}, AbortSignal.timeout(60_000));
  const body = new RequestBytes()
    .int16(-1)
    .int16(-1)
    .int32(10_000)
    .int32(1)
    .string(topic)
    .int32(1)
    .int32(0)
    .bytes(batch);
  const answer = new ResponseBytes(
    await connection.request({ doing: "producing", key: 0, version: 3, body: body.done() }),
  );
  answer.at = BODY_AT;
  const errors = answer.list(() => {
    answer.string();
    return answer.list(() => {
      const [, errorCode] = [answer.int32(), answer.int16()];
      // The base offset and the time of appending.
      answer.at += 16;
      return errorCode;
    });
  });
  connection.close();
  expect(errors).toEqual([[0]]);
}

/** What a scan handed over, by offset, and when enough did. */
class Heard {
  readonly values: [number, string][] = [];
  readonly batches: number[] = [];
  next = 0;
  readonly #awaited: { readonly isIt: () => boolean; readonly resolve: () => void }[] = [];

  of(topic: string, from = 0): ScanSubscription {
    return {
      topic,
      from: () => Promise.resolve(from),
      onSpans: ({ bytes, count, offsets, valueFrom, valueTo, nextOffset }) => {
        for (let index = 0; index < count; index++)
          this.values.push([offsets[index]!, bytes.toString("utf8", valueFrom[index], valueTo[index])]);
        this.batches.push(count);
        this.next = nextOffset;
        for (const { isIt, resolve } of this.#awaited) if (isIt()) resolve();
      },
      onPoisoned: ({ reason }) => {
        throw new Error(`nothing is damaged here: ${reason}`);
      },
    };
  }

  until(isIt: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#awaited.push({ isIt, resolve });
      if (isIt()) resolve();
    });
  }
}

describe("a scan of a real broker", () => {
  it("takes records of other writers: packed with gzip, with headers of any name, in transactions, and leaves out the aborted", async () => {
    const topic = await topicWith(1);
    const producer = kafka.producer({ idempotent: true, transactionalId: randomUUID(), maxInFlightRequests: 1 });
    await producer.connect();
    for (const [outcome, value, compression] of [
      ["commit", "kept", CompressionTypes.GZIP],
      ["abort", "dropped", CompressionTypes.None],
      ["abort", "dropped too", CompressionTypes.GZIP],
      ["commit", "kept too", CompressionTypes.None],
    ] as const) {
      const transaction = await producer.transaction();
      await transaction.send({
        topic,
        messages: [{ key: "k", value, headers: { constructor: "x", toString: "y" } }],
        compression,
      });
      await transaction[outcome]();
    }
    await producer.disconnect();
    const heard = new Heard();
    const scanning = await log.scan(heard.of(topic));
    // Each transaction takes a record and the marker of its end.
    await Promise.race([heard.until(() => heard.next === 8), scanning.finished]);
    expect(heard.values).toEqual([
      [0, "kept"],
      [6, "kept too"],
    ]);
    await scanning.stop();
  }, 60_000);

  it("takes 150,000 records of one batch, where the client library overflows its stack", async () => {
    const topic = await topicWith(1);
    const records = Array.from({ length: 150_000 }, (_, delta) => ({ value: Buffer.from(`${delta}`), delta }));
    await produce(topic, batchBytes({ baseOffset: 0, records }));
    await produce(topic, batchBytes({ baseOffset: 0, records, codec: "gzip" }));
    const heard = new Heard();
    const scanning = await log.scan(heard.of(topic));
    await Promise.race([heard.until(() => heard.values.length === 300_000), scanning.finished]);
    expect(heard.batches).toEqual([150_000, 150_000]);
    expect(heard.values[149_999]).toEqual([149_999, "149999"]);
    expect(heard.values[299_999]).toEqual([299_999, "149999"]);
    await scanning.stop();
  }, 60_000);

  it("takes batches larger than what it asks for, of several partitions in turn", async () => {
    const small = await openKafkaLog({ brokers: broker.brokers, batchBytesMax: 1_000 });
    const topic = await topicWith(3);
    const timestampMs = 1_780_000_000_000 as Millis;
    for (let n = 0; n < 5; n++) {
      const value = Buffer.alloc(50_000, n);
      await log.append([0, 1, 2].map((partition) => ({ topic, partition, value, timestampMs })));
    }
    const heard = new Heard();
    const scanning = await small.scan(heard.of(topic));
    await Promise.race([heard.until(() => heard.values.length === 15), scanning.finished]);
    expect(heard.values.map(([offset]) => offset).sort()).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
    await small.close();
    await scanning.finished;
  }, 60_000);

  it("goes on at the oldest record when what it was about to read has been removed", async () => {
    const topic = await topicWith(1);
    await append(topic, "a", "b", "c");
    // The client library wants to know a topic before it removes records of it.
    await admin.fetchTopicOffsets(topic);
    const heard = new Heard();
    const from = async (): Promise<number> => {
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "2" }] });
      return 0;
    };
    const scanning = await log.scan({ ...heard.of(topic), from });
    await Promise.race([heard.until(() => heard.values.length === 1), scanning.finished]);
    expect(heard.values).toEqual([[2, "c"]]);
    await scanning.stop();
  }, 60_000);

  it("leaves no group behind, and asks for none", async () => {
    const topic = await topicWith(1);
    const groups = async (): Promise<number> => (await admin.listGroups()).groups.length;
    const before = await groups();
    const scanning = await log.scan(new Heard().of(topic));
    expect(await groups()).toBe(before);
    await scanning.stop();
  }, 60_000);
});

/** Connections that can be cut, and refused until they are let through again, as in an outage of every broker. */
class Outage {
  readonly #sockets = new Set<Socket>();
  #isOn = false;
  /** Called for each connection that is refused. */
  onRefused: () => void = () => undefined;

  readonly socketFactory = ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) => {
    const socket = this.#isOn ? connect({ host, port: 1 }) : connect({ host, port }, onConnect);
    if (this.#isOn) this.onRefused();
    this.#sockets.add(socket.on("close", () => this.#sockets.delete(socket)));
    return socket;
  };

  begin(): void {
    this.#isOn = true;
    for (const socket of this.#sockets) socket.destroy(new Error("the broker is gone"));
  }

  end(): void {
    this.#isOn = false;
  }
}

describe("an outage of the brokers", () => {
  it("is one that a scan comes back from by itself, where it was, and nothing comes twice", async () => {
    const topic = await topicWith(2);
    const outage = new Outage();
    const cutOff = await openKafkaLog({ brokers: broker.brokers, socketFactory: outage.socketFactory });
    const heard = new Heard();
    const scanning = await cutOff.scan(heard.of(topic));
    await append(topic, "before");
    await Promise.race([heard.until(() => heard.values.length === 1), scanning.finished]);
    let refusals = 0;
    const hasTried = new Promise<void>((resolve) => {
      outage.onRefused = () => {
        if (++refusals === 3) resolve();
      };
    });
    outage.begin();
    await append(topic, "meanwhile");
    await hasTried;
    outage.end();
    await Promise.race([heard.until(() => heard.values.length === 2), scanning.finished]);
    await append(topic, "after");
    await Promise.race([heard.until(() => heard.values.length === 3), scanning.finished]);
    expect(heard.values).toEqual([
      [0, "before"],
      [1, "meanwhile"],
      [2, "after"],
    ]);
    await cutOff.close();
    await scanning.finished;
  }, 120_000);

  it("does not hold up closing", async () => {
    const topic = await topicWith(1);
    const outage = new Outage();
    const cutOff = await openKafkaLog({ brokers: broker.brokers, socketFactory: outage.socketFactory });
    const heard = new Heard();
    const scanning = await cutOff.scan(heard.of(topic));
    await append(topic, "before");
    await Promise.race([heard.until(() => heard.values.length === 1), scanning.finished]);
    const hasTried = new Promise<void>((resolve) => (outage.onRefused = resolve));
    outage.begin();
    await hasTried;
    await cutOff.close();
    await scanning.finished;
    outage.end();
  }, 120_000);
});
