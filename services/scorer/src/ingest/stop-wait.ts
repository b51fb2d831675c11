/** How long a stop waits for what is under way, ms. A checkpoint is whole or absent wherever its writing is cut off, so waiting longer saves nothing. */
export const STOP_WAIT_MS = 5_000;

/** Resolves when the work has ended, however it did, and after `STOP_WAIT_MS` at the latest. */
export async function waitToStop(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const isTime = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_WAIT_MS)));
  await Promise.race([work.catch(() => undefined), isTime]);
  clearTimeout(timer);
}
