import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog, LogRecord } from "@leastwise/eventlog";
import { isSubjectId, type AssignmentKey, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { follow, type Following } from "./follow.js";
import { LinkBook, LINKS_MAX, type Link } from "./link-book.js";
import { insistOnKey, takingOurs, type FollowingHooks } from "./passed-over.js";

/** Who is who, as the topic `links` says. */
export interface Links extends Following {
  readonly book: LinkBook;
}

export interface FollowLinksOptions extends FollowingHooks {
  /** Links to remember, default {@link LINKS_MAX}: about 400 bytes each. */
  readonly linksMax?: number;
  /** A link had to be forgotten, the memory for links being full. */
  readonly onEvicted?: () => void;
}

/** Follows the links. */
export async function followLinks(log: EventLog, options: FollowLinksOptions = {}): Promise<Links> {
  const book = new LinkBook(options.linksMax ?? LINKS_MAX, options.onEvicted ?? (() => undefined));
  const keep = (said: Said): void => {
    keepIn(book, said);
  };
  const following = await follow(log, TOPICS.links, takingOurs(readSaid, keep, options));
  return { ...following, book };
}

/** What a record says. */
type Said =
  | { readonly kind: "link"; readonly link: Link }
  | { readonly kind: "key"; readonly known: SubjectId; readonly assignmentKey: AssignmentKey }
  | { readonly kind: "taken_back"; readonly key: string };

function keepIn(book: LinkBook, said: Said): void {
  if (said.kind === "link") book.add(said.link);
  else if (said.kind === "key") book.keep(said.known, said.assignmentKey);
  else if (isSubjectId(said.key)) book.forget(said.key);
}

/** Throws for what is no link of ours. */
function readSaid(record: LogRecord): Said {
  const { key = "", value } = record;
  if (value.length === 0) return { kind: "taken_back", key };
  const written = wire.SubjectLink.decode(value);
  if (written.assignmentKey === "") throw new RangeError("assignment_key is missing");
  const assignmentKey = written.assignmentKey as AssignmentKey;
  const known = subjectOf("known_subject", written.knownSubject);
  if (written.anonymousSubject === "") {
    insistOnKey(record, "known_subject", known);
    return { kind: "key", known, assignmentKey };
  }
  const anonymous = subjectOf("anonymous_subject", written.anonymousSubject);
  insistOnKey(record, "anonymous_subject", anonymous);
  const linkedAtMs = Number(written.linkedAtMs) as Millis;
  const { sessionId } = written;
  return { kind: "link", link: { anonymous, known, assignmentKey, linkedAtMs, sessionId, lastMs: linkedAtMs } };
}

function subjectOf(field: string, text: string): SubjectId {
  if (isSubjectId(text)) return text;
  throw new RangeError(`${field} is no subject's id`);
}
