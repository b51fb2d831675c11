import { LogError } from "@leastwise/eventlog";
import { RefusedBlock } from "@leastwise/recorder";
import { sayRefusal, type Refusal } from "@leastwise/vocabulary";
import { WarehouseError } from "@leastwise/warehouse";

/** Why a process cannot start, in words for the person who started it. */
export class StartFailure extends Error {
  override readonly name = "StartFailure";
}

/** Why a process that served has to end, in words for whoever supervises it. */
export class ServiceFailure extends Error {
  override readonly name = "ServiceFailure";
}

/** The doors, each with the setting of its port. */
const PORT_SETTINGS = {
  "gRPC door": "LEASTWISE_RPC__PORT",
  "HTTP door": "LEASTWISE_COLLECTOR__HTTP_PORT",
  "operations page": "LEASTWISE_OPS__PORT",
  "SQL door": "LEASTWISE_SQL_DOOR__PORT",
} as const;

/** A door's refusal as a failure to start, with what to do about it. */
export function cannotOpen(door: keyof typeof PORT_SETTINGS, refused: Refusal): StartFailure {
  const choose: Readonly<Record<string, string>> = {
    port_taken: `stop the other process, or choose another port with ${PORT_SETTINGS[door]} (0 takes any free one)`,
    port_forbidden: `choose a port from 1024 on with ${PORT_SETTINGS[door]}`,
  };
  const advice = choose[refused.reason];
  return new StartFailure(
    `cannot open the ${door}: ${sayRefusal(refused)}${advice === undefined ? "" : `; ${advice}`}`,
  );
}

const TOPIC_GONE =
  "somebody has deleted the topic, or part of it, and what stood there is gone: find out who, make it again with `leastwise topics apply`, and start again";

/**
 * An operating failure of the log or the warehouse as what ends a process that served; anything else is a bug and stays what it is. What
 * ClickHouse said is left out: it cites rows.
 */
export function asServiceFailure(error: unknown): unknown {
  if (error instanceof LogError) {
    const advice = error.code === "unknown_topic" ? `; ${TOPIC_GONE}` : "";
    return new ServiceFailure(`the log failed for good: ${error.message} (${error.code})${advice}`);
  }
  if (!(error instanceof WarehouseError)) return error;
  const { code, clickhouseCode } = error;
  const number = clickhouseCode === undefined ? "" : `, ClickHouse ${clickhouseCode}`;
  if (error instanceof RefusedBlock) {
    const { topic, partition, group, lastOffset } = error.place;
    return new ServiceFailure(
      `the warehouse failed for good (${code}${number}): ${error.message}. Nothing is lost: they are on the log. What to do stands under ` +
        `"When something is wrong" in docs/kafka.md; group ${group}, topic ${topic}:${partition}, offset behind the block ${lastOffset + 1}`,
    );
  }
  return new ServiceFailure(
    `the warehouse failed for good (${code}${number}): nothing is lost, what was not written is on the log; see to it and start again`,
  );
}

/** An operating failure of the log or the warehouse as a failure to start; anything else is a bug and stays what it is. */
export function asStartFailure(error: unknown): unknown {
  if (!(error instanceof LogError) && !(error instanceof WarehouseError)) return error;
  return new StartFailure(`${error.message} (${error.code})`, { cause: error });
}
