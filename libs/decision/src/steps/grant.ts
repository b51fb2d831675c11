import type { Millis } from "@leastwise/vocabulary";
import type { Hold } from "../decision.js";
import { holdsOf } from "../holds.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { DecisionReason } from "../reasons.js";
import { NEVER_MS } from "../record.js";
import type { Situation } from "../situation.js";
import type { IssuedOffer } from "../state/decision-state.js";
import type { LadderRung } from "./ladder.js";
import { issueOffer, offerEndMs, offerOnCart, wantedOf, type Granted } from "./offer.js";
import type { Owed } from "./owed.js";

/** What the checkout is given. */
export interface Grant {
  /** Undefined: nothing. */
  readonly offer: IssuedOffer | undefined;
  /** What is newly held for it; 0 where nothing is. */
  readonly heldMinor: number;
  readonly budgetId: string;
  /** What of it each budget holds. */
  readonly holds: readonly Hold[];
  /** First instant at which what is newly withheld would have run out; 0 where nothing is. */
  readonly withheldUntilMs: Millis;
}

/** The rung that is given, with what it would be worth if nothing shortened it; undefined: as much. */
export interface ChosenRung extends Pick<LadderRung, "campaign" | "incentive" | "worthMinor" | "worstCostMinor"> {
  readonly wantedMinor: number | undefined;
}

/** Issues the chosen rung; where none was chosen, or it is withheld, what the shopper is owed in every arm. */
export function grantStep(
  situation: Situation,
  chosen: ChosenRung | undefined,
  owed: Owed | undefined,
  ghost: boolean,
): Grant {
  const withheld = chosen !== undefined && (ghost || situation.observeOnly);
  if (chosen !== undefined && !withheld) return issued(situation, chosen.campaign, chosen, chosen.worstCostMinor);
  const grant = grantOwed(situation, owed);
  return chosen === undefined ? grant : { ...grant, withheldUntilMs: offerEndMs(situation, chosen.campaign) };
}

/** Gives what the shopper is owed: the offer of it that is open, or a new one. */
export function grantOwed(situation: Situation, owed: Owed | undefined): Grant {
  if (owed === undefined) return shown(undefined);
  if (owed.open !== undefined) return shown(offerOnCart(situation, owed.open.offer, owed.appraisal.worthMinor));
  if (situation.observeOnly) return shown(undefined);
  const { campaign, incentive, worstCostMinor } = owed;
  const { worthMinor } = owed.appraisal;
  const granted = { incentive, worthMinor, wantedMinor: wantedOf(situation, incentive, worthMinor) };
  return issued(situation, campaign, granted, worstCostMinor);
}

/** Shows what was given before, or nothing: nothing is newly held. */
export function shown(offer: IssuedOffer | undefined): Grant {
  return { offer, heldMinor: 0, budgetId: "", holds: [], withheldUntilMs: NEVER_MS };
}

function issued(situation: Situation, campaign: CompiledCampaign, granted: Granted, worstCostMinor: number): Grant {
  return {
    ...shown(issueOffer(situation, campaign, granted)),
    heldMinor: worstCostMinor,
    budgetId: campaign.budgetId,
    holds: holdsOf(campaign, worstCostMinor, situation.nowMs),
  };
}

/** What the reason of a decision depends on. */
export interface Outcome {
  readonly isForeign: boolean;
  readonly weighed: number;
  readonly admissible: number;
  readonly exploit: number;
  readonly drawn: number;
  readonly ghost: boolean;
  readonly owed: boolean;
}

/** Why the decision came out as it did. */
export function reasonOf(situation: Situation, outcome: Outcome): DecisionReason {
  if (outcome.drawn > 0) {
    if (outcome.ghost) return "holdout";
    return situation.observeOnly ? "observe_only" : "granted";
  }
  if (outcome.isForeign)
    return situation.cart.currency === situation.policy.currency ? "foreign_price_basis" : "foreign_currency";
  if (outcome.owed) return "entitlement";
  if (outcome.weighed === 0) return "not_eligible";
  if (situation.stopped) return "kill_switch";
  if (outcome.admissible === 0) return "no_admissible_rung";
  return outcome.exploit > 0 ? "explored_none" : "least_is_none";
}
