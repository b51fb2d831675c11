import { MINUTE_MS, type AssignmentKey, type Millis, type SubjectId } from "@leastwise/vocabulary";

/** Silence that ends a login where no session ids tell. Exactly as long still holds. */
export const LOGIN_SILENCE_MAX_MS = 30 * MINUTE_MS;

/** Links and assignment keys that are remembered unless told otherwise, each. */
export const LINKS_MAX = 500_000;

/** An anonymous subject is a known one, for one login session. */
export interface Link {
  readonly anonymous: SubjectId;
  readonly known: SubjectId;
  /** Of the known subject: its own if it was seen before, else the anonymous one's, which it takes over. */
  readonly assignmentKey: AssignmentKey;
  readonly linkedAtMs: Millis;
  /** The shop's id of the visit; empty if it gives none. */
  readonly sessionId: string;
  /** Newest event seen under the link, by the event's own time. */
  readonly lastMs: number;
}

/**
 * Whether a link still holds for an event. Where both name their session, it holds within that session and not beyond: whoever
 * comes next to a shared device is somebody else until they log in. Where one does not, it holds until 30 minutes of silence.
 */
export function holds(link: Link, sessionId: string, occurredAtMs: number): boolean {
  if (link.sessionId !== "" && sessionId !== "") return link.sessionId === sessionId;
  return Math.abs(occurredAtMs - link.lastMs) <= LOGIN_SILENCE_MAX_MS;
}

/** What a request may ask of the links, and add. */
export interface LinkLookup {
  /** The newest link of an anonymous subject. */
  linkOf(anonymous: SubjectId): Link | undefined;
  /** The assignment key of a known subject that was seen before. */
  keyOf(known: SubjectId): AssignmentKey | undefined;
  add(link: Link): void;
  /** A known subject was seen for the first time: this is its key from now on. */
  keep(known: SubjectId, key: AssignmentKey): void;
}

interface KeyHeld {
  readonly key: AssignmentKey;
  readonly sinceMs: number;
}

/**
 * The links and the keys of known subjects as far as memory reaches: a bounded picture of the topic `links`, the longest unused forgotten
 * first. The first assignment key of a known subject stays; should it be forgotten or be another collector's, the owner of the
 * subject's partition, which keeps it with the state, outranks the stamp.
 */
export class LinkBook implements LinkLookup {
  readonly #links = new Map<SubjectId, Link>();
  readonly #keys = new Map<SubjectId, KeyHeld>();
  readonly #max: number;
  readonly #onEvicted: () => void;

  constructor(max: number, onEvicted: () => void) {
    this.#max = max;
    this.#onEvicted = onEvicted;
  }

  linkOf(anonymous: SubjectId): Link | undefined {
    return this.#links.get(anonymous);
  }

  keyOf(known: SubjectId): AssignmentKey | undefined {
    const held = this.#keys.get(known);
    if (held === undefined) return undefined;
    this.#put(this.#keys, known, held);
    return held.key;
  }

  /** Takes a link in, unless a newer one of the same subject is there: what was written here comes back over the topic. */
  add(link: Link): void {
    const held = this.#links.get(link.anonymous);
    if (held === undefined || held.linkedAtMs <= link.linkedAtMs) {
      const lastMs = Math.max(link.lastMs, isSameLogin(held, link) ? held.lastMs : 0);
      this.#put(this.#links, link.anonymous, { ...link, lastMs });
    }
    const key = this.#keys.get(link.known);
    if (key === undefined || key.sinceMs > link.linkedAtMs) {
      this.#put(this.#keys, link.known, { key: link.assignmentKey, sinceMs: link.linkedAtMs });
    }
  }

  /** The link was taken back. The known subject's key stays: it does not change, whatever happens to links. */
  forget(anonymous: SubjectId): void {
    this.#links.delete(anonymous);
  }

  /** The key of a known subject, as the newest record of the topic has it: links never change it again. */
  keep(known: SubjectId, key: AssignmentKey): void {
    // Older than any link.
    this.#put(this.#keys, known, { key, sinceMs: 0 });
  }

  #put<T>(held: Map<SubjectId, T>, subject: SubjectId, value: T): void {
    held.delete(subject);
    held.set(subject, value);
    if (held.size <= this.#max) return;
    for (const oldest of held.keys()) {
      held.delete(oldest);
      this.#onEvicted();
      return;
    }
  }
}

function isSameLogin(held: Link | undefined, link: Link): held is Link {
  return held !== undefined && held.known === link.known && held.sessionId === link.sessionId;
}

/** The links as one request sees them: what it adds is told to the book only after it is durable. */
export class LinkDraft implements LinkLookup {
  readonly #book: LinkBook;
  readonly #links = new Map<SubjectId, Link>();
  readonly #keys = new Map<SubjectId, AssignmentKey>();

  constructor(book: LinkBook) {
    this.#book = book;
  }

  linkOf(anonymous: SubjectId): Link | undefined {
    return this.#links.get(anonymous) ?? this.#book.linkOf(anonymous);
  }

  keyOf(known: SubjectId): AssignmentKey | undefined {
    return this.#keys.get(known) ?? this.#book.keyOf(known);
  }

  add(link: Link): void {
    this.#links.set(link.anonymous, link);
  }

  keep(known: SubjectId, key: AssignmentKey): void {
    this.#keys.set(known, key);
  }

  /** Tells the book. */
  commit(): void {
    for (const [known, key] of this.#keys) this.#book.keep(known, key);
    for (const link of this.#links.values()) this.#book.add(link);
  }
}
