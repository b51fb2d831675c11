import { goodsMinor, type Cart, type CartLine } from "@leastwise/offers";
import { keyedHash, type AssignmentKey, type HashKey, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { canonicalJson } from "./canonical-json.js";
import type { Cause, Profile } from "./input.js";
import type { DecisionState } from "./state/decision-state.js";
import { CART_KEY, DECISION_KEY, EPISODE_KEY, OFFER_KEY, PROFILE_KEY } from "./salts.js";

/** Digest of a cart, 16 hex digits: the same for the same lines and offers in any order. */
export function cartDigest(cart: Cart): string {
  goodsMinor(cart); // sums out of range are the door's to refuse
  let lines = "";
  for (const line of cart.lines.map(lineText).sort()) lines += line;
  const payment = cart.paymentMethod === undefined ? "" : `|${cart.paymentMethod}`;
  const basis = cart.prices === undefined ? "" : `|prices|${cart.prices}`;
  return hex64(
    CART_KEY,
    `${cart.currency}|${String(cart.shippingMinor)}|${lines}${payment}${basis}${offersText(cart)}`,
  );
}

/** As JSON has a list of the four. Numbers that are no safe integers were refused above, and of those text is the same. */
function lineText({ productId, quantity, unitPriceMinor, discountMinor = 0 }: CartLine): string {
  return `[${quoted(productId)},${String(quantity)},${String(unitPriceMinor)},${String(discountMinor)}]`;
}

/** As JSON has a text. Most texts have nothing in them that JSON writes otherwise, and that is seen several times as fast as it is written. */
function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** Something in a text that JSON escapes; of halves of a pair it does where the other is missing. */
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Empty for a cart without offers, whose digest is what it was before carts could have any. */
function offersText({ offers = [], claims = [] }: Cart): string {
  if (offers.length === 0 && claims.length === 0) return "";
  const claimed = claims.map(({ id, code }) => canonicalJson({ id, code }));
  return `|offers|${[...offers.map(canonicalJson), ...claimed].sort().join("")}`;
}

/**
 * Id of a decision: of its caller and request id where there is one, else of its session and cart; of its instant, since the
 * same may be decided on again when the first answer's life is over; and of the subject's answer and grants before it, since
 * a clock may stand still meanwhile. A repeat is no decision, and needs no id. 32 hex digits.
 */
export function decisionIdOf(
  cause: Cause,
  subject: SubjectId,
  digest: string,
  nowMs: Millis,
  { recent, history }: DecisionState,
): string {
  const { caller, requestId, sessionId } = cause;
  const newest = recent.at(-1)?.answer.decisionId;
  // A grant whose record is in doubt is in the history alone. That a grant was withheld must not show in the id: the draw hangs on it.
  const before = newest === undefined && history.length === 0 ? [] : [newest ?? "", history.length];
  return hex128(
    DECISION_KEY,
    requestId === ""
      ? JSON.stringify(["cart", subject, sessionId, digest, nowMs, ...before])
      : JSON.stringify(["request", subject, caller, requestId, nowMs, ...before]),
  );
}

/** Id of the episode that a decision opens. 32 hex digits. */
export function episodeIdOf(decisionId: string): string {
  return hex128(EPISODE_KEY, decisionId);
}

/** Id of the offer of a campaign that a decision issues. 32 hex digits. */
export function offerIdOf(decisionId: string, campaignId: string): string {
  return hex128(OFFER_KEY, `${decisionId}/${campaignId}`);
}

/** Digest of a profile, 16 hex digits; empty for none. */
export function profileDigestOf(profile: Profile | undefined): string {
  if (profile === undefined) return "";
  const known = PROFILE_DIGESTS.get(profile) ?? hex64(PROFILE_KEY, canonicalJson(profile));
  PROFILE_DIGESTS.set(profile, known);
  return known;
}

/** A profile stays as it is between two decisions about its shopper more often than not. */
const PROFILE_DIGESTS = new WeakMap<Profile, string>();

/** What an episode's uniform hashes: who, which campaign, which episode. */
export function explorationText(assignmentKey: AssignmentKey, campaignId: string, episodeId: string): string {
  return JSON.stringify([assignmentKey, campaignId, episodeId]);
}

function hex64(key: HashKey, text: string): string {
  const { high, low } = keyedHash(key, text);
  return hex32(high) + hex32(low);
}

function hex128(key: HashKey, text: string): string {
  return hex64(key, text) + hex64(swapped(key), text);
}

const SWAPPED = new WeakMap<HashKey, HashKey>();

/** The key with its halves exchanged: another key, made once, since taking big integers apart is slow. */
function swapped(key: HashKey): HashKey {
  const known = SWAPPED.get(key) ?? { k0: key.k1, k1: key.k0 };
  SWAPPED.set(key, known);
  return known;
}

/** By two digits at a time: a number beyond 31 bits is slow to be written in another base than ten. */
function hex32(half: number): string {
  return (
    (HEX_BYTES[half >>> 24] ?? "") +
    (HEX_BYTES[(half >>> 16) & 0xff] ?? "") +
    (HEX_BYTES[(half >>> 8) & 0xff] ?? "") +
    (HEX_BYTES[half & 0xff] ?? "")
  );
}

const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
