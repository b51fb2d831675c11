// Writes a segment as fast as it can, in a thread of its own: see windows.test.ts. Uses the built package, as threads run no TypeScript.
import { parentPort, workerData } from "node:worker_threads";
import { createWindowStore } from "@leastwise/windows";

const { memory, watched, passing, rounds, startMs, stepMs } = workerData;
const store = createWindowStore({ memory });

function pageView(atMs, eventId, round) {
  return {
    kind: "page_view",
    atMs,
    receivedAtMs: atMs,
    eventId,
    productId: `product-${round % 40}`,
    units: 0,
    lines: [],
  };
}

for (let round = 0; round < rounds; round += 1) {
  const atMs = startMs + round * stepMs;
  for (const [index, subject] of watched.entries()) {
    store.apply(subject, pageView(atMs, `event-${round}`, round), round * watched.length + index);
  }
  // Others come and go, so that blocks change hands and the index grows beside those who are watched.
  const comes = passing[round % passing.length];
  for (let event = 0; event < 1 + (round % 7); event += 1) {
    store.apply(comes, pageView(atMs, `passing-${round}-${event}`, round), rounds * watched.length + round * 7 + event);
  }
  if (round % 3 === 0) store.forget(passing[(round * 31) % passing.length]);
}
parentPort.postMessage({ digest: store.digest(), applied: store.counts.applied, evicted: store.counts.evicted });
