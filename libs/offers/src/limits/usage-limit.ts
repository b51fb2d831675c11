import { ok, type Millis, type Result, type SubjectId } from "@leastwise/vocabulary";
import type { OfferRefusal } from "../reasons.js";
import { refuse } from "../refuse.js";

/** How often a promotion may be used. It is the promotion's and no code's: what came without a code counts as well. */
export interface UsageLimit {
  /** Unique within the promotion. What is counted is another thing under another id. */
  readonly limitId: string;
  /** Most uses, 1 and up. No limit is none in the list; 0 is refused where limits are checked. */
  readonly usesMax: number;
  /** Of whom the uses are counted together. */
  readonly per: LimitKey;
  /**
   * Name of the period that an instant is in, half-open, in the campaign's time zone; uses of another period count there. One name for all time:
   * the limit has no period.
   */
  readonly periodAt: (atMs: number) => string;
}

/** `all` shoppers together, each `subject` by itself, or all who have the same value of an attribute: a household, a card's fingerprint. */
export type LimitKey =
  { readonly kind: "all" } | { readonly kind: "subject" } | { readonly kind: "attribute"; readonly attribute: string };

/** A use of a promotion, as limits are asked about it. */
export interface PromotionUse {
  /** The whole order: shipments that it is split into are one use. Absent: not known yet. */
  readonly orderId?: string | undefined;
  readonly subject: SubjectId;
  /** What is known of the subject by attribute; what is absent or empty is not known. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly atMs: Millis;
  /** What it gives, minor units. */
  readonly discountMinor: number;
}

/** What a use counts for. */
export interface CountedUse {
  readonly counters: readonly Counter[];
}

/** One count of a limit. */
export interface Counter {
  readonly limitId: string;
  /** By the limit's `periodAt`. */
  readonly period: string;
  /** Whose: a subject's id, an attribute's value, empty for all. */
  readonly key: string;
}

/** What was used of a promotion so far. */
export interface UsageReading {
  usesOf(counter: Counter): number;
  /** What the order counts for; undefined if it has not used the promotion. */
  countedOn(orderId: string): CountedUse | undefined;
}

/** A promotion's limits, with all that is asked in the step that uses it. */
export interface LimitsInForce {
  readonly limits: readonly UsageLimit[];
  readonly usage: UsageReading;
  readonly attributes: PromotionUse["attributes"];
  /** Whether a use that gives nothing counts: the shop's setting. Absent: it does not. */
  readonly countsZero?: boolean | undefined;
}

/**
 * What a use counts for, if all limits leave room for it; undefined where it is none, as it gives nothing. It answers for the usage that it is
 * shown: the caller takes the use in before anybody else asks. Refused: `limit_reached`, and `limit_attribute_missing` for a guest of whom the
 * attribute is not known that a limit goes by: the promotion is skipped, and the reason said.
 */
export function countedUse(
  { limits, usage, countsZero = false }: LimitsInForce,
  use: PromotionUse,
): Result<CountedUse | undefined, OfferRefusal> {
  if (use.discountMinor === 0 && !countsZero) return ok(undefined);
  const already = use.orderId === undefined ? undefined : usage.countedOn(use.orderId);
  if (already !== undefined) return ok(already);
  const counters: Counter[] = [];
  for (const { limitId, per, periodAt, usesMax } of limits) {
    const key = keyOf(per, use);
    if (key === undefined) return attributeMissing(limitId, per);
    const counter = { limitId, period: periodAt(use.atMs), key };
    const uses = usage.usesOf(counter);
    if (uses >= usesMax)
      return refuse("limit_reached", `limits.${limitId}`, `use ${String(uses + 1)}`, `at most ${String(usesMax)} uses`);
    counters.push(counter);
  }
  return ok({ counters });
}

function keyOf(per: LimitKey, { subject, attributes }: PromotionUse): string | undefined {
  switch (per.kind) {
    case "all":
      return "";
    case "subject":
      return subject;
    case "attribute": {
      const value = Object.hasOwn(attributes, per.attribute) ? attributes[per.attribute] : undefined;
      return value === "" ? undefined : value;
    }
  }
}

function attributeMissing(limitId: string, per: LimitKey) {
  const attribute = per.kind === "attribute" ? per.attribute : per.kind;
  const expected = `the attribute by which uses are counted, ${attribute}`;
  return refuse("limit_attribute_missing", `limits.${limitId}`, undefined, expected);
}
