import { describe, expect, it } from "@jest/globals";
import type { Millis } from "@leastwise/vocabulary";
import type { ProducerBatch, RecordMetadata } from "kafkajs";
import type { PartitionBatch } from "./batches.js";
import { kafkajsRounds } from "./record-sender.js";

const batchOf = (partition: number): PartitionBatch => ({
  topic: "t",
  partition,
  places: [partition],
  records: [{ topic: "t", partition, value: Buffer.from("x"), timestampMs: 1_780_000_000_000 as Millis }],
});

/** A producer that leaves out of each call what it is told to. */
function producerLeavingOut(...leftOut: readonly (readonly number[])[]) {
  const calls: number[][] = [];
  const sendBatch = ({ topicMessages = [] }: ProducerBatch): Promise<RecordMetadata[]> => {
    const asked = topicMessages.flatMap(({ messages }) => messages.map(({ partition = -1 }) => partition));
    calls.push(asked);
    const out = leftOut[calls.length - 1] ?? [];
    return Promise.resolve(
      asked
        .filter((partition) => !out.includes(partition))
        .map((partition) => ({ topicName: "t", partition, errorCode: 0, baseOffset: String(40 + partition) })),
    );
  };
  return { sendBatch, calls };
}

describe("a round through kafkajs", () => {
  it("sends what it left out alone, and nothing twice", async () => {
    const producer = producerLeavingOut([0, 2], [2]);
    const sent = await kafkajsRounds(producer).sendRound([0, 1, 2].map(batchOf), () => false);
    expect(sent).toEqual([40, 41, 42]);
    expect(producer.calls).toEqual([[0, 1, 2], [0, 2], [2]]);
  });

  it("gives up on what is left out again and again", async () => {
    const producer = producerLeavingOut([0], [0], [0], [0], [0]);
    expect(await kafkajsRounds(producer).sendRound([0, 1].map(batchOf), () => false)).toEqual([-1, 41]);
    expect(producer.calls).toHaveLength(4);
  });
});
