import type { Config } from "./keys.js";
import { problem, type ConfigProblem } from "./problem.js";

/** What no single key can be blamed for. `where` tells where a key was set; empty if it was not. */
export function contradictionsIn(config: Config, where: (path: string) => string): ConfigProblem[] {
  const { log, warehouse, rpc } = config;
  const problems: ConfigProblem[] = [];
  const say = (path: string, came: unknown, expected: string): void => {
    problems.push(problem("contradiction", path, where(path), came, expected));
  };
  if (log.adapter === "kafka" && log.brokers.length === 0) {
    say("log.brokers", undefined, "at least one broker, since log.adapter is kafka");
  }
  if (warehouse.adapter === "http" && warehouse.url === undefined) {
    say("warehouse.url", undefined, "the server's URL, since warehouse.adapter is http");
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
