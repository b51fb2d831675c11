import { ok, type Millis, type Result } from "@leastwise/vocabulary";
import type { CartChange } from "./cart-changes.js";
import type { Act, OfferState, Redemption, Refund } from "./offer.js";
import type { OfferRefusal } from "./reasons.js";
import { refuse } from "./refuse.js";

/** An act that was taken, with what its caller was told. */
export interface KeptAct extends Act {
  readonly answer: ActAnswer;
}

/** What a taken act's caller was told. */
export type ActAnswer =
  | { readonly kind: "reserved"; readonly untilMs: Millis; readonly discountMinor: number }
  | { readonly kind: "released" }
  | { readonly kind: "redeemed"; readonly redemption: Redemption; readonly changes?: readonly CartChange[] }
  | { readonly kind: "refunded"; readonly refund: Refund }
  | { readonly kind: "revoked"; readonly fromMs: Millis };

/**
 * Most acts that are kept with an offer, of a kind: one beyond is refused (`too_many_acts`), since none could be told from its repeat. A repeat
 * takes no place. Redemptions, refunds that leave nothing, and revocations always find one: there are at most `ORDERS_MAX`, as many, and two.
 */
export const ACTS_MAX = { holds: 256, refunds: 1_024 } as const;

/**
 * The answer to an act whose key was seen before: the same one if the content is the same, else a refusal. Undefined where the key is new.
 * Nothing is asked of who it is, of clock, catalog or policy: those may have changed since.
 */
export function answered(
  { idempotencyKey, contentDigest }: Act,
  state: OfferState,
): Result<ActAnswer, OfferRefusal> | undefined {
  const kept = state.status === "unknown" ? undefined : state.acts.find((act) => act.idempotencyKey === idempotencyKey);
  if (kept === undefined) return undefined;
  if (kept.contentDigest === contentDigest) return ok(kept.answer);
  return refuse("idempotency_mismatch", "idempotency_key", idempotencyKey, "the content that the key came with");
}

/** The answer of an act of this kind. Its digest says the kind: what was found by it is an answer of it. */
export function answerOf<K extends ActAnswer["kind"]>(kind: K, answer: ActAnswer): Extract<ActAnswer, { kind: K }> {
  if (!isOfKind(kind, answer)) throw new Error(`the digest of an act of kind ${kind} is that of ${answer.kind}`);
  return answer;
}

function isOfKind<K extends ActAnswer["kind"]>(kind: K, answer: ActAnswer): answer is Extract<ActAnswer, { kind: K }> {
  return answer.kind === kind;
}

/** A refusal where no other act of this kind has a place. */
export function tooManyActs(kind: keyof typeof ACTS_MAX, acts: readonly KeptAct[]) {
  const kinds: readonly ActAnswer["kind"][] = kind === "holds" ? ["reserved", "released"] : ["refunded"];
  const count = acts.filter(({ answer }) => kinds.includes(answer.kind)).length;
  if (count < ACTS_MAX[kind]) return undefined;
  return refuse("too_many_acts", "idempotency_key", count + 1, `at most ${String(ACTS_MAX[kind])} ${kind} of an offer`);
}
