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
}

/**
 * Finds whose an event is.
 * - With both ids it is the known subject's, and links the anonymous one to it, unless such a link already holds.
 * - With the anonymous id alone it is the known subject's while a link holds ({@link holds}), else the anonymous subject's.
 * - With the user id alone it is the known subject's.
 *
 * An assignment key is minted at first sight as the subject's own id; a known subject that is first seen through a link takes over
 * the anonymous one's, so that nobody changes arm by logging in.
 */
export function link(identified: IdentifiedEvent, links: LinkLookup, nowMs: Millis): LinkedEvent {
  const { event, anonymous, known } = identified;
  if (anonymous === undefined) {
    if (known === undefined) throw new Error("an event without ids: it was not validated");
    return { event, subject: known, assignmentKey: links.keyOf(known) ?? links.mint(known), made: undefined };
  }
  const occurredAtMs = Number(event.occurredAtMs);
  const current = links.linkOf(anonymous);
  const held = current !== undefined && holds(current, event.sessionId, occurredAtMs) ? current : undefined;
  if (held !== undefined && (known === undefined || known === held.known)) {
    links.add({ ...held, lastMs: Math.max(held.lastMs, occurredAtMs) });
    return {
      event,
      subject: held.known,
      assignmentKey: links.keyOf(held.known) ?? held.assignmentKey,
      made: undefined,
    };
  }
  const ownKey = anonymous as string as AssignmentKey;
  if (known === undefined) return { event, subject: anonymous, assignmentKey: ownKey, made: undefined };
  const made: Link = {
    anonymous,
    known,
    assignmentKey: ownKey,
    linkedAtMs: nowMs,
    sessionId: event.sessionId,
    lastMs: occurredAtMs,
  };
  const assignmentKey = links.keyOf(known) ?? ownKey;
  links.add(made);
  return { event, subject: known, assignmentKey, made };
}
