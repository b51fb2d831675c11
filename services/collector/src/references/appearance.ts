import { setTimeout as delay } from "node:timers/promises";

/** How long what is written is waited for. It is in force then, be it that this process has yet to see it. */
const APPEARS_MAX_MS = 5_000;

/** Resolves when a version is in force here, or has not come in time. */
export async function appearance(
  following: { readonly appears: (version: string) => Promise<void> },
  version: string,
): Promise<void> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const late = delay(APPEARS_MAX_MS, undefined, { signal, ref: false });
  // Neither an end of the following nor the end of the wait undoes what is durable.
  await Promise.race([following.appears(version), late]).catch(() => undefined);
  late.catch(() => undefined);
  waiting.abort();
}
