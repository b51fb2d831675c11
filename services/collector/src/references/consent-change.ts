import type { wire } from "@leastwise/contracts";

/** When a consent was said, Unix ms: without a time of its own when it arrived, after all that arrived before it, be that stated by a faster clock. */
export function statedAtMsOf(
  kept: wire.Consent | undefined,
  statedAtMs: number | undefined,
  arrivedAtMs: bigint,
): bigint {
  if (statedAtMs !== undefined) return BigInt(statedAtMs);
  const keptAtMs = kept?.statedAtMs ?? 0n;
  return keptAtMs > arrivedAtMs ? keptAtMs : arrivedAtMs;
}

/** True of a consent that would not come into force: a newer one stands. */
export function isOlder(stated: wire.Consent, kept: wire.Consent | undefined): boolean {
  return (kept?.statedAtMs ?? 0n) > stated.statedAtMs;
}

/** The consent that stands after one more was stated: the same object where that changes nothing. */
export function consentAfter(kept: wire.Consent | undefined, stated: wire.Consent): wire.Consent | undefined {
  return isOlder(stated, kept) || isSameConsent(kept, stated) ? kept : stated;
}

/** What a consent takes away of what was agreed to before, and nothing of what it adds; undefined: it takes nothing away. */
export function withdrawalOf(kept: wire.Consent | undefined, stated: wire.Consent): wire.Consent | undefined {
  if (kept === undefined || isOlder(stated, kept)) return undefined;
  const purposes = kept.purposes.filter((purpose) => stated.purposes.includes(purpose));
  return purposes.length === kept.purposes.length ? undefined : { ...stated, purposes };
}

function isSameConsent(kept: wire.Consent | undefined, stated: wire.Consent): boolean {
  if (kept?.statedAtMs !== stated.statedAtMs) return false;
  const purposes = new Set(kept.purposes);
  return purposes.size === new Set(stated.purposes).size && stated.purposes.every((purpose) => purposes.has(purpose));
}
