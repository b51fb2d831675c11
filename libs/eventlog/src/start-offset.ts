import { LogError } from "./port.js";

/**
 * Where reading starts that was to start at `from`: there, or at the oldest record kept. Throws `offset_out_of_range`
 * beyond the end.
 */
export function startOffset(
  topic: string,
  partition: number,
  from: number,
  bounds?: { readonly begin: number; readonly end: number },
): number {
  const { begin, end } = bounds ?? { begin: 0, end: 0 };
  if (Number.isSafeInteger(from) && from <= end) return Math.max(from, begin);
  const message = `${topic}/${partition} ends at offset ${end}, but reading was to start at ${from}: the offset is of another log`;
  throw new LogError("offset_out_of_range", message, "terminal");
}
