import { setTimeout as delay } from "node:timers/promises";

/** Between two looks, ms. */
const LOOK_MS = 20;

/** Looks again and again until what is looked for is there; throws with the last look's words if it never is. */
export async function until<T>(look: () => Promise<T | undefined>, what: string, maxMs = 15_000): Promise<T> {
  const endMs = performance.now() + maxMs;
  let last = "";
  while (performance.now() < endMs) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
    } catch (error) {
      last = `; last: ${String(error)}`;
    }
    await delay(LOOK_MS);
  }
  throw new Error(`${what}: not within ${maxMs} ms${last}`);
}
