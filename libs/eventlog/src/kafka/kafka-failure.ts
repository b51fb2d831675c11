import { LogError, type LogErrorCode, type LogErrorHint } from "../port.js";
import { messageOf, property } from "../thrown.js";
import { refusalNamed } from "./refusals.js";

/** With what to do about it, where that is known and not said yet. */
type Meaning = readonly [code: LogErrorCode, hint: LogErrorHint, advice?: string];

/** What the protocol's error types mean to a caller, and what a client library's own do. */
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
  ["PLT_KFK_UNSUPPORTED_COMPRESSION", ["unsupported_compression", "terminal"]],
]);

const CAUSES_MAX = 8;

/** What a failure of the client library means; `doing` says in words what was tried. */
export function sayKafkaFailure(doing: string, error: unknown): LogError {
  if (error instanceof LogError)
    return new LogError(error.code, `${doing}: ${error.message}`, error.hint, { cause: error });
  const meaning = [...causes(error)].map(meaningOf).find((known) => known !== undefined);
  const [code, hint, advice] = meaning ?? ["log_unavailable", "retry"];
  const words = [inWords(error), ...(advice === undefined ? [] : [advice])].join("; ");
  return new LogError(code, `${doing}: ${words}`, hint, { cause: error });
}

/** kafkajs calls the protocol's error `type`, platformatic's client calls it `apiId`. */
function meaningOf(cause: unknown): Meaning | undefined {
  if (cause instanceof LogError) return [cause.code, cause.hint];
  const names = ["type", "apiId", "code"].map((name) => property(cause, name));
  return names.flatMap((name) => (typeof name === "string" ? [meaningNamed(name)] : [])).find((known) => known);
}

function meaningNamed(name: string): Meaning | undefined {
  const refused = refusalNamed(name);
  return refused === undefined ? MEANINGS.get(name) : [refused.code, "terminal", refused.advice];
}

/** What it says, and what those say that it gathers, and why. */
function inWords(error: unknown, depth = 0): string {
  const gathered: unknown = property(error, "errors");
  const within: unknown[] = Array.isArray(gathered) ? Array.from<unknown>(gathered) : [];
  const cause = property(error, "cause");
  // The first one's cause is left to whoever looks into it.
  if (depth > 0 && cause !== undefined && cause !== null) within.push(cause);
  const message = messageOf(error).replace(OPENSSL_WORDS, "$1");
  if (within.length === 0 || depth === CAUSES_MAX) return message;
  const each = new Set(within.map((one) => inWords(one, depth + 1)));
  return `${message} (${[...each].join("; ")})`;
}

/** OpenSSL says what is wrong between a number, names of its functions and a line of its source. */
const OPENSSL_WORDS = /[0-9A-F]+:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):.*/;

/** Runs something of the client library, and says what its failure means. */
export async function kafkaDoing<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw sayKafkaFailure(doing, error);
  }
}

/** The error, what it gathers, and what caused it. */
function* causes(error: unknown, depth = 0): Generator {
  if (depth === CAUSES_MAX || error === undefined || error === null) return;
  yield error;
  const gathered = property(error, "errors");
  if (Array.isArray(gathered)) for (const one of gathered) yield* causes(one, depth + 1);
  yield* causes(property(error, "cause"), depth + 1);
}
