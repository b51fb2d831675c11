import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog, LogRecord } from "@leastwise/eventlog";
import { isSubjectId, type AssignmentKey, type Millis } from "@leastwise/vocabulary";
import { follow, type Following } from "./follow.js";
import { LinkBook, LINKS_MAX } from "./link-book.js";

/** Who is who, as the topic `links` says. */
export interface Links extends Following {
  readonly book: LinkBook;
}

export interface FollowLinksOptions {
  /** Links to remember, default {@link LINKS_MAX}: about 400 bytes each. */
  readonly linksMax?: number;
  /** A link had to be forgotten, the memory for links being full. */
  readonly onEvicted?: () => void;
}

/** Follows the links. */
export async function followLinks(log: EventLog, options: FollowLinksOptions = {}): Promise<Links> {
  const book = new LinkBook(options.linksMax ?? LINKS_MAX, options.onEvicted ?? (() => undefined));
  const following = await follow(log, TOPICS.links, (record) => {
    keep(record, book);
  });
  return { ...following, book };
}

function keep({ key = "", value }: LogRecord, book: LinkBook): void {
  if (value.length === 0) {
    if (isSubjectId(key)) book.forget(key);
    return;
  }
  const { anonymousSubject, knownSubject, assignmentKey, linkedAtMs, sessionId } = wire.SubjectLink.decode(value);
  if (!isSubjectId(knownSubject)) return;
  if (anonymousSubject === "") {
    book.keep(knownSubject, assignmentKey as AssignmentKey);
    return;
  }
  if (!isSubjectId(anonymousSubject)) return;
  const atMs = Number(linkedAtMs) as Millis;
  book.add({
    anonymous: anonymousSubject,
    known: knownSubject,
    assignmentKey: assignmentKey as AssignmentKey,
    linkedAtMs: atMs,
    sessionId,
    lastMs: atMs,
  });
}
