import type { DecisionState, Episode, Grant, OpenOffer } from "./decision-state.js";

/**
 * What of a state stands at an instant: the episode if it still goes on, the offers that are good, and what grants cost by now. What time and
 * orders have ended is left out.
 */
export function stateAt(state: DecisionState, nowMs: number): DecisionState {
  const { enrolments, episode, orders, recent, invited } = state;
  if (state.history.length === 0 && state.open.length === 0 && episode === undefined) return state;
  const goesOn = episode !== undefined && nowMs < episode.endsAtMs && !isEnded(episode, state);
  const history = state.history.map((grant) => (hasRunOut(grant, orders, nowMs) ? { ...grant, costMinor: 0 } : grant));
  const used = new Set(history.filter((grant) => isUsed(grant, orders)).map(({ offerId }) => offerId));
  const open = state.open.filter(({ offer }) => nowMs < offer.expiresAtMs && !used.has(offer.offerId));
  const lasting = { enrolments, open, history, orders, recent, ...(invited && { invited }) };
  return goesOn ? { ...lasting, episode } : lasting;
}

/**
 * The state as it was at an earlier instant, as far as it still tells: without what came later. What an offer came to since is known by now, and an episode that has been
 * followed by another is forgotten.
 */
export function stateBefore(state: DecisionState, atMs: number): DecisionState {
  const { enrolments, episode, open, history, orders, recent, invited = [] } = state;
  const answers = recent.filter((answer) => answer.atMs <= atMs);
  const hadBegun = episode !== undefined && answers.some(({ episodeId }) => episodeId === episode.id);
  const invitedByThen = invited.filter((one) => one.atMs <= atMs);
  const isAsOfThen = recent.every((answer) => answer.atMs <= atMs || answer.episodeId !== episode?.id);
  return {
    enrolments: enrolments.filter(({ enrolledAtMs }) => enrolledAtMs <= atMs),
    ...(hadBegun && { episode: isAsOfThen ? episode : asItBegan(episode) }),
    open: open.filter(({ offer }) => offer.issuedAtMs <= atMs),
    history: history.filter((grant) => grant.atMs <= atMs),
    orders: orders.filter((orderMs) => orderMs <= atMs),
    recent: answers,
    ...(invitedByThen.length > 0 && { invited: invitedByThen }),
  };
}

/** Without what its later answers found. */
function asItBegan({ id, ordersFromMs, endsAtMs, draw, propensity }: Episode): Episode {
  return { id, ordersFromMs, endsAtMs, draw, propensity, exploit: { campaignId: "", rung: 0 } };
}

/** The state without what was withheld: what the subject has really been given. */
export function withoutWithheld(state: DecisionState): DecisionState {
  const open = state.open.filter(({ withheld }: OpenOffer) => !withheld);
  return { ...state, open, history: state.history.filter(({ withheld }) => withheld === undefined) };
}

/** An order or the end of an offer that was given in it ends an episode. */
function isEnded({ id, ordersFromMs }: Episode, { orders, history }: DecisionState): boolean {
  return (
    orders.some((orderMs) => orderMs >= ordersFromMs) ||
    history.some(({ episodeId, ended }) => ended && episodeId === id)
  );
}

/** A withheld offer that no order would have used costs nothing from its end on, like its twin. */
function hasRunOut(grant: Grant, orders: readonly number[], nowMs: number): boolean {
  return grant.withheld !== undefined && nowMs >= grant.withheld.expiresAtMs && !isUsed(grant, orders);
}

/** An order within its life would have used the withheld offer. */
function isUsed({ withheld }: Grant, orders: readonly number[]): boolean {
  return (
    withheld !== undefined &&
    orders.some((orderMs) => orderMs >= withheld.ordersFromMs && orderMs < withheld.expiresAtMs)
  );
}
