import {
  cartLimits,
  goodsMinor,
  leftByOffers,
  rowsOfLines,
  type CartLimits,
  type CatalogRow,
  type LeftCart,
} from "@leastwise/offers";
import { cartDigest, decisionIdOf } from "./digests.js";
import type { DecisionInput } from "./input.js";
import type { CompiledModel } from "./model/response-model.js";
import type { CompiledPolicy } from "./policy/compile.js";
import type { DecisionState } from "./state/decision-state.js";
import { stateAt } from "./state/state-at.js";

/** A decision's input with what several steps need of it, computed once. */
export interface Situation extends DecisionInput {
  readonly decisionId: string;
  readonly cartDigest: string;
  /** What of the subject's state stands at this instant. */
  readonly decisionState: DecisionState;
  /** What the shopper would pay for the goods before any offer. */
  readonly goodsMinor: number;
  /** The cart as the other offers in it leave it without us. */
  readonly left: LeftCart;
  /** The catalog's rows in the order of the cart's lines. */
  readonly rows: readonly (CatalogRow | undefined)[];
  /** What the policy's guardrails leave of the cart. */
  readonly limits: CartLimits;
  /** Issue of new offers is stopped, by the owner or by the policy. */
  readonly stopped: boolean;
}

/**
 * Computes it for an input whose policy, model and features are there. Features are only ever appended to the catalogue: what is beyond the end of a
 * vector from before is absent. A longer one is of a catalogue that nobody here knows, and a RangeError.
 */
export function situationOf(input: DecisionInput): Situation {
  const { policy, model, features, killSwitch } = input;
  if (features.values.length > policy.featureCount)
    throw new RangeError(
      `${String(features.values.length)} features came, the policy was compiled for ${String(policy.featureCount)}`,
    );
  return situationUnder(input, policy, model, killSwitch || policy.killSwitch);
}

/** Computes it under a given policy and model. Written out field by field: it is on the path of every decision. */
export function situationUnder(
  input: Omit<DecisionInput, "policy" | "model">,
  policy: CompiledPolicy,
  model: CompiledModel,
  stopped: boolean,
): Situation {
  const { cart, cause, subject, nowMs, catalog } = input;
  const digest = cartDigest(cart);
  const rows = rowsOfLines(cart.lines, catalog);
  return {
    cause,
    subject,
    assignmentKey: input.assignmentKey,
    nowMs,
    clock: input.clock,
    cart,
    channel: input.channel,
    device: input.device,
    place: input.place,
    partnerSegments: input.partnerSegments,
    proposedClass: input.proposedClass,
    features: input.features,
    profile: input.profile,
    consent: input.consent,
    exchanges: input.exchanges,
    catalog,
    decisionState: stateAt(input.decisionState, nowMs),
    budgets: input.budgets,
    explorationSpentMinor: input.explorationSpentMinor,
    decisionsPerRung: input.decisionsPerRung,
    realisedMargins: input.realisedMargins,
    offersLeft: input.offersLeft,
    policy,
    model,
    modelAnswer: input.modelAnswer,
    killSwitch: input.killSwitch,
    earlierRules: input.earlierRules,
    observeOnly: input.observeOnly,
    language: input.language,
    codeKey: input.codeKey,
    freshness: input.freshness,
    ages: input.ages,
    decisionId: decisionIdOf(cause, subject, digest, nowMs, input.decisionState),
    cartDigest: digest,
    goodsMinor: goodsMinor(cart),
    left: leftByOffers(cart, policy.rounding),
    rows,
    limits: cartLimits(cart, rows, policy.guardrails.cart),
    stopped,
  };
}
