import { formatPosition, parsePosition, type wire } from "@leastwise/contracts";
import { bucketOf, partitionOfBucket } from "@leastwise/vocabulary";
import { setTimeout as delay } from "node:timers/promises";
import { FINAL_CALLER, shopperOf, subjectOf } from "./checks/events.js";
import { Doors } from "./doors.js";
import { clickstreamEnds } from "./evidence.js";
import { answerTold } from "./load.js";
import { CURRENCY } from "./policy.js";
import { PARTITIONS, type Places } from "./system.js";
import type { Ids, Told } from "./told.js";

/** How long the system may take until all scorers answer for everybody as if nothing had been, ms. */
const QUIET_WITHIN_MS = 60_000;

/** So many ask at once. */
const ASKERS = 6;

const DECIDE_MAX_MS = 5_000;
const AGAIN_AFTER_MS = 100;

/**
 * Asks for each shopper once more, after everything that stands on the clickstream, until the answer is fresh: what the windows have counted
 * stands in its record. Rejects, with the last answer, where somebody gets none in time.
 */
export async function askForEverybody(places: Places, told: readonly Told[]): Promise<void> {
  const positionOf = await newestPositions(places, told);
  const everybody = new Map<string, Ids>();
  for (const line of told) {
    if (line.told !== "event") continue;
    const name = shopperOf(line.ids);
    everybody.set(name, line.kind === "login" ? { userId: `user-${name}` } : line.ids);
  }
  const deadlineMs = Date.now() + QUIET_WITHIN_MS;
  const left = [...everybody].entries();
  const ask = async () => {
    const doors = new Doors(places.scorers);
    for (const [index, [name, ids]] of left) {
      const request = { caller: FINAL_CALLER, subject: ids, cart: CART, after: positionOf(ids), maxWaitMs: 1_000 };
      await untilFresh(doors, index, { ...request, requestId: `final-${name}` }, deadlineMs);
    }
    doors.close();
  };
  await Promise.all(Array.from({ length: ASKERS }, ask));
}

async function untilFresh(
  doors: Doors,
  index: number,
  request: wire.DeepPartial<wire.DecideRequest>,
  deadlineMs: number,
): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    const at = doors.from(index + tried)[0] ?? "";
    const requestId = `${request.requestId ?? ""}-${tried}`;
    const heard = await doors.decide(at, { ...request, requestId }, DECIDE_MAX_MS);
    if (heard.ok && answerTold(heard.value).freshness === "fresh") return;
    if (Date.now() > deadlineMs) {
      const last = heard.ok ? JSON.stringify(answerTold(heard.value)) : `${heard.error.code} ${heard.error.message}`;
      throw new Error(`no quiet within ${QUIET_WITHIN_MS} ms: ${requestId} at ${at}: ${last}`);
    }
    await delay(AGAIN_AFTER_MS);
  }
}

/**
 * For each shopper, a position behind everything that stands on their partition of the clickstream now. Of other partitions nothing is asked: their
 * owner knows nothing of them.
 */
async function newestPositions(places: Places, told: readonly Told[]): Promise<(ids: Ids) => string> {
  const one = told.find((line) => line.told === "event" && line.position !== "");
  const known = parsePosition(one?.told === "event" ? one.position : "");
  if (!known.ok) throw new Error("no event was acknowledged");
  const { incarnation } = known.value;
  const ends = await clickstreamEnds(places);
  return (ids) => {
    const partition = partitionOfBucket(bucketOf(subjectOf(ids)), PARTITIONS);
    return formatPosition({ incarnation, offsets: new Map([[partition, ends.get(partition) ?? 0]]) });
  };
}

const CART = {
  lines: [{ productId: "p-3", quantity: 1n, unitPrice: { minor: 3_093n, currency: CURRENCY } }],
  shipping: { minor: 495n, currency: CURRENCY },
};
