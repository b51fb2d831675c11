import { TOPICS, topicPlan, wire } from "@leastwise/contracts";
import { HEADERS_BYTES_MAX, type NewRecord } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { cloudEventHeaders } from "./cloud-events.js";

const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const NOON = Date.UTC(2026, 10, 23, 12) as Millis;

function record(fields: Partial<NewRecord> = {}): NewRecord {
  const value = wire.DecisionRecord.encode(wire.DecisionRecord.fromPartial({ decisionId: "d-1" })).finish();
  return { topic: TOPICS.decisions, partition: 0, key: "ada", value, timestampMs: NOON, ...fields };
}

const headersIn = (recordHeaders: "none" | "public" | "all", topic: string = TOPICS.decisions) =>
  cloudEventHeaders({ record_headers: recordHeaders })?.(record({ topic }));

describe("headers of a record", () => {
  it("say what it is, as CloudEvents do in binary mode", () => {
    const headers = cloudEventHeaders({ record_headers: "public" })!;
    expect(headers(record({ traceparent: TRACE }))).toEqual({
      ce_specversion: "1.0",
      ce_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      ce_source: "/leastwise/decisions",
      ce_type: "leastwise.v1.DecisionRecord",
      ce_time: "2026-11-23T12:00:00.000Z",
      "content-type": "application/protobuf",
      traceparent: TRACE,
    });
  });

  it("have the same id for the same record, and another for each other one", () => {
    const idOf = (fields: Partial<NewRecord>) =>
      cloudEventHeaders({ record_headers: "public" })!(record(fields))!["ce_id"];
    const others = [{}, { key: "bob" }, { value: Buffer.from("x") }, { timestampMs: (NOON + 1) as Millis }].map(idOf);
    expect(new Set(others).size).toBe(4);
    expect(idOf({})).toBe(others[0]);
  });

  it("say of a tombstone no content, and of what a registry's serializer framed no protobuf", () => {
    const headers = cloudEventHeaders({ record_headers: "public" })!;
    expect(headers(record({ topic: TOPICS.links, value: Buffer.alloc(0) }))).not.toHaveProperty("content-type");
    expect(headers(record({ value: Buffer.from([0, 0, 0, 0, 7, 0, 1]) }))).toHaveProperty(
      "content-type",
      "application/octet-stream",
    );
  });

  it("are left out where they would cost most, or are not wanted", () => {
    expect(headersIn("none")).toBeUndefined();
    expect(headersIn("public", TOPICS.clickstream)).toBeUndefined();
    expect(headersIn("all", TOPICS.clickstream)).toMatchObject({ ce_type: "leastwise.v1.ClickstreamRecord" });
    for (const topic of [TOPICS.windowCheckpoints, TOPICS.windowManifests, "leastwise.log"])
      expect(headersIn("all", topic)).toBeUndefined();
  });

  it("name a message that there is, on each topic, and take no more than they may", () => {
    const messages = topicPlan(1, undefined).flatMap(({ name }) => headersIn("all", name)?.["ce_type"] ?? []);
    expect(messages.length).toBeGreaterThan(6);
    for (const message of messages) expect(wire).toHaveProperty(message.replace("leastwise.v1.", ""));
    const longest = cloudEventHeaders({ record_headers: "all" })!(
      record({ topic: TOPICS.clickstream, traceparent: TRACE }),
    )!;
    const bytes = Object.entries(longest).reduce((sum, [name, value]) => sum + name.length + value.length + 2, 0);
    expect(bytes).toBeLessThan(HEADERS_BYTES_MAX);
  });
});
