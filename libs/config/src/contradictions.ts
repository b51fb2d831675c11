import type { Config } from "./keys.js";
import { problem, type ConfigProblem } from "./problem.js";

/** Memory of a partition's windows with one page of each size of block. */
const PARTITION_BYTES_MIN = 2_097_152;

/** What no single key can be blamed for. `where` tells where a key was set; empty if it was not. */
export function contradictionsIn(config: Config, where: (path: string) => string): ConfigProblem[] {
  const { log, warehouse, rpc, scorer } = config;
  const problems: ConfigProblem[] = [];
  const say = (path: string, came: unknown, expected: string): void => {
    problems.push(problem("contradiction", path, where(path), came, expected));
  };
  if (log.adapter === "kafka" && log.brokers.length === 0) {
    say("log.brokers", undefined, "at least one broker, since log.adapter is kafka");
  }
  for (const { path, came, expected } of securityContradictions(log)) say(path, came, expected);
  for (const { path, came, expected } of registryContradictions(log)) say(path, came, expected);
  if (warehouse.adapter === "http" && warehouse.url === undefined) {
    say("warehouse.url", undefined, "the server's URL, since warehouse.adapter is http");
  }
  const windowsMin = log.partitions * PARTITION_BYTES_MIN;
  if (scorer.windows_bytes_max < windowsMin) {
    const expected = `at least ${windowsMin}, 2 MiB for each of log.partitions (${log.partitions})`;
    say("scorer.windows_bytes_max", scorer.windows_bytes_max, expected);
  }
  if (scorer.policy_heartbeat_ms * 2 > scorer.policy_unseen_ms) {
    const expected = `at most half of scorer.policy_unseen_ms (${scorer.policy_unseen_ms})`;
    say("scorer.policy_heartbeat_ms", scorer.policy_heartbeat_ms, expected);
  }
  if (scorer.custom_model_budget_ms > rpc.decide_deadline_ms) {
    const expected = `at most rpc.decide_deadline_ms (${rpc.decide_deadline_ms})`;
    say("scorer.custom_model_budget_ms", scorer.custom_model_budget_ms, expected);
  }
  if (rpc.deadline_margin_ms >= rpc.decide_deadline_ms) {
    say(
      "rpc.deadline_margin_ms",
      rpc.deadline_margin_ms,
      `less than rpc.decide_deadline_ms (${rpc.decide_deadline_ms})`,
    );
  }
  for (const [path, taken, port] of portClashes(config)) {
    say(path, port, `a port of its own; ${taken} has it`);
  }
  return problems;
}

function* securityContradictions(log: Config["log"]) {
  const { tls, tls_ca_file, tls_certificate_file, tls_key_file } = log;
  const files = { tls_ca_file, tls_certificate_file, tls_key_file };
  for (const [name, file] of Object.entries(files)) {
    if (file !== undefined && !tls)
      yield { path: `log.${name}`, came: file, expected: "nothing, since log.tls is false" };
  }
  if (tls_certificate_file !== undefined && tls_key_file === undefined)
    yield { path: "log.tls_key_file", came: undefined, expected: "a file, since log.tls_certificate_file is set" };
  if (tls_key_file !== undefined && tls_certificate_file === undefined)
    yield { path: "log.tls_certificate_file", came: undefined, expected: "a file, since log.tls_key_file is set" };
  const { sasl_mechanism: mechanism, sasl_user, sasl_password, sasl_token_url, sasl_scope } = log;
  const needed = { sasl_user, sasl_password: sasl_password === undefined ? undefined : "a secret" };
  const ofTokens = { sasl_token_url, sasl_scope };
  for (const [name, value] of Object.entries({ ...needed, ...ofTokens })) {
    const isOfTokens = name in ofTokens;
    const isTaken = mechanism === "oauthbearer" || (mechanism !== "none" && !isOfTokens);
    const isNeeded = isTaken && name !== "sasl_scope";
    const since = `since log.sasl_mechanism is ${mechanism}`;
    if (isNeeded && value === undefined) yield { path: `log.${name}`, came: undefined, expected: `a value, ${since}` };
    if (!isTaken && value !== undefined) yield { path: `log.${name}`, came: value, expected: `nothing, ${since}` };
  }
}

function* registryContradictions(log: Config["log"]) {
  const { decisions_framing, schema_registry_url, schema_registry_user, schema_registry_password } = log;
  const isFramed = decisions_framing === "confluent";
  if (isFramed && log.adapter === "embedded")
    yield { path: "log.decisions_framing", came: decisions_framing, expected: "bare, since log.adapter is embedded" };
  if (isFramed && schema_registry_url === undefined) {
    const expected = "the registry's URL, since log.decisions_framing is confluent";
    yield { path: "log.schema_registry_url", came: undefined, expected };
  }
  if (!isFramed && schema_registry_url !== undefined) {
    const expected = "nothing, since log.decisions_framing is bare";
    yield { path: "log.schema_registry_url", came: schema_registry_url, expected };
  }
  if (schema_registry_user !== undefined && schema_registry_password === undefined) {
    const expected = "a value, since log.schema_registry_user is set";
    yield { path: "log.schema_registry_password", came: undefined, expected };
  }
  if (schema_registry_user === undefined && schema_registry_password !== undefined) {
    const expected = "a value, since log.schema_registry_password is set";
    yield { path: "log.schema_registry_user", came: undefined, expected };
  }
}

function portClashes({ rpc, collector, ops, sql_door }: Config): [path: string, taken: string, port: number][] {
  const doors: [string, number][] = [
    ["rpc.port", rpc.port],
    ["collector.http_port", collector.http_port],
    ["ops.port", ops.port],
    ...(sql_door.enabled ? [["sql_door.port", sql_door.port] as [string, number]] : []),
  ];
  const takenBy = new Map<number, string>();
  const clashes: [string, string, number][] = [];
  for (const [path, port] of doors) {
    const taken = takenBy.get(port);
    if (port !== 0 && taken !== undefined) clashes.push([path, taken, port]);
    takenBy.set(port, path);
  }
  return clashes;
}
