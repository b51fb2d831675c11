import type { SubjectHasher } from "@leastwise/contracts";
import { holds, type LinkBook } from "@leastwise/references";
import type { Clock, SubjectId } from "@leastwise/vocabulary";
import type { DecideCall } from "./decide-request.js";

/** What tells whose checkout a call is about. */
export interface CallSubjects {
  readonly hasher: SubjectHasher;
  readonly links: Pick<LinkBook, "linkOf">;
  readonly clock: Clock;
}

/** The known shopper; else the one that a login tied this browser to, as long as that holds; else the browser itself. */
export function subjectOfCall({ hasher, links, clock }: CallSubjects, { ids, sessionId }: DecideCall): SubjectId {
  const subject = hasher.of(ids);
  if (ids.userId !== undefined) return subject;
  const link = links.linkOf(subject);
  return link !== undefined && holds(link, sessionId, clock.nowMs()) ? link.known : subject;
}
