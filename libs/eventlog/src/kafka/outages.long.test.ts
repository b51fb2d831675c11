import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import type { EventLog, NewRecord } from "../port.js";
import { openKafkaLog } from "./kafka-log.js";

// Brokers that are gone for a while: their clients try again with growing pauses, so that these tests are slow.

let broker: TestBroker;
let log: EventLog;

beforeAll(async () => {
  broker = await startBroker();
  log = await openKafkaLog({ brokers: broker.brokers });
}, 600_000);

afterAll(async () => {
  await log.close();
  await broker.stop();
}, 60_000);

async function newTopic(): Promise<string> {
  const name = `outages.${randomUUID()}`;
  await log.ensureTopics([{ name, partitions: 1, compacted: false }]);
  return name;
}

function record(topic: string, value: string): NewRecord {
  return { topic, partition: 0, value: Buffer.from(value), timestampMs: 1_780_000_000_000 as Millis };
}

/** Connections that can be cut, and refused until they are let through again, as in an outage of every broker. */
class Outage {
  readonly #sockets = new Set<Socket>();
  /** Called at each connection that is refused. */
  onRefused: () => void = () => undefined;
  #onClosed: () => void = () => undefined;
  #isOn = false;

  readonly socketFactory = ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) => {
    const socket = this.#isOn ? connect({ host, port: 1 }) : connect({ host, port }, onConnect);
    this.#sockets.add(socket);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#onClosed();
    });
    if (this.#isOn) this.onRefused();
    return socket;
  };

  begin(): void {
    this.#isOn = true;
    for (const socket of this.#sockets) socket.destroy(new Error("the broker is gone"));
  }

  end(): void {
    this.#isOn = false;
  }

  /** Resolves when no connection is open. */
  untilAllClosed(): Promise<void> {
    return new Promise((resolve) => {
      this.#onClosed = () => {
        if (this.#sockets.size === 0) resolve();
      };
      this.#onClosed();
    });
  }
}

/** Makes connections, the first few of which break as soon as the brokers are asked what they have. */
class BreakingMetadata {
  /** Connections that are yet to break. */
  left = 0;

  readonly socketFactory = ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) => {
    const socket = connect({ host, port }, onConnect);
    const write = socket.write.bind(socket) as (...of: unknown[]) => boolean;
    socket.write = (data: Uint8Array | string, ...rest: unknown[]): boolean => {
      if (this.left === 0 || !isMetadataRequest(data)) return write(data, ...rest);
      this.left -= 1;
      socket.destroy(new Error("the broker is gone"));
      return false;
    };
    return socket;
  };
}

/** A request begins with its length, 4 bytes, and what is asked, 2 bytes; Metadata is 3. */
function isMetadataRequest(data: Uint8Array | string): boolean {
  return typeof data !== "string" && data[4] === 0 && data[5] === 3;
}

describe("a broker that dies while it is asked what it has", () => {
  it("ends neither who looks at a topic, nor a reader or an owner that starts just then", async () => {
    const topic = await newTopic();
    await log.append([record(topic, "there")]);
    const breaking = new BreakingMetadata();
    const opened = await openKafkaLog({ brokers: broker.brokers, socketFactory: breaking.socketFactory });
    try {
      breaking.left = 2;
      // Known from here on, so that then only the reader asks.
      expect(await opened.partitions(topic)).toBe(1);
      expect(breaking.left).toBe(0);
      breaking.left = 2;
      let arrived: () => void = () => undefined;
      const first = new Promise<void>((resolve) => (arrived = resolve));
      const reading = await opened.subscribe({
        topic,
        from: () => Promise.resolve(0),
        onBatch: () => {
          arrived();
          return Promise.resolve();
        },
      });
      await Promise.race([first, reading.finished]);
      expect(breaking.left).toBe(0);
      breaking.left = 2;
      const owned: (readonly number[])[] = [];
      const onOwned = (partitions: readonly number[]): void => void owned.push(partitions);
      await opened.own({ group: `owners.${topic}`, topic, address: "one:7070", onOwned });
      expect([breaking.left, owned]).toEqual([0, [[0]]]);
    } finally {
      await opened.close();
    }
  }, 60_000);
});

describe("a log that is closed while a reader comes back from an outage", () => {
  it("keeps the reader out of its group, and leaves no connection behind", async () => {
    const topic = await newTopic();
    const outage = new Outage();
    let hasCrashed = false;
    let closing: Promise<void> | undefined;
    let keptOut: () => void = () => undefined;
    const isKeptOut = new Promise<void>((resolve) => (keptOut = resolve));
    const opened = await openKafkaLog({
      brokers: broker.brokers,
      socketFactory: outage.socketFactory,
      onLog: (_level, message) => {
        hasCrashed ||= message.startsWith("Restarting the consumer");
        if (message === "Crash: Error: the reader has left its group") keptOut();
      },
    });
    await opened.subscribe({ topic, from: () => Promise.resolve(0), onBatch: () => Promise.resolve() });
    const isClosing = new Promise<void>((resolve) => {
      outage.onRefused = () => {
        if (!hasCrashed || closing !== undefined) return;
        outage.end();
        closing = opened.close();
        resolve();
      };
    });
    outage.begin();
    await isClosing;
    await Promise.all([closing, isKeptOut]);
    await outage.untilAllClosed();
  }, 60_000);
});

describe("an outage of the brokers", () => {
  it.each([
    ["a broadcast", undefined],
    ["a group", `group.${randomUUID()}`],
  ])(
    "is one that the reader of %s comes back from: told of it, and where to go on",
    async (_, group) => {
      const topic = await newTopic();
      const outage = new Outage();
      let crashed: () => void = () => undefined;
      const hasCrashed = new Promise<void>((resolve) => (crashed = resolve));
      const cutOff = await openKafkaLog({
        brokers: broker.brokers,
        socketFactory: outage.socketFactory,
        onLog: (_level, message) => {
          if (message.startsWith("Restarting the consumer")) crashed();
        },
      });
      const taken: string[] = [];
      const told: string[] = [];
      let next = 0;
      let arrived: () => void = () => undefined;
      const untilNext = () => new Promise<void>((resolve) => (arrived = resolve));
      const first = untilNext();
      const reading = await cutOff.subscribe({
        topic,
        ...(group === undefined ? {} : { group }),
        from: () => Promise.resolve(next),
        onBatch: ({ records }) => {
          taken.push(...records.map(({ value }) => Buffer.from(value).toString()));
          next = (records.at(-1)?.offset ?? -1) + 1;
          arrived();
          return Promise.resolve();
        },
        onAssigned: () => Promise.resolve(void told.push("assigned")),
        onRevoked: () => Promise.resolve(void told.push("revoked")),
      });
      await log.append([record(topic, "before")]);
      await first;
      outage.begin();
      await hasCrashed;
      await log.append([record(topic, "meanwhile")]);
      const second = untilNext();
      outage.end();
      await Promise.race([second, reading.finished]);
      expect(taken).toEqual(["before", "meanwhile"]);
      expect(told).toEqual(["assigned", "revoked", "assigned"]);
      await cutOff.close();
    },
    120_000,
  );
});
