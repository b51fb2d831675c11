import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { LogError } from "../port.js";
import type { KafkaClientOptions } from "./client.js";
import { sayOpeningFailure } from "./opening-failure.js";
import { ScriptedBroker } from "./scan/given/scripted-broker.js";

let fitting: ScriptedBroker;
let asking: ScriptedBroker;
/** Nobody listens there: a broker that restarts. */
let silent: string;

beforeEach(async () => {
  const started = await Promise.all([ScriptedBroker.start(), ScriptedBroker.start(), ScriptedBroker.start()]);
  [fitting, asking] = started;
  // Takes whoever comes without a mechanism, and the other one nobody.
  fitting.mechanisms = [""];
  asking.mechanisms = ["PLAIN"];
  silent = placeOf(started[2]);
  await started[2].stop();
});
afterEach(() => Promise.all([fitting.stop(), asking.stop()]));

function placeOf({ address: { host, port } }: ScriptedBroker): string {
  return `${host}:${port}`;
}

function failureAt(brokers: readonly string[], options: Partial<KafkaClientOptions> = {}): Promise<LogError> {
  return sayOpeningFailure("opening the log", new Error("connection closed"), { brokers, ...options });
}

describe("why a cluster cannot be opened", () => {
  it("is that listeners are spoken to otherwise than they speak, where all answer and none fits", async () => {
    const failure = await failureAt([placeOf(asking)]);
    expect(failure).toMatchObject({ code: "unauthenticated", hint: "terminal" });
    expect(failure.message).toMatch(/asks who comes: set log\.sasl_mechanism to one that it takes \(PLAIN\)/);
    const encrypted = await failureAt([placeOf(fitting), placeOf(asking)], { ssl: true });
    expect(encrypted).toMatchObject({ code: "unauthenticated", hint: "terminal" });
    expect(encrypted.message).toMatch(/does not speak TLS there: set log\.tls to false/);
  });

  it("is what was said where one of the listeners fits, though another does not", async () => {
    const failure = await failureAt([placeOf(asking), placeOf(fitting)]);
    expect(failure).toMatchObject({ code: "log_unavailable", hint: "retry" });
    expect(failure.message).toBe("opening the log: connection closed");
  });

  it("may pass where one does not fit and others are silent, which may restart: that it does not is said besides", async () => {
    const failure = await failureAt([silent, placeOf(asking)]);
    expect(failure).toMatchObject({ code: "log_unavailable", hint: "retry" });
    expect(failure.message).toMatch(
      /^opening the log: connection closed; besides, broker \S+ asks who comes: set log\.sasl_mechanism/,
    );
  });

  it("is what was said where all are silent", async () => {
    expect(await failureAt([silent])).toMatchObject({
      ...{ code: "log_unavailable", hint: "retry", message: "opening the log: connection closed" },
    });
  });
});
