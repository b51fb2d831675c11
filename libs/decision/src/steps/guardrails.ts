import type { CartGuardrailReason } from "@leastwise/offers";
import { budget, leasesOf } from "../guardrails/budget.js";
import { cartGuardrails } from "../guardrails/cart.js";
import { coolDown } from "../guardrails/cool-down.js";
import { frequencyCap, incentivesCap } from "../guardrails/frequency-cap.js";
import { killSwitch } from "../guardrails/kill-switch.js";
import { marginBreaker } from "../guardrails/margin-breaker.js";
import { openOffers } from "../guardrails/open-offers.js";
import { quantity } from "../guardrails/quantity.js";
import { givenMinor, subjectMax } from "../guardrails/subject-max.js";
import type { CompiledCampaign } from "../policy/compile.js";
import type { Situation } from "../situation.js";
import type { LadderRung } from "./ladder.js";

/**
 * What must never happen, whatever a model says: the first guardrail that a rung would break blocks it. What is the same for all rungs, or
 * for those of a campaign, which come one after the other, is asked once.
 */
export function guardrailsStep(situation: Situation, rungs: readonly LadderRung[]): void {
  const stopped = killSwitch(situation);
  const given = givenMinor(situation);
  const tooMany = incentivesCap(situation);
  const tooSoon = coolDown(situation);
  const full = openOffers(situation);
  const onCart = new OnCart(situation);
  let of: ReturnType<typeof campaignTerms> | undefined;
  for (const rung of rungs) {
    if (of?.campaign !== rung.campaign) of = campaignTerms(situation, rung.campaign);
    rung.blockedBy ??=
      stopped ??
      of.broken ??
      onCart.broken(rung) ??
      subjectMax(situation, given, rung.worstCostMinor) ??
      of.tooOften ??
      tooMany ??
      tooSoon ??
      full ??
      of.soldOut ??
      budget(of.campaign, of.leases, rung.worstCostMinor);
  }
}

/** Guardrails of the cart are the policy's, but for campaigns with a margin floor of their own: of rungs that give the same they are asked once. */
class OnCart {
  readonly #situation: Situation;
  /** By the place of what is given; null: none is broken. */
  readonly #known: (CartGuardrailReason | null | undefined)[] = [];

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  broken(rung: LadderRung): CartGuardrailReason | undefined {
    if (rung.campaign.guardrails !== this.#situation.policy.guardrails.cart)
      return cartGuardrails(this.#situation, rung);
    const known = this.#known[rung.given.place];
    if (known !== undefined) return known ?? undefined;
    const broken = cartGuardrails(this.#situation, rung);
    this.#known[rung.given.place] = broken ?? null;
    return broken;
  }
}

function campaignTerms(situation: Situation, campaign: CompiledCampaign) {
  return {
    campaign,
    broken: marginBreaker(situation, campaign),
    tooOften: frequencyCap(situation, campaign),
    soldOut: quantity(situation, campaign),
    leases: leasesOf(situation, campaign),
  };
}
