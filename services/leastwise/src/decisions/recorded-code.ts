import type { wire } from "@leastwise/contracts";
import { readCode } from "@leastwise/offers";

/** The version of the key that a decision's offer has its code by; undefined where it has none that can be read. */
export function recordedKeyVersion({ offer }: wire.DecisionRecord): number | undefined {
  const reading = readCode(offer?.code ?? "");
  return reading.ok ? reading.value.keyVersion : undefined;
}

/**
 * The made decision with the recorded one's code, where both issued the same offer and only the key of its code is another: without that key nobody can make the code
 * again. Undefined where the codes agree, or where it is not for the key that they do not.
 */
export function withRecordedCode(
  recorded: wire.DecisionRecord,
  made: wire.DecisionRecord,
): wire.DecisionRecord | undefined {
  if (recorded.offer === undefined || made.offer === undefined) return undefined;
  const { code, offerId } = recorded.offer;
  if (code === made.offer.code || offerId !== made.offer.offerId || made.offer.issuedAtMs !== made.decidedAtMs)
    return undefined;
  const [one, other] = [readCode(code), readCode(made.offer.code)];
  // Typed as it was minted, and of the same shopper's bucket: the rest of a code is the key's.
  if (!one.ok || !other.ok || one.value.canonical !== code || one.value.bucket !== other.value.bucket) return undefined;
  return { ...made, offer: { ...made.offer, code } };
}
