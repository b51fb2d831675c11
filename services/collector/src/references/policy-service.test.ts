import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, type EventLog } from "@leastwise/eventlog";
import { followPolicies, type Policies } from "@leastwise/references";
import { callUnary, connect, startRpcServer, type RpcServer } from "@leastwise/rpc";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { policyService } from "./policy-service.js";

let directory: string;
let log: EventLog;
let policies: Policies;
let server: RpcServer;
let client: InstanceType<typeof wire.PolicyServiceClient>;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "policies-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 });
  await log.ensureTopics(topicPlan(1, CLICKSTREAM_RETENTION_MIN_MS));
  policies = await followPolicies(log, { onInForce: () => undefined, onUnusable: () => undefined });
  const clock = { nowMs: () => Date.UTC(2026, 10, 23, 12) as Millis };
  const started = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    services: [policyService({ log, clock, policies })],
  });
  if (!started.ok) throw new Error(started.error.reason);
  server = started.value;
  client = connect(wire.PolicyServiceClient, `127.0.0.1:${server.port}`);
});

afterEach(async () => {
  client.close();
  await server.drain(0);
  await policies.stop();
  await log.close();
  await rm(directory, { recursive: true });
});

/** The least that is a policy: nothing may be given. */
const apply = (version: string, reason = "autumn") => {
  const policy = { version, reason, author: "merchant", currency: "EUR", guardrails: {} };
  return callUnary(client.applyPolicy.bind(client), { policy: wire.Policy.fromPartial(policy) });
};

describe("a policy that is applied", () => {
  it("is in force when the answer comes", async () => {
    expect(await apply("one")).toEqual({ ok: true, value: { version: "one" } });
    const answer = await callUnary(client.getPolicy.bind(client), {});
    expect(answer).toMatchObject({ ok: true, value: { policy: { version: "one" } } });
  });

  it("has one content for ever, though two come at once under one version", async () => {
    const both = await Promise.all([apply("one", "spring"), apply("one", "autumn")]);
    expect(both.map(({ ok }) => ok).sort()).toEqual([false, true]);
    expect(both.find(({ ok }) => !ok)).toMatchObject({
      error: { code: "ALREADY_EXISTS", reason: "policy_version_exists" },
    });
    expect(await apply("one", "winter")).toMatchObject({ error: { code: "ALREADY_EXISTS" } });
    expect(await log.offsets(TOPICS.policy, 0)).toMatchObject({ begin: 0, end: 1 });
  });

  it("comes after the one before it", async () => {
    expect((await Promise.all(["one", "two", "three"].map((version) => apply(version)))).every(({ ok }) => ok)).toBe(
      true,
    );
    expect(policies.active()?.compiled.version).toBe("three");
  });
});
