import type { SubjectHasher } from "@leastwise/contracts";
import type { LinkBook, Policies, PolicyInForce } from "@leastwise/references";
import type { AssignmentKey, Clock, Millis, SubjectId } from "@leastwise/vocabulary";
import type { DecideCall } from "./decide-request.js";
import { gatherFacts, type Facts, type FactSources } from "./decision-input.js";

/** What tells whom a call is about, and what is known of them. */
export interface CallSources extends FactSources {
  readonly hasher: SubjectHasher;
  readonly links: LinkBook;
  readonly policies: Pick<Policies, "active">;
  readonly clock: Clock;
}

/** The facts of a call at an instant. */
export function callFacts(
  sources: CallSources,
  call: DecideCall,
  subject: SubjectId,
  nowMs: Millis,
  policy: PolicyInForce | undefined,
): Facts {
  return gatherFacts(sources, call, subject, assignmentKeyOf(sources, call, subject), nowMs, policy);
}

/**
 * The key of the subject's first sight. One that the windows never saw has the key that its first login gave it, which is on its way to
 * them; without one, it takes over that of the browser it comes with.
 */
function assignmentKeyOf({ feed, hasher, links }: CallSources, { ids }: DecideCall, subject: SubjectId): AssignmentKey {
  const seen = feed.assignmentKeyOf(subject) ?? links.keyOf(subject);
  if (seen !== undefined) return seen;
  const anonymous = ids.anonymousId === undefined ? undefined : hasher.anonymous(ids.anonymousId);
  const browser = anonymous === undefined ? undefined : (feed.assignmentKeyOf(anonymous) ?? anonymous);
  return (browser ?? subject) as string as AssignmentKey;
}
