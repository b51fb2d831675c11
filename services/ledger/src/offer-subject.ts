import type { RawIds, SubjectHasher } from "@leastwise/contracts";
import type { OfferTerms } from "@leastwise/offers";
import { holds, type LinkBook } from "@leastwise/references";
import type { Clock, SubjectId } from "@leastwise/vocabulary";

/** What tells who uses an offer. */
export interface OfferSubjects {
  readonly hasher: SubjectHasher;
  readonly links: Pick<LinkBook, "linkOf">;
  readonly clock: Clock;
}

/**
 * Who uses the offer. One made before the shopper logged in is good for either of their ids. One made to the known shopper is good for the
 * browser alone, too, as Decide was asked for it: while the browser's newest login is theirs and holds, or if the offer came after it.
 */
export function offerSubject(
  { hasher, links, clock }: OfferSubjects,
  ids: RawIds,
  { subject: issuedTo, issuedAtMs }: Pick<OfferTerms, "subject" | "issuedAtMs">,
): SubjectId {
  const subject = hasher.of(ids);
  if (ids.anonymousId === undefined) return subject;
  const browser = hasher.anonymous(ids.anonymousId);
  if (browser === issuedTo) return issuedTo;
  const link = ids.userId === undefined ? links.linkOf(browser) : undefined;
  if (link?.known !== issuedTo) return subject;
  // The call names no visit: that a login for one visit is over shows here by its silence alone.
  return issuedAtMs >= link.linkedAtMs || holds(link, "", clock.nowMs()) ? issuedTo : subject;
}
