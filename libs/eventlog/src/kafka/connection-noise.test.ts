import { describe, expect, it } from "@jest/globals";
import { logLevel, type LogEntry } from "kafkajs";
import { kafkaClient } from "./client.js";
import { ConnectionNoise } from "./connection-noise.js";

function entry(namespace: string, message: string, fields: object = {}): LogEntry {
  const log = { timestamp: "", message, ...fields };
  return { namespace, level: logLevel.ERROR, label: "ERROR", log };
}

const LOST = entry("Connection", "Connection error: connect ECONNREFUSED 127.0.0.1:9092", { stack: "at …" });

describe("what the client library says while brokers are away", () => {
  it("is said once a minute, whoever it is of", () => {
    let nowMs = 0;
    const noise = new ConnectionNoise(() => nowMs);
    const all = [
      LOST,
      entry("BrokerPool", "Failed to connect to seed broker, trying another broker from the list: …", { retryTime: 1 }),
      entry("Producer", "Failed to send messages: …", { retryCount: 0, retryTime: 300 }),
      entry("Consumer", "Crash: KafkaJSNumberOfRetriesExceeded: …", { retryCount: 5 }),
      entry("Consumer", "Restarting the consumer in 2000ms", { retryCount: 5, retryTime: 2_000 }),
    ];
    expect(all.map((one) => noise.isRepeated(one))).toEqual([false, true, true, true, true]);
    nowMs = 59_999;
    expect(noise.isRepeated(LOST)).toBe(true);
    nowMs = 60_000;
    expect([noise.isRepeated(LOST), noise.isRepeated(LOST)]).toEqual([false, true]);
  });

  it("does not hide what else it says", () => {
    const noise = new ConnectionNoise(() => 0);
    noise.isRepeated(LOST);
    const others = [
      entry("Consumer", "Crash: KafkaJSNonRetriableError: …"),
      entry("Consumer", "Crash: TypeError: …"),
      entry("Runner", "Error when calling eachBatch"),
      entry("SASLPlainAuthenticator", "SASL PLAIN authentication failed: …"),
    ];
    expect(others.map((one) => noise.isRepeated(one))).toEqual([false, false, false, false]);
  });

  it("is one error without where in its code, of six tries that nobody answers, and whoever asked hears why", async () => {
    const errors: Readonly<Record<string, unknown>>[] = [];
    const kafka = kafkaClient({
      brokers: ["127.0.0.1:1"],
      onLog: (level, message, fields) => {
        if (level === "error") errors.push({ message, ...fields });
      },
      onLogFrom: "error",
    });
    await expect(kafka.admin().connect()).rejects.toThrow("ECONNREFUSED");
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ namespace: "Connection", message: expect.stringContaining("ECONNREFUSED") });
    expect(errors[0]).not.toHaveProperty("stack");
  });
});
