import { LogError, type LogErrorCode, type LogErrorHint } from "../port.js";
import { messageOf, property } from "../thrown.js";

type Meaning = readonly [LogErrorCode, LogErrorHint];

/** What the protocol's error types mean to a caller. */
const MEANINGS = new Map<string, Meaning>([
  ["MESSAGE_TOO_LARGE", ["record_too_large", "terminal"]],
  ["RECORD_LIST_TOO_LARGE", ["record_too_large", "terminal"]],
  ["UNKNOWN_TOPIC_OR_PARTITION", ["unknown_topic", "terminal"]],
  ["INVALID_TOPIC_EXCEPTION", ["unknown_topic", "terminal"]],
  ["INVALID_RECORD", ["topic_mismatch", "terminal"]],
  ["CORRUPT_MESSAGE", ["corrupt_record", "terminal"]],
  ["OFFSET_OUT_OF_RANGE", ["offset_out_of_range", "terminal"]],
  ["ILLEGAL_GENERATION", ["partition_revoked", "retry"]],
  ["UNKNOWN_MEMBER_ID", ["partition_revoked", "retry"]],
  ["REBALANCE_IN_PROGRESS", ["partition_revoked", "retry"]],
  ["TOPIC_AUTHORIZATION_FAILED", ["log_unavailable", "terminal"]],
  ["GROUP_AUTHORIZATION_FAILED", ["log_unavailable", "terminal"]],
  ["CLUSTER_AUTHORIZATION_FAILED", ["log_unavailable", "terminal"]],
  ["SASL_AUTHENTICATION_FAILED", ["log_unavailable", "terminal"]],
]);

const CAUSES_MAX = 8;

/** What a failure of the client library means; `doing` says in words what was tried. */
export function sayKafkaFailure(doing: string, error: unknown): LogError {
  if (error instanceof LogError)
    return new LogError(error.code, `${doing}: ${error.message}`, error.hint, { cause: error });
  const types = [...causes(error)].map((cause) => property(cause, "type"));
  const meaning = types
    .flatMap((type) => (typeof type === "string" ? [MEANINGS.get(type)] : []))
    .find((known) => known !== undefined);
  const [code, hint] = meaning ?? ["log_unavailable", "retry"];
  return new LogError(code, `${doing}: ${messageOf(error)}`, hint, { cause: error });
}

/** Runs something of the client library, and says what its failure means. */
export async function kafkaDoing<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw sayKafkaFailure(doing, error);
  }
}

/** The error, what it gathers, and what caused it. */
function* causes(error: unknown): Generator {
  let cause = error;
  for (let depth = 0; depth < CAUSES_MAX && cause !== undefined && cause !== null; depth++) {
    yield cause;
    const gathered = property(cause, "errors");
    if (Array.isArray(gathered)) yield* gathered;
    cause = property(cause, "cause");
  }
}
