import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan, TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, type EventLog } from "@leastwise/eventlog";
import { followPolicies, type Policies } from "@leastwise/references";
import { callUnary, connect, startRpcServer, type RpcServer } from "@leastwise/rpc";
import type { CurrencyCode, Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DeviceBundles } from "./device-bundles.js";
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
    services: [
      policyService({
        ...{ log, clock, policies, homeCurrency: "EUR" as CurrencyCode },
        bundles: new DeviceBundles({ policies, clock }),
      }),
    ],
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
    expect(await apply("one")).toEqual({ ok: true, value: { version: "one", notices: [] } });
    const answer = await callUnary(client.getPolicy.bind(client), { version: "" });
    expect(answer).toMatchObject({ ok: true, value: { policy: { version: "one" } } });
  });

  it("is told of where it is in another currency than the shop: it is in force, and carts in the shop's get nothing", async () => {
    const dollars = wire.Policy.fromPartial({
      version: "us",
      author: "a",
      reason: "r",
      currency: "USD",
      guardrails: {},
    });
    const notice = {
      ...{ reason: "foreign_policy_currency", field: "currency", came: '"USD"' },
      expected: "the shop's currency, EUR: carts in EUR get nothing under a policy in USD",
    };
    expect(await callUnary(client.validatePolicy.bind(client), { policy: dollars })).toEqual({
      ok: true,
      value: { problems: [], notices: [notice] },
    });
    expect(await callUnary(client.applyPolicy.bind(client), { policy: dollars })).toEqual({
      ok: true,
      value: { version: "us", notices: [notice] },
    });
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

describe("the history of policies", () => {
  const list = async () => {
    const answer = await callUnary(client.listPolicies.bind(client), {});
    return answer.ok ? answer.value.policies.map(({ policy }) => policy) : [];
  };
  const rollBack = (version: string, author = "ada") =>
    callUnary(client.rollbackPolicy.bind(client), { version, author, reason: "it sold nothing" });

  it("has who put what into force and why, the newest first, and each of them whole", async () => {
    for (const version of ["one", "two"]) await apply(version, `reason of ${version}`);
    expect(await list()).toMatchObject([
      { version: "two", author: "merchant", reason: "reason of two", currency: "EUR", guardrails: undefined },
      { version: "one", reason: "reason of one" },
    ]);
    const one = await callUnary(client.getPolicy.bind(client), { version: "one" });
    expect(one).toMatchObject({ ok: true, value: { policy: { version: "one", guardrails: {} } } });
    const unknown = await callUnary(client.getPolicy.bind(client), { version: "onne" });
    expect(unknown).toMatchObject({
      error: {
        code: "NOT_FOUND",
        reason: "unknown_policy_version",
        message: expect.stringContaining("did you mean one?"),
      },
    });
  });

  it("goes on when somebody goes back: with a name, an author and a reason of its own", async () => {
    for (const version of ["one", "two"]) await apply(version);
    expect(await rollBack("one")).toEqual({ ok: true, value: { version: "one.back-1", notices: [] } });
    expect(policies.active()?.written.policy).toMatchObject({ author: "ada", reason: "it sold nothing" });
    await rollBack("two");
    expect(await rollBack("one")).toEqual({ ok: true, value: { version: "one.back-2", notices: [] } });
    expect((await list()).map((policy) => policy?.version)).toEqual([
      ...["one.back-2", "two.back-1", "one.back-1", "two", "one"],
    ]);
  });

  it("gives names that fit, also to what was gone back to", async () => {
    const long = "v".repeat(64);
    for (const version of [long, "one"]) await apply(version);
    expect(await rollBack(long)).toEqual({ ok: true, value: { version: `${"v".repeat(57)}.back-1`, notices: [] } });
    await apply("two");
    expect(await rollBack(`${"v".repeat(57)}.back-1`)).toEqual({
      ok: true,
      value: { version: `${"v".repeat(57)}.back-2`, notices: [] },
    });
  });

  it("is not gone back to where that changes nothing, nor by nobody", async () => {
    await apply("one");
    expect(await rollBack("one")).toMatchObject({ error: { code: "FAILED_PRECONDITION", reason: "policy_in_force" } });
    expect(await rollBack("none")).toMatchObject({ error: { code: "NOT_FOUND", reason: "unknown_policy_version" } });
    await apply("two");
    expect(await rollBack("one", "")).toMatchObject({ error: { code: "INVALID_ARGUMENT", reason: "text_missing" } });
    expect(policies.active()?.compiled.version).toBe("two");
  });
});
