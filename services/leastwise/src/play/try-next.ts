import { writeJson, type wire } from "@leastwise/contracts";
import type { LiftQuestion } from "@leastwise/warehouse";
import type { Ports } from "../host/host.js";

/** Things to try next, each of which works as it is printed. `lift`: absent where there is none to ask for. */
export function tryNext(
  ports: Ports,
  lift: Required<LiftQuestion> | undefined,
  example: wire.DecideRequest | undefined,
): string {
  return [
    "",
    "Try next:",
    ...(ports.rpc === undefined ? [] : grpcurl(ports.rpc, example)),
    ...(ports.sql === undefined || lift === undefined ? [] : sql(ports.sql, lift)),
    "",
    "  # metrics; beside them /healthz and /readyz",
    `  curl http://localhost:${ports.ops}/metrics`,
    "",
  ].join("\n");
}

function grpcurl(port: number, example: wire.DecideRequest | undefined): string[] {
  if (example === undefined) return ["", "  # the services", `  grpcurl -plaintext localhost:${port} list`];
  const body = JSON.stringify(writeJson("DecideRequest", example)).replaceAll("'", "'\\''");
  const method = "leastwise.v1.DecisionService/Decide";
  return ["", "  # a decision", `  grpcurl -plaintext -d '${body}' localhost:${port} ${method}`];
}

function sql(port: number, lift: Required<LiftQuestion>): string[] {
  const parameters = [
    `experiment = '${lift.experiment}'`,
    `from_ms = ${lift.fromMs}`,
    `to_ms = ${lift.toMs}`,
    `as_of_ms = ${lift.asOfMs}`,
    `horizon_ms = ${lift.horizonMs}`,
    `return_window_ms = ${lift.returnWindowMs}`,
    `currency = '${lift.currency}'`,
  ].join(", ");
  const query = `SELECT * FROM lift(${parameters}) FORMAT Vertical`;
  return ["", "  # the lift, in SQL, read-only", `  curl http://localhost:${port}/ --data-binary "${query}"`];
}
