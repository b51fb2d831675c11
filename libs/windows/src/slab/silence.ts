import { DAY_MS } from "@leastwise/vocabulary";

/**
 * A subject is forgotten after so long without an event, in received time. Its windows are empty long before; what goes is recency, which no
 * log that is kept for a month could rebuild either.
 */
export const SUBJECT_SILENCE_MAX_MS = 180 * DAY_MS;
