import type { RawIds, ReadCart, ReadClaim } from "@leastwise/contracts";
import { asStacked, readCode, type OfferTerms } from "@leastwise/offers";
import type { Policies } from "@leastwise/references";
import type { COUNTERFEIT_REASONS } from "@leastwise/telemetry";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { isDeepStrictEqual } from "node:util";
import type { Ledger } from "./ledger.js";
import { offerSubject, type OfferSubjects } from "./offer-subject.js";

/** Why a stack is not what it says. Stable; a metric label. */
export type CounterfeitReason = (typeof COUNTERFEIT_REASONS)[number];

/** What is known of codes, and of the groups that the policy has. */
export interface CounterfeitSources extends OfferSubjects {
  readonly ledger: Pick<Ledger, "offerOfCode">;
  readonly policies: Pick<Policies, "active" | "version">;
}

/** A stack that is refused, and why. */
export type Counterfeit = Refusal & { readonly reason: CounterfeitReason };

/** An offer of ours in a stack: as the checkout claims it, and as it was issued. */
export interface ProvenClaim {
  readonly claim: ReadClaim;
  readonly terms: OfferTerms;
  /** Its campaign's stacking group; empty for none. */
  readonly group: string;
  /** The partner's share of what it costs, basis points. */
  readonly partnerShareBp: number;
}

/** A stack as a request has it. */
export type ClaimedStack = Pick<ReadCart, "currency" | "offers" | "claims">;

/**
 * Holds what a stack says of our codes against what was issued, and its groups against the policy in force. The first thing that is wrong with
 * it makes all of it counterfeit.
 *
 * @param ids whose checkout it is. Absent: nobody's, so that no code is theirs
 * @param at path of the offers in the request
 */
export function proveStack(
  sources: CounterfeitSources,
  ids: RawIds | undefined,
  stack: ClaimedStack,
  at: string,
): Result<readonly ProvenClaim[], Counterfeit> {
  const proven: ProvenClaim[] = [];
  const codes = new Set<string>();
  for (const claim of stack.claims ?? []) {
    const one = prove(sources, ids, stack, claim, codes);
    if (!one.ok) return one;
    proven.push(one.value);
  }
  const unknown = unknownGroup(sources, stack, at);
  return unknown === undefined ? ok(proven) : unknown;
}

/** Two offers of one group that are said to be applied together; undefined where there are none. */
export function groupTwice(
  { offers = [] }: ClaimedStack,
  proven: readonly ProvenClaim[],
  at: string,
): Counterfeit | undefined {
  const groups = [...offers, ...proven].flatMap(({ group = "" }) => (group === "" ? [] : [group]));
  const twice = groups.find((group, place) => groups.indexOf(group) < place);
  if (twice === undefined) return undefined;
  return counterfeit("group_twice", at, twice, "at most one offer of a stacking group").error;
}

function prove(
  sources: CounterfeitSources,
  ids: RawIds | undefined,
  stack: ClaimedStack,
  claim: ReadClaim,
  codes: Set<string>,
): Result<ProvenClaim, Counterfeit> {
  const field = `${claim.field}.code`;
  const read = readCode(claim.code);
  const booked = read.ok ? sources.ledger.offerOfCode(read.value.canonical) : undefined;
  if (booked === undefined || booked.state.status === "unknown")
    return counterfeit("unknown_code", field, "a code that nobody was given", "a code that was issued");
  const { terms, status } = booked.state;
  if (codes.has(terms.code)) return counterfeit("code_twice", field, "the same again", "each code once");
  codes.add(terms.code);
  if (ids === undefined || offerSubject(sources, ids, terms) !== terms.subject)
    return counterfeit("foreign_subject", field, "another's", "a code of the subject that it was issued to");
  if (status === "redeemed" || status === "refunded")
    return counterfeit("offer_redeemed", field, "used", "an offer that was not used yet");
  if (status === "expired" || status === "revoked" || sources.clock.nowMs() >= terms.expiresAtMs)
    return counterfeit("offer_expired", field, "over", "an offer whose life is not over");
  const campaign = sources.policies
    .version(booked.policyVersion)
    ?.compiled.campaigns.find(({ campaignId }) => campaignId === terms.campaignId);
  const proven = {
    claim,
    terms,
    group: campaign?.stackingGroup ?? "",
    partnerShareBp: 10_000 - (campaign?.merchantShareBp ?? 10_000),
  };
  const edited = editedTerm(proven, stack);
  if (edited === undefined) return ok(proven);
  return counterfeit("terms_edited", `${claim.field}.${edited}`, "something else", "what was issued, or nothing");
}

/** What a claim says otherwise than it was issued; undefined where it says nothing, or the same. */
function editedTerm(
  { claim, terms, group, partnerShareBp }: ProvenClaim,
  { currency }: ClaimedStack,
): string | undefined {
  const stacked = asStacked(terms.incentive);
  const { claimed, terms: said } = claim;
  if (terms.currency !== currency) return "kind";
  if (said.group !== undefined && said.group !== group) return "group";
  if (said.partnerShareBp !== 0 && said.partnerShareBp !== partnerShareBp) return "partner_share_bp";
  if (said.minBasketMinor !== 0 && said.minBasketMinor !== stacked?.minBasketMinor) return "min_basket";
  if (claimed === undefined) return undefined;
  if (stacked === undefined) return "kind";
  return isDeepStrictEqual({ ...claimed, ...NOT_GIVEN }, { ...stacked, ...NOT_GIVEN }) ? undefined : "kind";
}

/** What says nothing of what an offer gives. */
const NOT_GIVEN = { id: "", priority: 0, group: "", partnerShareBp: 0, minBasketMinor: 0 } as const;

/** Without a policy no group is known to be wrong. */
function unknownGroup(
  { policies }: CounterfeitSources,
  { offers = [] }: ClaimedStack,
  at: string,
): ReturnType<typeof counterfeit> | undefined {
  const groups = policies.active()?.written.policy?.stackingGroups;
  if (groups === undefined) return undefined;
  const offer = offers.find(({ group }) => group !== undefined && !groups.some(({ name }) => name === group));
  if (offer === undefined) return undefined;
  return counterfeit(
    "unknown_group",
    at,
    `${offer.id} of ${offer.group ?? ""}`,
    "a stacking group of the policy in force",
  );
}

function counterfeit(
  reason: CounterfeitReason,
  field: string,
  came: unknown,
  expected: string,
): { readonly ok: false; readonly error: Counterfeit } {
  return err({ ...refusal(reason, field, came, expected), reason });
}
