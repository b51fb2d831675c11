import { loadConfig, type Config } from "@leastwise/config";
import { decodeDecisionRecord, messageFiles, messageIndexesOf, readFrame, wire } from "@leastwise/contracts";
import { RegistryStandIn } from "@leastwise/testkit";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { decisionsFraming } from "./decisions-framing.js";

let registry: RegistryStandIn;
beforeEach(async () => {
  registry = await RegistryStandIn.start();
});
afterEach(async () => {
  await registry.stop();
});

const DECISION = wire.DecisionRecord.encode(wire.DecisionRecord.fromPartial({ decisionId: "d-1" })).finish();

async function settings(changes: Partial<Config["log"]> = {}): Promise<Config["log"]> {
  const loaded = await loadConfig({ env: {}, overrides: {} });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return { ...loaded.value.log, decisions_framing: "confluent", schema_registry_url: `${registry.url}/`, ...changes };
}

describe("decisions behind a registry's header", () => {
  it("name a schema that the registry has, with all that it imports, and are read as before", async () => {
    const framing = await decisionsFraming(await settings());
    const value = framing!(DECISION);
    const [schema] = registry.subjects.get("decisions-value")!;
    expect(readFrame(value)?.schemaId).toBe(schema!.id);
    expect(decodeDecisionRecord(value)).toEqual(wire.DecisionRecord.decode(DECISION));
    const files = messageFiles("DecisionRecord");
    for (const { name, descriptor, imports } of files) {
      const isOurs = name === "leastwise/v1/decision.proto";
      const { posted } = registry.subjects.get(isOurs ? "decisions-value" : name)![0]!;
      expect(Buffer.from(posted.schema, "base64").equals(descriptor)).toBe(true);
      expect(posted.references).toEqual(imports.map((imported) => ({ name: imported, subject: imported, version: 1 })));
    }
    expect(registry.subjects.size).toBe(files.length);
    // The message's place among those of its file, as the frame says it: one step, zigzag.
    expect([...value.subarray(5, 7)]).toEqual([2, 2 * messageIndexesOf("DecisionRecord")[0]!]);
  });

  it("are registered once: who comes later looks the schema up", async () => {
    const first = (await decisionsFraming(await settings()))!(DECISION);
    const before = registry.calls.length;
    expect((await decisionsFraming(await settings()))!(DECISION)).toEqual(first);
    expect(registry.calls.slice(before).every((call) => !call.endsWith("/versions"))).toBe(true);
    expect([...registry.subjects.values()].every((versions) => versions.length === 1)).toBe(true);
  });

  it("are bare where nothing else is asked for, and no registry is", async () => {
    expect(await decisionsFraming(await settings({ decisions_framing: "bare" }))).toBeUndefined();
    expect(registry.calls).toEqual([]);
  });

  it("say who writes them, where the registry wants to know", async () => {
    registry.authorization = `Basic ${Buffer.from("us:secret").toString("base64")}`;
    const user = { schema_registry_user: "us", schema_registry_password: "secret" };
    expect(await decisionsFraming(await settings(user))).toBeDefined();
    await expect(decisionsFraming(await settings())).rejects.toMatchObject({
      ...{ code: "log_unavailable", hint: "terminal" },
      message: expect.stringMatching(/the registry answered 401: User cannot access/),
    });
  });

  it("are not begun when the registry refuses, is in trouble, talks nonsense or is away, and it is said which", async () => {
    const troubles = [
      [409, '{"error_code":409,"message":"Schema being registered is incompatible"}', "terminal", /409: Schema being/],
      [503, "busy", "retry", /503: busy/],
      [200, "<html>", "terminal", /expected an id and a version, got <html>/],
    ] as const;
    for (const [status, body, hint, message] of troubles) {
      registry.troubles.push({ status, body });
      const failure = { code: "log_unavailable", hint, message: expect.stringMatching(message) };
      await expect(decisionsFraming(await settings())).rejects.toMatchObject(failure);
    }
    const away = await settings({ schema_registry_url: "http://127.0.0.1:1" });
    await expect(decisionsFraming(away)).rejects.toMatchObject({
      ...{ code: "log_unavailable", hint: "retry" },
      message: expect.stringContaining("http://127.0.0.1:1"),
    });
  });
});
