import type { Evidence } from "../evidence.js";
import type { DecideTold, FaultTold } from "../told.js";
import { each, type Found } from "./check.js";
import { downTimes } from "./down-times.js";
import { isIssue } from "./offers.js";

/** How long after a fault's end an answer may still be degraded, ms: scorers come to an agreement meanwhile. */
export const GRACE_MS = 7_000;

function decides({ told }: Evidence): readonly DecideTold[] {
  return told.filter((line) => line.told === "decide");
}

/** A failed try at a scorer that was itself all the time. One that had been asked to stop may turn new calls away, but may not be silent. */
export function noCallFailed(evidence: Evidence): Found {
  const { told, places } = evidence;
  const times = new Map(places.scorers.map(({ name }) => [name, downTimes(told, name)]));
  return each("no Decide failed at a scorer that was up", decides(evidence), (call) => {
    const { failure, at, requestId, fromMs, toMs } = call;
    if (failure === undefined) return undefined;
    const down = times.get(at)?.find((time) => time.fromMs <= toMs && fromMs <= time.toMs);
    if (down !== undefined && !(down.what === "stopping" && failure.code === "DEADLINE_EXCEEDED")) return undefined;
    return `${requestId} at ${at}, ${stamp(fromMs)}: ${failure.code} ${failure.reason} ${failure.message}`;
  });
}

/** Each question found somebody who answered it. */
export function everyQuestionAnswered(evidence: Evidence): Found {
  const answered = new Set(decides(evidence).flatMap(({ answer, requestId }) => (answer ? [requestId] : [])));
  const asked = new Set(decides(evidence).map(({ requestId }) => requestId));
  return each("every checkout got an answer from somebody", asked, (requestId) =>
    answered.has(requestId) ? undefined : requestId,
  );
}

/** Degraded answers are for faults and a little while after them. */
export function degradedOnlyInFaults(evidence: Evidence): Found {
  const faults = evidence.told.filter((line): line is FaultTold => line.told === "fault");
  const calm = decides(evidence).filter(
    ({ fromMs, toMs }) => !faults.some((fault) => fault.fromMs <= toMs && fromMs <= fault.toMs + GRACE_MS),
  );
  return each(`no answer was degraded outside faults and ${GRACE_MS / 1_000} s after them`, calm, (call) => {
    const { answer, requestId, at, fromMs, toMs } = call;
    if (answer?.freshness !== "degraded") return undefined;
    const before = faults.filter((fault) => fault.toMs < fromMs).at(-1);
    const since = before === undefined ? "" : `, ${fromMs - before.toMs} ms after ${before.kind}`;
    return `${requestId} at ${at}, ${stamp(fromMs)}${since}: ${answer.degradedReason} in ${toMs - fromMs} ms`;
  });
}

/** Who knows that another owner may follow, and whoever answers in the owner's place, gives nothing new. */
export function nothingNewWithoutOwner(evidence: Evidence): Found {
  const issuedBy = new Map(
    evidence.decisions.flatMap(({ record }) => (isIssue(record) ? [[record.offer.offerId, record.requestId]] : [])),
  );
  const careful = decides(evidence).filter(
    ({ answer }) => answer?.degradedReason === "owner_changing" || answer?.freshness === "degraded",
  );
  return each("answers that are degraded, or of an owner that changes, give nothing new", careful, (call) => {
    const offerId = call.answer?.offer?.offerId;
    if (offerId === undefined) return undefined;
    const requestId = issuedBy.get(offerId);
    if (requestId === undefined) return `${call.requestId}: offer ${offerId} was never issued`;
    // The same question again gets the same answer; another one's offer was there before.
    const isRepeat = decides(evidence).some(
      (told) => told !== call && told.requestId === requestId && told.fromMs <= call.toMs,
    );
    return isRepeat ? undefined : `${call.requestId}: offer ${offerId} was issued by this answer`;
  });
}

function stamp(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23);
}
