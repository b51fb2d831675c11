import { offerToWire, wire } from "@leastwise/contracts";
import { CivilClock, compileBudget, type CompiledBudget } from "@leastwise/decision";
import { mintCode } from "@leastwise/offers";
import { bucketOf, HOUR_MS, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";

/** Monday 23 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 23, 12) as Millis;

export const EUR = "EUR" as CurrencyCode;

export function euros(minor: number): wire.Money {
  return { minor: BigInt(minor), currency: "EUR" };
}

/** The budget `marketing`, as large as this, without periods or pacing. */
export function givenBudget(amountMinor: number): CompiledBudget {
  const amount = { minor: amountMinor, currency: EUR };
  return compileBudget({ budgetId: "marketing", amount, shadowPriceBp: 0, partOf: "" }, new CivilClock("UTC"));
}

/** The n-th subject of a test. */
export function subjectOf(n: number): SubjectId {
  return n.toString(16).padStart(32, "0") as SubjectId;
}

/** What a decision of a test is about; ten per cent off a hundred euros at noon unless told otherwise. */
export interface Given {
  readonly id: string;
  readonly subject: SubjectId;
  readonly atMs?: Millis;
  readonly heldMinor?: number;
  readonly ttlMs?: number;
  readonly policyVersion?: string;
}

/** The code of the offer that a decision of that id issues. */
export function codeOf({ id, subject }: Pick<Given, "id" | "subject">): string {
  return mintCode({ offerId: `offer-${id}`, bucket: bucketOf(subject), keyVersion: 1, secretKey: { k0: 7n, k1: 11n } });
}

/** The record of a decision that issued ten per cent. */
export function granted(given: Given): wire.DecisionRecord {
  const { id, subject, atMs = NOON, heldMinor = 1_000, ttlMs = HOUR_MS } = given;
  const offer = {
    offerId: `offer-${id}`,
    code: codeOf(given),
    campaignId: "autumn",
    incentive: { kind: "percent_off" as const, percentBp: 1_000 },
    currency: EUR,
    faceValueMinor: 1_000,
    issuedAtMs: atMs,
    expiresAtMs: (atMs + ttlMs) as Millis,
  };
  return wire.DecisionRecord.fromPartial({
    ...decided(given, 1),
    reason: "granted",
    offer: offerToWire(offer, wire.OfferStatus.OFFER_STATUS_ISSUED),
    held: euros(heldMinor),
    budgetId: "marketing",
    subject,
  });
}

/** The record of a decision of none; explored at a cost, so that it moves the books. */
export function none(given: Given): wire.DecisionRecord {
  return wire.DecisionRecord.fromPartial({
    ...decided(given, 0),
    reason: "explored_none",
    exploit: 1,
    explorationCostMinor: 25n,
  });
}

function decided({ id, subject, atMs = NOON, policyVersion = "percentages-1" }: Given, chosen: number) {
  const rung = (campaignId: string, number: number, weight: bigint) => ({
    campaignId,
    rung: number,
    weight,
    faceValue: euros(number * 1_000),
    expectedCost: euros(number * 500),
    worstCost: euros(number * 1_000),
    ...(number === 0 ? {} : { incentive: { kind: { $case: "percentOff" as const, value: { percentBp: 1_000 } } } }),
  });
  return {
    decisionId: id,
    subject,
    assignmentKey: `key of ${subject}`,
    decidedAtMs: BigInt(atMs),
    clock: "wall",
    caller: "shop",
    requestId: id,
    cart: { lines: [{ productId: "shoe", quantity: 1n, unitPrice: euros(10_000) }] },
    cartDigest: "cart",
    episodeId: `episode of ${id}`,
    candidates: [rung("", 0, 1n << 31n), rung("autumn", 1, 1n << 31n)],
    chosen,
    exploit: chosen,
    propensity: 0.5,
    freshness: wire.Freshness.FRESHNESS_FRESH,
    policyVersion,
    validUntilMs: BigInt(atMs + HOUR_MS),
  };
}
