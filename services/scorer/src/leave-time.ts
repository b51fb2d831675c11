/** Most that an answer leaves early, ms, however much time its caller gave. */
const EARLY_MAX_MS = 25;

/**
 * How long before its deadline an answer leaves, ms: the configured margin, or a tenth of the time that the caller gave, where that is more. Who waits for
 * long has most often gone through more on the way, a busy machine or a proxy, and an answer that comes too late is none.
 *
 * @param givenMs time from the call's coming in to its deadline
 */
export function earlyMs(givenMs: number, marginMs: number): number {
  return Math.max(marginMs, Math.min(EARLY_MAX_MS, givenMs / 10));
}
