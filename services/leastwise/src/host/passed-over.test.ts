import { createTelemetry } from "@leastwise/telemetry";
import { describe, expect, it } from "@jest/globals";
import { sayPassedOver } from "./passed-over.js";

describe("what is passed over", () => {
  it("is named up to a hundred times a topic, and counted always", async () => {
    const telemetry = createTelemetry({ service: "test", version: "test", logLevel: "silent", pretty: false });
    const warned: [object, string][] = [];
    const logger = Object.assign(Object.create(telemetry.logger) as typeof telemetry.logger, {
      warn: (fields: object, message: string) => warned.push([fields, message]),
    });
    const say = sayPassedOver("references", { ...telemetry, logger });
    const problem = "product is missing";
    for (let offset = 0; offset < 150; offset += 1) say({ topic: "catalog", partition: 0, offset, problem });
    say({ topic: "links", partition: 0, offset: 7, problem });
    expect(warned).toHaveLength(102);
    expect(warned[0]).toEqual([
      { topic: "catalog", partition: 0, offset: 0, problem },
      "a record is passed over: it is none of ours",
    ]);
    expect(warned[100]).toEqual([
      { topic: "catalog" },
      "further records that are none of ours are counted, and not named",
    ]);
    expect(warned[101]?.[0]).toMatchObject({ topic: "links", offset: 7 });
    const counted = 'leastwise_consumer_records_total{consumer="references",topic="catalog",outcome="drop"} 150';
    expect((await telemetry.render()).split("\n")).toContain(counted);
    telemetry.close();
  });
});
