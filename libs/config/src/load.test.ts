import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { describeConfig } from "./describe.js";
import type { Config, SomeConfig } from "./keys.js";
import { loadConfig } from "./load.js";
import { sayProblems } from "./problem.js";

const directory = mkdtempSync(join(tmpdir(), "leastwise-config-"));
let fileCount = 0;

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function fileOf(text: string): string {
  const file = join(directory, `${String((fileCount += 1))}.yaml`);
  writeFileSync(file, text);
  return file;
}

interface Given {
  readonly yaml?: string;
  readonly env?: Record<string, string>;
  readonly defaults?: SomeConfig;
  readonly overrides?: SomeConfig;
}

async function load({ yaml, env = {}, defaults = {}, overrides = {} }: Given) {
  return loadConfig({ defaults, ...(yaml === undefined ? {} : { file: fileOf(yaml) }), env, overrides });
}

async function good(given: Given): Promise<Config> {
  const result = await load(given);
  if (!result.ok) throw new Error(sayProblems(result.error));
  return result.value;
}

/** The problems in words, files without their directory. */
async function wrong(given: Given): Promise<string[]> {
  const result = await load(given);
  if (result.ok) throw new Error("nothing was found wrong");
  return sayProblems(result.error)
    .replaceAll(`${directory}/`, "")
    .replace(/^\d+\.yaml/gm, "c.yaml")
    .split("\n");
}

describe("where a value comes from", () => {
  it("is the embedded mode without any source", async () => {
    const config = await good({});
    expect(config.log.adapter).toBe("embedded");
    expect(config.rpc).toEqual({
      host: "127.0.0.1",
      port: 7400,
      max_message_bytes: 4_194_304,
      decide_deadline_ms: 50,
      deadline_margin_ms: 5,
    });
    expect(config.subjects.key).toBeUndefined();
  });

  it("is the command line before the environment before the file before the command's own defaults", async () => {
    const yaml = "rpc: { port: 1, host: file }\nops: { port: 2 }\ncollector: { http_port: 3 }\n";
    const env = { LEASTWISE_RPC__PORT: "11", LEASTWISE_OPS__PORT: "12" };
    const defaults: SomeConfig = { rpc: { port: 31, host: "default" }, collector: { http_port: 33, http_host: "all" } };
    const { rpc, ops, collector } = await good({ yaml, env, defaults, overrides: { rpc: { port: 21 } } });
    expect([rpc.port, ops.port, collector.http_port, rpc.host, collector.http_host]).toEqual([
      21,
      12,
      3,
      "file",
      "all",
    ]);
  });

  it("may be a JSON file", async () => {
    const config = await good({ yaml: '{"log": {"adapter": "kafka", "brokers": ["kafka:9092"]}}' });
    expect(config.log.brokers).toEqual(["kafka:9092"]);
  });

  it("is an empty file or an empty section too", async () => {
    expect(await good({ yaml: "" })).toEqual(await good({ yaml: "log:\nrpc: {}\n" }));
  });

  it("reads lists, numbers and flags from the environment; an empty variable is none", async () => {
    const env = {
      LEASTWISE_LOG__ADAPTER: "kafka",
      LEASTWISE_LOG__BROKERS: "a:9092, [::1]:65535",
      LEASTWISE_SQL_DOOR__ENABLED: "false",
      LEASTWISE_CURRENCY: "JPY",
      LEASTWISE_POLICY_FILE: "",
    };
    const config = await good({ env });
    expect(config.log.brokers).toEqual(["a:9092", "[::1]:65535"]);
    expect(config.sql_door.enabled).toBe(false);
    expect(config.currency).toBe("JPY");
    expect(config.policy_file).toBeUndefined();
  });

  it("leaves alone what Kubernetes sets for a service of that name, and what is not ours", async () => {
    const env = {
      LEASTWISE_SERVICE_HOST: "10.0.0.1",
      LEASTWISE_PORT_7400_TCP_ADDR: "10.0.0.1",
      LEASTWISE_DATA: "x",
      HOME: "/",
    };
    expect(await good({ env })).toEqual(await good({}));
  });
});

describe("what is wrong", () => {
  it("names an unknown key, its line and column, and the nearest valid one", async () => {
    expect(await wrong({ yaml: "log:\n  adapter: embedded\n  borkers: [a:1]\n" })).toEqual([
      "c.yaml:3:3: unknown key log.borkers; did you mean log.brokers?",
    ]);
    expect(await wrong({ yaml: "rcp:\n  port: 1\n" })).toEqual(["c.yaml:1:1: unknown key rcp; did you mean rpc?"]);
    expect(await wrong({ yaml: "brokers: [a:1]\n" })).toEqual([
      "c.yaml:1:1: unknown key brokers; did you mean log.brokers?",
    ]);
  });

  it("names an unknown variable with a section, or nearly a key's name", async () => {
    expect(await wrong({ env: { LEASTWISE_LOG__BROKER: "a:1", LEASTWISE_CURENCY: "EUR" } })).toEqual([
      "environment LEASTWISE_LOG__BROKER: unknown key LEASTWISE_LOG__BROKER; did you mean LEASTWISE_LOG__BROKERS?",
      "environment LEASTWISE_CURENCY: unknown key LEASTWISE_CURENCY; did you mean LEASTWISE_CURRENCY?",
    ]);
  });

  it.each([
    ["rpc: { port: eighty }", 'c.yaml:1:8: rpc.port: expected an integer from 0 to 65535, got "eighty"'],
    ["rpc: { port: 65536 }", "c.yaml:1:8: rpc.port: expected an integer from 0 to 65535, got 65536"],
    ["rpc: { port: 1.5 }", "c.yaml:1:8: rpc.port: expected an integer from 0 to 65535, got 1.5"],
    ["rpc: { port: }", "c.yaml:1:8: rpc.port: expected an integer from 0 to 65535, got nothing"],
    ["clock: sun", 'c.yaml:1:1: clock: expected one of wall, event, got "sun"'],
    ["currency: eur", 'c.yaml:1:1: currency: expected an ISO 4217 code in upper case, for example EUR, got "eur"'],
    ["sql_door: { enabled: yes please }", 'c.yaml:1:13: sql_door.enabled: expected true or false, got "yes please"'],
    [
      "log: { brokers: kafka:9092 }",
      'c.yaml:1:8: log.brokers: expected a list, each a host and a port from 1 to 65535, for example kafka:9092, got "kafka:9092"',
    ],
    [
      "log: { brokers: [kafka] }",
      'c.yaml:1:8: log.brokers: expected a list, each a host and a port from 1 to 65535, for example kafka:9092, got ["kafka"]',
    ],
    ...["0", "65536", "99999"].map((port) => [
      `log: { brokers: ["kafka:9092", "kafka:${port}"] }`,
      `c.yaml:1:8: log.brokers: expected a list, each a host and a port from 1 to 65535, for example kafka:9092, got ["kafka:9092","kafka:${port}"]`,
    ]),
    [
      "log: [embedded]",
      'c.yaml:1:1: log: expected a section with the keys adapter, client, brokers, client_id, tls, tls_ca_file, tls_certificate_file, tls_key_file, sasl_mechanism, sasl_user, sasl_password, sasl_password_file, sasl_token_url, sasl_scope, incarnation, cluster_id, start_wait_ms, session_timeout_ms, partitions, replication_factor, retention_days, record_headers, decisions_framing, schema_registry_url, schema_registry_user, schema_registry_password, schema_registry_password_file, got ["embedded"]',
    ],
    ["- log", "the whole: expected a section with the keys data_directory"],
    ["log: { retention_days: 31 }", "c.yaml:1:8: log.retention_days: expected an integer from 32 to 3650, got 31"],
    ["warehouse: { url: 'http://me:secret@host' }", "c.yaml:1:14: warehouse.url: expected a URL such as"],
    ["constructor: 1", "c.yaml:1:1: unknown key constructor"],
    ["__proto__: { polluted: 1 }", "c.yaml:1:1: unknown key __proto__"],
    ["log: { adapter: kafka }", "log.brokers: expected at least one broker, since log.adapter is kafka, got nothing"],
    [
      "warehouse: { adapter: http }",
      "warehouse.url: expected the server's URL, since warehouse.adapter is http, got nothing",
    ],
    [
      "log: { adapter: kafka, brokers: ['b:1'], decisions_framing: confluent }",
      "log.schema_registry_url: expected the registry's URL, since log.decisions_framing is confluent, got nothing",
    ],
    [
      "log: { decisions_framing: confluent, schema_registry_url: 'http://r:8081' }",
      "c.yaml:1:8: log.decisions_framing: expected bare, since log.adapter is embedded, got",
    ],
    [
      "log: { schema_registry_url: 'http://r:8081' }",
      "c.yaml:1:8: log.schema_registry_url: expected nothing, since log.decisions_framing is bare",
    ],
    [
      "log: { schema_registry_user: us }",
      "log.schema_registry_password: expected a value, since log.schema_registry_user is set, got nothing",
    ],
    [
      "log: { schema_registry_password: secret }",
      "log.schema_registry_user: expected a value, since log.schema_registry_password is set, got nothing",
    ],
    ["log: { tls_ca_file: ca.pem }", "c.yaml:1:8: log.tls_ca_file: expected nothing, since log.tls is false"],
    [
      "log: { tls: true, tls_certificate_file: c.pem }",
      "log.tls_key_file: expected a file, since log.tls_certificate_file is set, got nothing",
    ],
    [
      "log: { tls: true, tls_key_file: k.pem }",
      "log.tls_certificate_file: expected a file, since log.tls_key_file is set",
    ],
    [
      "log: { sasl_mechanism: plain, sasl_user: me }",
      "log.sasl_password: expected a value, since log.sasl_mechanism is plain, got nothing",
    ],
    [
      "log: { sasl_mechanism: oauthbearer, sasl_user: me, sasl_password: secret }",
      "log.sasl_token_url: expected a value, since log.sasl_mechanism is oauthbearer, got nothing",
    ],
    ["log: { sasl_user: me }", "log.sasl_user: expected nothing, since log.sasl_mechanism is none"],
    [
      "log: { sasl_mechanism: plain, sasl_user: me, sasl_password: secret, sasl_scope: x }",
      "log.sasl_scope: expected nothing, since log.sasl_mechanism is plain",
    ],
    [
      "log: { partitions: 16 }\nscorer: { windows_bytes_max: 16777216 }",
      "c.yaml:2:11: scorer.windows_bytes_max: expected at least 33554432, 2 MiB for each of log.partitions (16), got 16777216",
    ],
    [
      "scorer: { policy_heartbeat_ms: 501 }",
      "c.yaml:1:11: scorer.policy_heartbeat_ms: expected at most half of scorer.policy_unseen_ms (1000), got 501",
    ],
    ["rpc: { decide_deadline_ms: 5 }", "rpc.deadline_margin_ms: expected less than rpc.decide_deadline_ms (5), got 5"],
    ["ops: { port: 7400 }", "c.yaml:1:8: ops.port: expected a port of its own; rpc.port has it, got 7400"],
    ["log: {", "c.yaml:1:7: file: expected YAML or JSON"],
    ["clock: wall\nclock: event", "c.yaml:2:1: file: expected YAML or JSON"],
  ])("%s", async (yaml, said) => {
    const lines = await wrong({ yaml });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(said);
  });

  it("is told all at once, from every source", async () => {
    const lines = await wrong({
      yaml: "rpc: { port: x }\nclok: wall\n",
      env: { LEASTWISE_OPS__PORT: "y" },
      overrides: { log: { partitions: 0 } },
    });
    expect(lines.map((line) => line.split(": ")[0])).toEqual([
      "c.yaml:1:8",
      "c.yaml:2:1",
      "environment LEASTWISE_OPS__PORT",
      "command line",
    ]);
  });

  it("is a file that is not there, or is too large to be a configuration", async () => {
    const missing = await loadConfig({ file: join(directory, "none.yaml"), env: {} });
    expect(missing.ok ? "" : sayProblems(missing.error)).toContain("ENOENT");
    const large = await loadConfig({ file: fileOf("#".repeat(1_048_577)), env: {} });
    expect(large.ok ? "" : sayProblems(large.error)).toContain("a file of at most 1048576 bytes");
  });

  it("is a file whose aliases would fill the memory", async () => {
    const levels = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const [here, before] of Object.entries({ b: "a", c: "b", d: "c", e: "d", f: "e" })) {
      levels.push(`${here}: &${here} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`);
    }
    expect((await wrong({ yaml: levels.join("\n") })).join()).toContain("YAML with few aliases");
  });
});

describe("secrets", () => {
  const KEY = "0123456789abcdef".repeat(4);

  it("may stand in a file, whose last newline is no part of them", async () => {
    const password = fileOf("hush\n");
    const keys = fileOf("shop-1\nshop-2\n");
    const config = await good({
      yaml: `warehouse: { password_file: ${password} }\ncollector: { write_keys_file: ${keys} }\n`,
      env: { LEASTWISE_SUBJECTS__KEY_FILE: fileOf(KEY) },
    });
    expect(config.warehouse.password).toBe("hush");
    expect(config.collector.write_keys).toEqual(["shop-1", "shop-2"]);
    expect(config.subjects.key).toBe(KEY);
  });

  it("may not stand in both, nor in a file that is not there, nor in one that holds something else", async () => {
    expect(await wrong({ overrides: { warehouse: { password: "hush", password_file: "/none" } } })).toEqual([
      'command line: warehouse.password_file: expected nothing, since warehouse.password is set too, got "/none"',
    ]);
    expect((await wrong({ overrides: { codes: { key_file: "/none" } } }))[0]).toContain(
      "codes.key_file: expected a file that can be read",
    );
    const [line] = await wrong({ overrides: { codes: { key_file: fileOf("not a key") } } });
    expect(line).toContain("codes.key: expected 64 hexadecimal digits (32 bytes), got a text of 9 characters");
  });

  it("are never printed", async () => {
    const overrides = {
      subjects: { key: KEY },
      warehouse: { password: "hush" },
      collector: { write_keys: ["shop-1"] },
    };
    const described = describeConfig(await good({ overrides }));
    expect(described["subjects"]).toEqual({ key: "[set]", key_file: null, key_id: "k1" });
    expect(described["codes"]).toMatchObject({ key: "[not set]" });
    expect(described["collector"]).toMatchObject({ write_keys: "[1 set]", http_port: 7401 });
    const said = await wrong({ overrides: { subjects: { key: `${KEY}!` }, collector: { write_keys: ["shop 1"] } } });
    expect(JSON.stringify([described, said])).not.toMatch(/hush|shop.1|0123456789abcdef/);
    expect(said[1]).toContain("got a list of 1");
  });
});
