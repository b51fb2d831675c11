import type { Situation } from "./situation.js";
import type { RecentAnswer } from "./state/decision-state.js";
import { REPEAT_SPAN_MS } from "./state/evolve.js";

/**
 * The earlier answer that a call is to get again: the same caller's same request id within 24 hours, as long as the answer
 * is among the newest that the state keeps; without a request id the same cart within the same episode, for as long as that
 * answer stands.
 */
export function repeatedAnswer({ decisionState, cause, cartDigest, nowMs }: Situation): RecentAnswer | undefined {
  if (cause.requestId !== "")
    return decisionState.recent.findLast(
      ({ caller, requestId, atMs }) =>
        requestId === cause.requestId && caller === cause.caller && nowMs < atMs + REPEAT_SPAN_MS,
    );
  // An offer outlives the episode that it was issued in, and so does the answer that shows it.
  const episodes = [decisionState.episode?.id, ...decisionState.open.map((held) => held.episodeId)];
  const standing = standingAnswer(decisionState.recent, episodes, cartDigest, nowMs);
  return standing?.answer.offer === undefined || isOpen(decisionState.open, standing.answer.offer.offerId)
    ? standing
    : undefined;
}

/** The newest answer for the same cart within one of the episodes, while it stands. */
export function standingAnswer(
  recent: readonly RecentAnswer[],
  episodeIds: readonly (string | undefined)[],
  cartDigest: string,
  nowMs: number,
): RecentAnswer | undefined {
  return recent.findLast(
    (answer) =>
      answer.episodeId !== "" &&
      episodeIds.includes(answer.episodeId) &&
      answer.cartDigest === cartDigest &&
      nowMs < answer.answer.validUntilMs,
  );
}

function isOpen(open: Situation["decisionState"]["open"], offerId: string): boolean {
  return open.some((held) => held.offer.offerId === offerId);
}
