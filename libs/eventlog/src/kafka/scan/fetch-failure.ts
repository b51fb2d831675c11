import { LogError, type LogErrorCode, type LogErrorHint } from "../../port.js";

export const OFFSET_OUT_OF_RANGE = 1;

/** Errors of Fetch that are not mended by asking again, or that have a code of their own here. */
const MEANINGS: ReadonlyMap<number, readonly [string, LogErrorCode, LogErrorHint]> = new Map([
  [OFFSET_OUT_OF_RANGE, ["the offset is not in the log", "offset_out_of_range", "terminal"]],
  [2, ["the broker finds its own records damaged", "corrupt_record", "retry"]],
  [3, ["the broker does not know it", "unknown_topic", "retry"]],
  [5, ["it has no leader", "log_unavailable", "retry"]],
  [6, ["the broker does not lead it", "log_unavailable", "retry"]],
  [9, ["the replica is not available", "log_unavailable", "retry"]],
  [29, ["reading it is not allowed; `leastwise topics acls` prints what is needed", "not_allowed", "terminal"]],
  [56, ["the broker cannot read its disk", "log_unavailable", "retry"]],
  [74, ["another broker leads it by now", "log_unavailable", "retry"]],
  [75, ["the broker does not know its newest leader yet", "log_unavailable", "retry"]],
  [76, ["its compression cannot be sent to a reader like this", "unsupported_compression", "terminal"]],
]);

/** What an error of the protocol means; undefined for none. Those that are not known here may pass. */
export function fetchFailure(errorCode: number, what: string): LogError | undefined {
  if (errorCode === 0) return undefined;
  const [words, code, hint] = MEANINGS.get(errorCode) ?? ["the broker failed", "log_unavailable", "retry"];
  return new LogError(code, `reading ${what}: ${words} (error ${errorCode})`, hint);
}
