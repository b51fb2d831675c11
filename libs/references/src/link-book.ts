import { MINUTE_MS, type AssignmentKey, type Millis, type SubjectId } from "@leastwise/vocabulary";

/** Silence that ends a login where no session ids tell. Exactly as long still holds. */
export const LOGIN_SILENCE_MAX_MS = 30 * MINUTE_MS;

/** Links that are remembered unless told otherwise. */
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
  /** A known subject was seen for the first time. Its key from now on: this one, or the one that was found for it meanwhile. */
  keep(known: SubjectId, key: AssignmentKey): AssignmentKey;
}

interface KeyHeld {
  readonly key: AssignmentKey;
  readonly sinceMs: number;
}

/** A key of requests that are on their way to the log. */
interface KeyPromised {
  readonly key: AssignmentKey;
  /** How many requests carry it. */
  requests: number;
}

/**
 * The keys of all known subjects, and the links as far as memory reaches: a picture of the topic `links`, the links longest unused forgotten
 * first. A key is never forgotten: a shopper who got another would change arm.
 */
export class LinkBook implements LinkLookup {
  readonly #links = new Map<SubjectId, Link>();
  readonly #keys = new Map<SubjectId, KeyHeld>();
  readonly #promised = new Map<SubjectId, KeyPromised>();
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
    return this.#keys.get(known)?.key;
  }

  /** Takes a link in, unless a newer one of the same subject is there: what was written here comes back over the topic. */
  add(link: Link): void {
    const held = this.#links.get(link.anonymous);
    if (held === undefined || held.linkedAtMs <= link.linkedAtMs) {
      const lastMs = Math.max(link.lastMs, isSameLogin(held, link) ? held.lastMs : 0);
      this.#put(link.anonymous, { ...link, lastMs });
    }
    const key = this.#keys.get(link.known);
    if (key === undefined || key.sinceMs > link.linkedAtMs) {
      this.#keys.set(link.known, { key: link.assignmentKey, sinceMs: link.linkedAtMs });
    }
  }

  /** The link was taken back. The known subject's key stays: it does not change, whatever happens to links. */
  forget(anonymous: SubjectId): void {
    this.#links.delete(anonymous);
  }

  /** The key of a known subject, as the newest record of the topic has it: links never change it again. */
  keep(known: SubjectId, key: AssignmentKey): AssignmentKey {
    // Older than any link.
    this.#keys.set(known, { key, sinceMs: 0 });
    return key;
  }

  /**
   * A request on its way to the log will keep this key. Requests that meet the subject at the same moment all get the key of the
   * first: were each to mint its own, the shopper's events would stand under two.
   */
  promise(known: SubjectId, key: AssignmentKey): AssignmentKey {
    const promised = this.#promised.get(known) ?? { key, requests: 0 };
    promised.requests += 1;
    this.#promised.set(known, promised);
    return promised.key;
  }

  /** A request that promised a key is over, whether it got onto the log or not. */
  settle(known: SubjectId): void {
    const promised = this.#promised.get(known);
    if (promised === undefined) throw new Error("a key that nobody promised");
    promised.requests -= 1;
    if (promised.requests === 0) this.#promised.delete(known);
  }

  #put(anonymous: SubjectId, link: Link): void {
    this.#links.delete(anonymous);
    this.#links.set(anonymous, link);
    if (this.#links.size <= this.#max) return;
    for (const oldest of this.#links.keys()) {
      this.#links.delete(oldest);
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

  keep(known: SubjectId, key: AssignmentKey): AssignmentKey {
    const promised = this.#book.promise(known, key);
    this.#keys.set(known, promised);
    return promised;
  }

  /** Ends the draft. What is durable is told to the book; otherwise nothing was. */
  end(isDurable: boolean): void {
    if (isDurable) {
      for (const [known, key] of this.#keys) this.#book.keep(known, key);
      for (const link of this.#links.values()) this.#book.add(link);
    }
    for (const known of this.#keys.keys()) this.#book.settle(known);
    this.#keys.clear();
    this.#links.clear();
  }
}
