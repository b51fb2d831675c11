import type { AssignmentKey, Millis, SubjectId } from "@leastwise/vocabulary";
import { holds, type Link, type LinkLookup } from "@leastwise/references";
import type { IdentifiedEvent } from "./identify.js";

/** An event that has found its subject. */
export interface LinkedEvent {
  readonly event: IdentifiedEvent["event"];
  readonly subject: SubjectId;
  readonly assignmentKey: AssignmentKey;
  /** The link that this event made, to be written before it. Absent: none. */
  readonly made: Link | undefined;
  /** The known subject was never seen before: its key is to be written with the event, and stays. */
  readonly isFirstSight: boolean;
}

/**
 * Finds whose an event is.
 * - With both ids it is the known subject's, and links the anonymous one to it, unless such a link already holds.
 * - With the anonymous id alone it is the known subject's while a link holds ({@link holds}), else the anonymous subject's.
 * - With the user id alone it is the known subject's.
 *
 * An assignment key is minted at first sight as the subject's own id; a known subject that is first seen through a link takes over
 * the anonymous one's, so that nobody changes arm by logging in. A link carries the key that its known subject has.
 */
export function link(identified: IdentifiedEvent, links: LinkLookup, nowMs: Millis): LinkedEvent {
  const { event, anonymous, known } = identified;
  if (anonymous === undefined) {
    if (known === undefined) throw new Error("an event without ids: it was not validated");
    return { event, subject: known, ...keyOf(known, known, links), made: undefined };
  }
  const occurredAtMs = Number(event.occurredAtMs);
  const current = links.linkOf(anonymous);
  const held = current !== undefined && holds(current, event.sessionId, occurredAtMs) ? current : undefined;
  if (held !== undefined && (known === undefined || known === held.known)) {
    links.add({ ...held, lastMs: Math.max(held.lastMs, occurredAtMs) });
    return {
      event,
      subject: held.known,
      ...keyOf(held.known, held.assignmentKey, links),
      made: undefined,
    };
  }
  if (known === undefined) {
    return { event, subject: anonymous, assignmentKey: asKey(anonymous), made: undefined, isFirstSight: false };
  }
  const keyed = keyOf(known, anonymous, links);
  const made: Link = {
    anonymous,
    known,
    assignmentKey: keyed.assignmentKey,
    linkedAtMs: nowMs,
    sessionId: event.sessionId,
    lastMs: occurredAtMs,
  };
  links.add(made);
  return { event, subject: known, ...keyed, made };
}

/** The key that a known subject has; one that has none takes the other's, or mints its own, and keeps it. */
function keyOf(
  known: SubjectId,
  first: string,
  links: LinkLookup,
): Pick<LinkedEvent, "assignmentKey" | "isFirstSight"> {
  const held = links.keyOf(known);
  if (held !== undefined) return { assignmentKey: held, isFirstSight: false };
  return { assignmentKey: links.keep(known, asKey(first)), isFirstSight: true };
}

function asKey(text: string): AssignmentKey {
  return text as AssignmentKey;
}
