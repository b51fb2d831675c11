import { MINUTE_MS } from "@leastwise/vocabulary";
import { AHEAD_MAX_MS } from "./tiling.js";

/** Silence after which a session is over. Exactly as long keeps it. */
export const SESSION_SILENCE_MAX_MS = 30 * MINUTE_MS;

/** The newest session of a subject. Counts are of the events that fell between its first and its last. */
export interface Session {
  readonly startMs: number;
  lastMs: number;
  events: number;
  pageViews: number;
  productViews: number;
}

/** Whether the session is the one going on at a moment. */
export function isCurrentAt(session: Session, atMs: number): boolean {
  return atMs - session.lastMs <= SESSION_SILENCE_MAX_MS && session.lastMs <= atMs + AHEAD_MAX_MS;
}

/** Whether the moment is too far before the session's last event to say what the session then was. */
export function isUnknownAt(session: Session, atMs: number): boolean {
  return session.lastMs > atMs + AHEAD_MAX_MS;
}

/** The newer of two sessions; of two that end together the one that began later, then the busier. */
export function newerSession(a: Session | undefined, b: Session | undefined): Session | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const order =
    a.lastMs - b.lastMs ||
    a.startMs - b.startMs ||
    a.events - b.events ||
    a.pageViews - b.pageViews ||
    a.productViews - b.productViews;
  return order >= 0 ? a : b;
}
