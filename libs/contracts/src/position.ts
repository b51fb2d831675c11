import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";

/**
 * Where taken events stand in `clickstream`, as a text that callers hand on without looking inside:
 * `incarnation/partition:offset,partition:offset`, partitions ascending, each with the highest offset of the request.
 */
export interface LogPosition {
  /** The log's incarnation: offsets repeat when a log is made anew. */
  readonly incarnation: string;
  /** Highest offset by partition; reading past all of them has seen every event of the request. */
  readonly offsets: ReadonlyMap<number, number>;
}

const POSITION_LENGTH_MAX = 8_192;
const FORM = /^([A-Za-z0-9_.-]{1,64})\/(\d{1,5}:\d{1,16}(?:,\d{1,5}:\d{1,16})*)$/;

/** The position as a text; empty if nothing was appended. */
export function formatPosition({ incarnation, offsets }: LogPosition): string {
  if (offsets.size === 0) return "";
  const places = [...offsets].sort(([a], [b]) => a - b).map(([partition, offset]) => `${partition}:${offset}`);
  return `${incarnation}/${places.join(",")}`;
}

/** Reads a position. Reason: `position_malformed`. Whether the incarnation is this log's is for the caller to ask. */
export function parsePosition(text: string, field = "after"): Result<LogPosition, Refusal> {
  const malformed = () =>
    err(refusal("position_malformed", field, text, "the position of a RecordResponse, as it was given"));
  if (text.length > POSITION_LENGTH_MAX) return malformed();
  const [, incarnation, places] = FORM.exec(text) ?? [];
  if (incarnation === undefined || places === undefined) return malformed();
  const offsets = new Map<number, number>();
  for (const place of places.split(",")) {
    const [partition, offset] = place.split(":").map(Number);
    if (partition === undefined || offset === undefined || !Number.isSafeInteger(offset)) return malformed();
    if (offsets.has(partition)) return malformed();
    offsets.set(partition, offset);
  }
  return ok({ incarnation, offsets });
}
