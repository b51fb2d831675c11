import { decisionFacts, moneyToWire, offerOf, type UnwrittenDecision, type wire } from "@leastwise/contracts";
import type { DecisionFacts, Hold } from "@leastwise/decision";
import type { OfferExpired, OfferRedeemed, OfferTerms, Redemption } from "@leastwise/offers";
import { isSubjectId, type Millis, type SubjectId } from "@leastwise/vocabulary";

/** A decision as the book folds it. */
export interface RecordedDecision {
  readonly subject: SubjectId;
  readonly facts: DecisionFacts;
  /** What was newly issued; undefined where nothing was. */
  readonly issued:
    | {
        readonly terms: OfferTerms;
        readonly assignmentKey: string;
        readonly holds: readonly Hold[];
        readonly policyVersion: string;
      }
    | undefined;
  /** A held-out shopper would newly have been given something. It is written as its twin that is given it, or it would answer faster. */
  readonly isWithheld: boolean;
  readonly explorationCostMinor: number;
}

/** Reads a record of `decisions`. What is none of ours was passed over before: what cannot be read here is a bug. */
export function readDecision(record: UnwrittenDecision): RecordedDecision {
  const { subject } = record;
  if (!isSubjectId(subject)) throw new RangeError(`decision ${record.decisionId} has no subject`);
  const facts = decisionFacts(record);
  return {
    subject,
    facts,
    issued: issuedOf(record, subject),
    isWithheld: facts.reason === "holdout",
    explorationCostMinor: Number(record.explorationCostMinor),
  };
}

function issuedOf(record: wire.DecisionRecord, subject: SubjectId): RecordedDecision["issued"] {
  if (record.offer === undefined || record.budgetId === "") return undefined;
  const terms: OfferTerms = {
    ...offerOf(record.offer),
    subject,
    decisionId: record.decisionId,
    heldMinor: Number(record.held?.minor ?? 0n),
  };
  const { assignmentKey, policyVersion } = record;
  return { terms, assignmentKey, holds: holdsOf(record, terms.heldMinor), policyVersion };
}

/** What each budget holds; of a record of before there were several, its one budget all of it. */
function holdsOf({ holds, budgetId }: wire.DecisionRecord, heldMinor: number): readonly Hold[] {
  if (holds.length === 0) return [{ budgetId, period: "", minor: heldMinor, isPartners: false }];
  return holds.map(({ amount, ...hold }) => ({ ...hold, minor: Number(amount?.minor ?? 0n) }));
}

/** What a record of `offers` tells of an offer. */
export type LoggedOfferEvent = OfferRedeemed | OfferExpired;

/** Reads a record of `offers`; undefined for one without a kind. */
export function readOfferEvent(event: wire.OfferEvent): LoggedOfferEvent | undefined {
  const atMs = Number(event.atMs) as Millis;
  switch (event.kind?.$case) {
    case undefined:
      return undefined;
    case "expired":
      return { kind: "expired", offerId: event.offerId, atMs };
    case "redeemed":
      return {
        kind: "redeemed",
        offerId: event.offerId,
        atMs,
        act: { idempotencyKey: event.idempotencyKey, contentDigest: event.contentDigest },
        orderId: event.kind.value.orderId,
        redemption: redemptionOf(event.kind.value),
      };
  }
}

function redemptionOf({ discount, cost = discount, wanted, shares, paid, margin }: wire.OfferRedeemed): Redemption {
  const order = paid && margin && { paidMinor: Number(paid.minor), marginMinor: Number(margin.minor) };
  return {
    ...(order && { order }),
    discountMinor: Number(discount?.minor ?? 0n),
    ...(wanted === undefined ? {} : { wantedMinor: Number(wanted.minor) }),
    costMinor: Number(cost?.minor ?? 0n),
    shares: shares.map((share) => ({
      line: share.line,
      productId: share.productId,
      quantity: Number(share.quantity),
      discountMinor: Number(share.discount?.minor ?? 0n),
    })),
  };
}

/** An event of an offer as it stands on the log. */
export function offerEventToWire(event: LoggedOfferEvent, terms: OfferTerms, assignmentKey: string): wire.OfferEvent {
  const base = {
    offerId: terms.offerId,
    subject: terms.subject,
    atMs: BigInt(event.atMs),
    campaignId: terms.campaignId,
    decisionId: terms.decisionId,
    assignmentKey,
    // Who writes it to the log says under which epoch.
    ownerEpoch: 0n,
  };
  switch (event.kind) {
    case "expired":
      return { ...base, idempotencyKey: "", contentDigest: "", kind: { $case: "expired", value: {} } };
    case "redeemed":
      return {
        ...base,
        idempotencyKey: event.act.idempotencyKey,
        contentDigest: event.act.contentDigest,
        kind: {
          $case: "redeemed",
          value: {
            orderId: event.orderId,
            discount: moneyToWire({ minor: event.redemption.discountMinor, currency: terms.currency }),
            cost: moneyToWire({ minor: event.redemption.costMinor, currency: terms.currency }),
            wanted: wantedToWire(event.redemption, terms),
            shares: sharesToWire(event.redemption, terms),
            ...marginToWire(event.redemption, terms),
          },
        },
      };
  }
}

/** What a redemption would have come to if nothing had shortened it; undefined: as much as it did. */
export function wantedToWire({ wantedMinor }: Redemption, { currency }: OfferTerms): wire.Money | undefined {
  return wantedMinor === undefined ? undefined : moneyToWire({ minor: wantedMinor, currency });
}

function marginToWire({ order }: Redemption, { currency }: OfferTerms) {
  return {
    paid: order && moneyToWire({ minor: order.paidMinor, currency }),
    margin: order && moneyToWire({ minor: order.marginMinor, currency }),
  };
}

/** The parts of a redemption by line. */
export function sharesToWire({ shares }: Redemption, terms: OfferTerms): wire.LineShare[] {
  return shares.map(({ line, productId, quantity, discountMinor }) => ({
    line,
    productId,
    quantity: BigInt(quantity),
    discount: moneyToWire({ minor: discountMinor, currency: terms.currency }),
  }));
}
