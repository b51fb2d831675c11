import { EVENT_KINDS } from "./event.js";

/** A text and the time of the newest event that carried one. */
export interface SeenText {
  text: string;
  atMs: number;
}

/** What is remembered by its newest event alone. */
export interface LastSeen {
  /** Time of the newest event of each kind, in the order of `EVENT_KINDS`; −1 if there was none. */
  readonly kindsMs: number[];
  channel: SeenText | undefined;
  device: SeenText | undefined;
  place: SeenText | undefined;
  sessionId: SeenText | undefined;
}

/** Nothing seen yet. */
export function nothingSeen(): LastSeen {
  return {
    kindsMs: EVENT_KINDS.map(() => -1),
    channel: undefined,
    device: undefined,
    place: undefined,
    sessionId: undefined,
  };
}

/** The newer of two texts; of the same millisecond the greater by code units, so that order of arrival does not show. */
export function newerText(a: SeenText | undefined, b: SeenText | undefined): SeenText | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.atMs !== b.atMs) return a.atMs > b.atMs ? a : b;
  return a.text >= b.text ? a : b;
}

/** The newest of both for each thing remembered. */
export function newestSeen(a: LastSeen, b: LastSeen): LastSeen {
  return {
    kindsMs: a.kindsMs.map((atMs, kind) => Math.max(atMs, b.kindsMs[kind] ?? -1)),
    channel: newerText(a.channel, b.channel),
    device: newerText(a.device, b.device),
    place: newerText(a.place, b.place),
    sessionId: newerText(a.sessionId, b.sessionId),
  };
}
