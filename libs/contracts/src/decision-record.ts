import {
  BLOCK_REASONS,
  consentStep,
  DECISION_REASONS,
  DEGRADED_REASONS,
  encodeRecordedState,
  type Answer,
  type Candidate,
  type ClassFreshness,
  type ConsentExchange,
  type Decision,
  type DecisionFacts,
  type DegradedReason,
  type Freshness,
  type IssuedOffer,
  type Profile,
  type RecordableInput,
} from "@leastwise/decision";
import type { Cart, CatalogRow } from "@leastwise/offers";
import { isCurrencyCode, PERSONAL_DATA_CLASSES, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { channelOfName, deviceOfName, purposeName, purposeOfName } from "./enum-names.js";
import type { UnwrittenDecision } from "./decision-encoding.js";
import { given } from "./given.js";
import { incentiveOf, incentiveToWire } from "./incentive.js";
import { moneyOf } from "./money.js";
import { priceBasisOf, priceBasisToWire } from "./price-basis.js";
import { stackOfferToWire } from "./stack-offers.js";
import * as wire from "./wire.js";

/** A decision as it stands on the log: with all of its inputs, so that it can be made again. */
export function decisionRecord(decision: Decision, input: RecordableInput): wire.DecisionRecord {
  const { weighed, ...record } = unwrittenDecision(decision, input);
  const { candidates, currency } = weighed;
  return { ...record, candidates: candidates.map((candidate) => candidateToWire(candidate, currency)) };
}

/** The same on its way to the log, to be written by `encodeDecision`. Written out field by field: it is on the path of every decision. */
export function unwrittenDecision(decision: Decision, input: RecordableInput) {
  const { currency } = decision.cart;
  const { profile } = consentStep(input);
  return {
    decisionId: decision.decisionId,
    subject: decision.subject,
    assignmentKey: decision.assignmentKey,
    decidedAtMs: BigInt(decision.decidedAtMs),
    clock: decision.clock,
    caller: decision.caller,
    requestId: decision.requestId,
    sessionId: decision.sessionId,
    cart: cartToWire(decision),
    cartDigest: decision.cartDigest,
    channel: channelOfName(decision.channel) ?? wire.Channel.CHANNEL_UNSPECIFIED,
    device: deviceOfName(decision.device) ?? wire.Device.DEVICE_UNSPECIFIED,
    features: featuresToWire(decision),
    consent: decision.consent.flatMap((purpose) => purposeOfName(purpose) ?? []),
    enrolments: enrolmentsToWire(decision),
    episodeId: decision.episodeId,
    continued: decision.continued,
    candidates: [],
    chosen: decision.chosen,
    exploit: decision.exploit,
    draw: BigInt(decision.draw),
    propensity: decision.propensity,
    ghost: decision.ghost,
    offer: decision.offer && offerToWire(decision.offer, wire.OfferStatus.OFFER_STATUS_ISSUED),
    held: decision.heldMinor === 0 ? undefined : { minor: BigInt(decision.heldMinor), currency },
    budgetId: decision.budgetId,
    reason: decision.reason,
    freshness: FRESHNESS[decision.freshness],
    degradedReason: decision.degradedReason,
    policyVersion: decision.policyVersion,
    modelVersion: decision.modelVersion,
    horizonMs: BigInt(decision.horizonMs),
    message: decision.message,
    segments: [...decision.segments],
    personalDataUsed: decision.personalDataUsed,
    validUntilMs: BigInt(decision.validUntilMs),
    catalog: decision.catalog.map(catalogView),
    profileDigest: decision.profileDigest,
    observeOnly: decision.observeOnly,
    decisionState: Buffer.from(encodeRecordedState(input)),
    explorationCostMinor: BigInt(decision.explorationCostMinor),
    profile: profile && profileToWire(profile),
    withheldUntilMs: BigInt(decision.withheldUntilMs),
    lastOrderMs: BigInt(decision.lastOrderMs),
    // Who writes it to the log says under which epoch.
    ownerEpoch: 0n,
    holds: decision.holds.map(({ minor, ...hold }) => ({ ...hold, amount: { minor: BigInt(minor), currency } })),
    partnerSegments: [...decision.partnerSegments],
    proposedClass: decision.proposedClass,
    policyPrices: priceBasisToWire(decision.policyPrices),
    personalDataClasses: [...decision.personalDataClasses],
    disclosure: decision.disclosure,
    classFreshness: decision.classFreshness.map(readClassToWire),
    consentExchange: decision.consentExchange && exchangeToWire(decision.consentExchange),
    weighed: { candidates: decision.candidates, currency },
  } satisfies UnwrittenDecision;
}

function enrolmentsToWire({ enrolments }: Decision): wire.Enrolment[] {
  return enrolments.map(({ experimentId, arm, enrolledAtMs, first, holdoutBp }) => ({
    experimentId,
    arm,
    enrolledAtMs: BigInt(enrolledAtMs),
    first,
    holdoutBp,
  }));
}

function featuresToWire({ features }: Decision): wire.FeatureSnapshot {
  return {
    catalogue: features.catalogue,
    values: Array.from(features.values),
    asOfOffset: BigInt(features.asOfOffset),
    partition: features.partition,
  };
}

const FRESHNESS = {
  fresh: wire.Freshness.FRESHNESS_FRESH,
  stale: wire.Freshness.FRESHNESS_STALE,
  degraded: wire.Freshness.FRESHNESS_DEGRADED,
} as const;

/** An answer as the checkout gets it. */
export function answerToWire(answer: Answer, staleMs: number): wire.DecideResponse {
  return {
    decisionId: answer.decisionId,
    offer: answer.offer && offerToWire(answer.offer, wire.OfferStatus.OFFER_STATUS_ISSUED),
    message: answer.message,
    freshness: FRESHNESS[answer.freshness],
    staleMs: BigInt(staleMs),
    degradedReason: answer.degradedReason,
    policyVersion: answer.policyVersion,
    personalDataUsed: answer.personalDataUsed,
    personalDataClasses: [...(answer.personalDataClasses ?? [])],
    disclosure: answer.disclosure ?? "",
    classFreshness: allClassesToWire(answer),
    consentExchange: answer.consentExchange && exchangeToWire(answer.consentExchange),
    validUntilMs: BigInt(answer.validUntilMs),
  };
}

/** Each class of personal data once: those of which nothing was there to be read are at their default. */
function allClassesToWire({ classFreshness = [] }: Answer): wire.ClassFreshness[] {
  return TOLD_CLASSES.map((dataClass) => {
    const read = classFreshness.find((known) => known.dataClass === dataClass);
    return read === undefined ? atDefault(dataClass) : readClassToWire(read);
  });
}

const TOLD_CLASSES = PERSONAL_DATA_CLASSES.filter((dataClass) => dataClass !== "none");

function atDefault(dataClass: string): wire.ClassFreshness {
  return { dataClass, state: wire.ClassState.CLASS_STATE_DEFAULT, lagMs: 0n, newestAgeMs: undefined };
}

function readClassToWire({ dataClass, lagMs = 0, newestAgeMs }: ClassFreshness): wire.ClassFreshness {
  const { CLASS_STATE_FRESH, CLASS_STATE_STALE } = wire.ClassState;
  return {
    dataClass,
    state: lagMs > 0 ? CLASS_STATE_STALE : CLASS_STATE_FRESH,
    lagMs: BigInt(lagMs),
    newestAgeMs: bigintOf(newestAgeMs),
  };
}

function classFreshnessOf({ dataClass, lagMs, newestAgeMs }: wire.ClassFreshness): readonly ClassFreshness[] {
  const known = TOLD_CLASSES.find((name) => name === dataClass);
  if (known === undefined) return [];
  return [
    {
      dataClass: known,
      ...given("lagMs", lagMs === 0n ? undefined : Number(lagMs)),
      ...given("newestAgeMs", newestAgeMs === undefined ? undefined : Number(newestAgeMs)),
    },
  ];
}

function exchangeToWire(exchange: ConsentExchange): wire.ConsentExchange {
  const { campaignId, purposes, incentive, currency, worthMinor, words } = exchange;
  return {
    campaignId,
    purposes: purposes.flatMap((purpose) => purposeOfName(purpose) ?? []),
    incentive: incentiveToWire(incentive),
    worth: { minor: BigInt(worthMinor), currency },
    words,
  };
}

/** An invitation of a record that was checked when it was written. */
function exchangeOf({ campaignId, purposes, incentive, worth, words }: wire.ConsentExchange): ConsentExchange {
  if (incentive === undefined || worth === undefined) throw new RangeError("an exchange on the log is whole");
  const { minor, currency } = moneyOf(worth);
  return {
    campaignId,
    purposes: purposes.flatMap((purpose) => purposeName(purpose) ?? []),
    incentive: incentiveOf(incentive),
    currency,
    worthMinor: minor,
    words,
  };
}

/** An offer on the wire. */
export function offerToWire(offer: IssuedOffer, status: wire.OfferStatus): wire.Offer {
  return {
    offerId: offer.offerId,
    code: offer.code,
    campaignId: offer.campaignId,
    incentive: incentiveToWire(offer.incentive),
    faceValue: { minor: BigInt(offer.faceValueMinor), currency: offer.currency },
    wanted:
      offer.wantedMinor === undefined ? undefined : { minor: BigInt(offer.wantedMinor), currency: offer.currency },
    issuedAtMs: BigInt(offer.issuedAtMs),
    expiresAtMs: BigInt(offer.expiresAtMs),
    status,
    // Only answers have it.
    token: "",
  };
}

function cartToWire({ cart }: Decision): wire.Cart {
  const money = (minor: number): wire.Money => ({ minor: BigInt(minor), currency: cart.currency });
  return {
    lines: cart.lines.map(({ productId, quantity, unitPriceMinor, discountMinor }) => ({
      productId,
      quantity: BigInt(quantity),
      unitPrice: money(unitPriceMinor),
      discount: discountMinor === undefined || discountMinor === 0 ? undefined : money(discountMinor),
    })),
    shipping: cart.shippingMinor === 0 ? undefined : money(cart.shippingMinor),
    paymentMethod: cart.paymentMethod ?? "",
    prices: priceBasisToWire(cart.prices),
    offers: [
      ...(cart.offers ?? []).map((offer) => stackOfferToWire(offer, cart.currency)),
      ...(cart.claims ?? []).map(({ id, code }) => ({ ...NO_TERMS, offerId: id, code })),
    ],
  };
}

/** Of an offer of ours the book has the terms. */
const NO_TERMS = { kind: undefined, priority: 0, group: "", minBasket: undefined, partnerShareBp: 0 } as const;

/** A rung on the wire. */
export function candidateToWire(candidate: Candidate, currency: CurrencyCode): wire.Candidate {
  const money = (minor: number): wire.Money => ({ minor: BigInt(minor), currency });
  return {
    campaignId: candidate.campaignId,
    rung: candidate.rung,
    incentive: candidate.incentive && incentiveToWire(candidate.incentive),
    depthBp: candidate.depthBp,
    faceValue: money(candidate.faceValueMinor),
    wanted: candidate.wantedMinor === undefined ? undefined : money(candidate.wantedMinor),
    expectedCost: money(candidate.expectedCostMinor),
    worstCost: money(candidate.worstCostMinor),
    conversion: candidate.conversion,
    valueMinor: candidate.valueMinor,
    evidence: candidate.evidence,
    weight: BigInt(candidate.weight),
    blockedBy: candidate.blockedBy,
    isOwed: candidate.isOwed === true,
  };
}

function catalogView(row: CatalogRow): wire.CatalogView {
  return {
    productId: row.productId,
    unitCostMinor: bigintOf(row.unitCostMinor),
    floorPriceMinor: bigintOf(row.floorPriceMinor),
    maxDiscountBp: row.maxDiscountBp,
    inventory: bigintOf(row.inventory),
    perishableUntilMs: bigintOf(row.perishableUntilMs),
    category: row.category ?? "",
    brand: row.brand ?? "",
    taxBp: row.taxBp,
  };
}

function profileToWire(profile: Profile): wire.Profile {
  return {
    loyaltyTier: profile.loyaltyTier,
    member: profile.member,
    customerSinceMs: bigintOf(profile.customerSinceMs),
    birthday: profile.birthday,
    tags: [...profile.tags],
    attributes: { ...profile.attributes },
  };
}

function bigintOf(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}

/** What of a recorded decision moves the subject's state and the owner's books, to fold them again from the log. */
export function decisionFacts(record: UnwrittenDecision): DecisionFacts {
  return {
    decisionId: record.decisionId,
    decidedAtMs: Number(record.decidedAtMs) as Millis,
    caller: record.caller,
    requestId: record.requestId,
    cart: cartOf(record),
    cartDigest: record.cartDigest,
    enrolments: record.enrolments.map(({ experimentId, arm, enrolledAtMs, first, holdoutBp }) => ({
      experimentId,
      arm: arm === "holdout" ? ("holdout" as const) : ("treatment" as const),
      enrolledAtMs: Number(enrolledAtMs) as Millis,
      first,
      holdoutBp,
    })),
    episodeId: record.episodeId,
    continued: record.continued,
    candidates: record.weighed?.candidates ?? record.candidates.map(candidateOf),
    chosen: record.chosen,
    exploit: record.exploit,
    draw: Number(record.draw),
    propensity: record.propensity,
    ghost: record.ghost,
    observeOnly: record.observeOnly,
    offer: record.offer && offerOf(record.offer),
    withheldUntilMs: Number(record.withheldUntilMs) as Millis,
    lastOrderMs: Number(record.lastOrderMs) as Millis,
    freshness: freshnessOf(record.freshness),
    degradedReason: isDegradedReason(record.degradedReason) ? record.degradedReason : "",
    reason: DECISION_REASONS.find((reason) => reason === record.reason) ?? "degraded",
    policyVersion: record.policyVersion,
    policyPrices: priceBasisOf(record.policyPrices),
    message: record.message,
    personalDataUsed: record.personalDataUsed,
    personalDataClasses: PERSONAL_DATA_CLASSES.filter((dataClass) => record.personalDataClasses.includes(dataClass)),
    disclosure: record.disclosure,
    classFreshness: record.classFreshness.flatMap(classFreshnessOf),
    consentExchange: record.consentExchange && exchangeOf(record.consentExchange),
    consent: record.consent.flatMap((purpose) => purposeName(purpose) ?? []),
    validUntilMs: Number(record.validUntilMs) as Millis,
  };
}

/** An offer that a newer version of the program may have written; undefined: what it gives is not known here. */
export function knownOfferOf(offer: wire.Offer): IssuedOffer | undefined {
  return offer.incentive?.kind === undefined || offer.faceValue === undefined ? undefined : offerOf(offer);
}

/** An offer of a record that was checked when it was written. */
export function offerOf(offer: wire.Offer): IssuedOffer {
  if (offer.incentive === undefined || offer.faceValue === undefined)
    throw new RangeError("an offer on the log is whole");
  const { minor, currency } = moneyOf(offer.faceValue);
  return {
    offerId: offer.offerId,
    code: offer.code,
    campaignId: offer.campaignId,
    incentive: incentiveOf(offer.incentive),
    currency,
    faceValueMinor: minor,
    ...given("wantedMinor", offer.wanted && Number(offer.wanted.minor)),
    issuedAtMs: Number(offer.issuedAtMs) as Millis,
    expiresAtMs: Number(offer.expiresAtMs) as Millis,
  };
}

function cartOf({ cart }: wire.DecisionRecord): Cart {
  const lines = cart?.lines ?? [];
  const currency = lines[0]?.unitPrice?.currency ?? "";
  if (!isCurrencyCode(currency)) throw new RangeError("a cart on the log has a currency");
  return {
    currency,
    lines: lines.map(({ productId, quantity, unitPrice, discount }) => ({
      productId,
      quantity: Number(quantity),
      unitPriceMinor: Number(unitPrice?.minor ?? 0n),
      ...given("discountMinor", discount && Number(discount.minor)),
    })),
    shippingMinor: Number(cart?.shipping?.minor ?? 0n),
    ...given("paymentMethod", cart?.paymentMethod === "" ? undefined : cart?.paymentMethod),
  };
}

function candidateOf(candidate: wire.Candidate): Candidate {
  return {
    campaignId: candidate.campaignId,
    rung: candidate.rung,
    ...given("incentive", candidate.incentive && incentiveOf(candidate.incentive)),
    depthBp: candidate.depthBp,
    faceValueMinor: Number(candidate.faceValue?.minor ?? 0n),
    ...given("wantedMinor", candidate.wanted && Number(candidate.wanted.minor)),
    expectedCostMinor: Number(candidate.expectedCost?.minor ?? 0n),
    worstCostMinor: Number(candidate.worstCost?.minor ?? 0n),
    conversion: candidate.conversion,
    valueMinor: candidate.valueMinor,
    evidence: candidate.evidence,
    weight: Number(candidate.weight),
    blockedBy: BLOCK_REASONS.find((reason) => reason === candidate.blockedBy) ?? "",
    ...given("isOwed", candidate.isOwed ? true : undefined),
  };
}

function freshnessOf(freshness: wire.Freshness): Freshness {
  if (freshness === wire.Freshness.FRESHNESS_STALE) return "stale";
  return freshness === wire.Freshness.FRESHNESS_DEGRADED ? "degraded" : "fresh";
}

function isDegradedReason(reason: string): reason is DegradedReason {
  return DEGRADED_REASONS.some((known) => known === reason);
}
