/** No wait is longer: a warehouse that comes back is found within half a minute. */
const WAIT_MAX_MS = 30_000;
/** More doublings than reach the longest wait from any sensible first one. */
const DOUBLINGS_MAX = 20;

/** How long to leave a warehouse alone after so many attempts that failed: twice as long each time, up to half a minute. */
export function retryWaitMs(firstMs: number, attempts: number): number {
  return Math.min(WAIT_MAX_MS, firstMs * 2 ** Math.min(attempts - 1, DOUBLINGS_MAX));
}
