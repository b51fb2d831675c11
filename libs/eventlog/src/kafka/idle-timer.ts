import { internalOf, wrapOnce } from "./kafkajs-internals.js";

/** What the client library keeps of a connection's requests, as far as it matters here. */
export interface RequestQueue {
  /** Requests that are not sent yet. */
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

/**
 * kafkajs 2.2 looks a thousand times a second on each connection whether a request is waiting, also where none is (kafkajs issues 1556 and 1704,
 * `src/network/requestQueue/index.js`): it shows as a process that takes a seventh of a core with nothing to do. A queue that is empty needs no
 * looking after: whatever is put into it begins that anew.
 */
export function stopIdleTimers(): void {
  const { prototype } = internalOf("network/requestQueue") as { readonly prototype: RequestQueue };
  wrapOnce(prototype, "scheduleCheckPendingRequests", onlyWhileRequestsWait);
}

function onlyWhileRequestsWait(
  schedule: RequestQueue["scheduleCheckPendingRequests"],
): RequestQueue["scheduleCheckPendingRequests"] {
  return function () {
    if (this.pending.length > 0) schedule.call(this);
  };
}
