import { describe, expect, it } from "@jest/globals";
import type { Millis } from "@leastwise/vocabulary";
import { KafkaAppender, type OpenProducer } from "./kafka-producer.js";

const record = { topic: "t", partition: 0, value: Buffer.from("x"), timestampMs: 1_780_000_000_000 as Millis };

describe("an appender", () => {
  it("goes on with another producer where the one before is spent, and loses nothing over it", async () => {
    const told: string[] = [];
    let opened = 0;
    const open = (): Promise<OpenProducer> => {
      const name = `producer ${++opened}`;
      let sent = 0;
      return Promise.resolve({
        sendRound: (round) => {
          sent += 1;
          told.push(`${name} sends`);
          return Promise.resolve(round.map(() => 40 + told.length));
        },
        isSpent: () => name === "producer 1" && sent === 2,
        close: () => Promise.resolve(void told.push(`${name} closes`)),
      });
    };
    const catalogue = { get: () => Promise.resolve({ partitions: 1, compacted: false }) };
    const appender = new KafkaAppender(open, catalogue);
    for (const offset of [41, 42, 44]) expect(await appender.append([record])).toMatchObject([{ offset }]);
    await appender.close();
    expect(told).toEqual([
      "producer 1 sends",
      "producer 1 sends",
      "producer 1 closes",
      "producer 2 sends",
      "producer 2 closes",
    ]);
  });
});
