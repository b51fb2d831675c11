import { connect } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { brokersFrom, startBroker } from "./start-broker.js";

const STARTS_WITHIN_MS = 600_000;

describe("startBroker", () => {
  it(
    "starts two brokers at the same time, which answer until they are stopped",
    async () => {
      const started = await Promise.all([startBroker(), startBroker()]);
      for (const broker of started) {
        expect(await answers(broker.brokers[0]!)).toBe(true);
        await Promise.all([broker.stop(), broker.stop()]);
        if (broker.how !== "env") expect(await answers(broker.brokers[0]!)).toBe(false);
      }
    },
    STARTS_WITHIN_MS,
  );
});

describe("startBroker, where there is none of the three", () => {
  it("fails in words that name each way", async () => {
    await expect(startBroker({ environment: { PATH: "/nowhere" } })).rejects.toThrow(
      /set KAFKA_BROKERS=.*start a Docker engine.*install Java 17 or later and Maven \(java was not found\)/,
    );
  });
});

describe("brokersFrom", () => {
  it("reads host:port lists, and takes a blank one as none", () => {
    expect(brokersFrom("a:9092, b.example:19092,[::1]:9092")).toEqual(["a:9092", "b.example:19092", "[::1]:9092"]);
    expect(brokersFrom(undefined)).toBeUndefined();
    expect(brokersFrom(" , ")).toBeUndefined();
  });

  it("says what it cannot read", () => {
    expect(() => brokersFrom("a:9092,b")).toThrow('KAFKA_BROKERS: expected host:port[,host:port], got "b"');
  });
});

function answers(broker: string): Promise<boolean> {
  const [host = "", port = ""] = broker.split(/:(?=\d+$)/);
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
