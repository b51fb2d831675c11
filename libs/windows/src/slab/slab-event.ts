import type { SubjectId } from "@leastwise/vocabulary";
import { kindIndex, type OrderLine, type WindowEvent } from "../event.js";
import { eventIdMark } from "../event-id-mark.js";
import type { ProductMarks } from "../product-marks.js";
import { NO_MARK } from "./cells.js";

const NO_LINES: readonly OrderLine[] = [];

/**
 * An event as the slab takes it: the fields of {@link WindowEvent} with texts hashed where the hash is all that is kept. One object is
 * filled again and again, by {@link SlabEvent.fill} or by whoever decodes records, so that nothing is made for an event.
 */
export class SlabEvent {
  /** The subject id's 16 bytes, as four words, the first digits highest. */
  s0 = 0;
  s1 = 0;
  s2 = 0;
  s3 = 0;
  /** Whether the event tells the key that arms hash. */
  hasKey = false;
  /** That key, in the same form. */
  a0 = 0;
  a1 = 0;
  a2 = 0;
  a3 = 0;
  /** Place in `EVENT_KINDS`. */
  kind = 0;
  atMs = 0;
  receivedAtMs = 0;
  /** From `eventIdMark`; −1 if the event has no id. */
  idMark = NO_MARK;
  /** From `productMark`; −1 if the event concerns no product. */
  productMark = NO_MARK;
  /** Needed of cart adds and removes only. */
  productId: string | undefined = undefined;
  units = 0;
  lines: readonly OrderLine[] = NO_LINES;
  revenueMinor: number | undefined = undefined;
  discountMinor: number | undefined = undefined;
  unitPriceMinor: number | undefined = undefined;
  channel: string | undefined = undefined;
  device: string | undefined = undefined;
  place: string | undefined = undefined;
  sessionId: string | undefined = undefined;

  /** Takes an event over. */
  fill(subject: SubjectId, event: WindowEvent, marks: ProductMarks): this {
    this.clear();
    this.setSubject(subject);
    this.kind = kindIndex(event.kind);
    this.atMs = event.atMs;
    this.receivedAtMs = event.receivedAtMs;
    this.idMark = event.eventId === undefined ? NO_MARK : eventIdMark(event.eventId);
    this.productMark = event.productId === undefined ? NO_MARK : marks.of(event.productId);
    this.productId = event.productId;
    this.units = event.units;
    this.lines = event.lines;
    this.revenueMinor = event.revenueMinor;
    this.discountMinor = event.discountMinor;
    this.unitPriceMinor = event.unitPriceMinor;
    this.channel = event.channel;
    this.device = event.device;
    this.place = event.place;
    this.sessionId = event.sessionId;
    return this;
  }

  /** Takes a subject's words over from its 32 hex digits. */
  setSubject(subject: SubjectId): void {
    this.s0 = hexWord(subject, 0);
    this.s1 = hexWord(subject, 8);
    this.s2 = hexWord(subject, 16);
    this.s3 = hexWord(subject, 24);
  }

  /** Takes an assignment key's words over from its 32 hex digits. */
  setAssignmentKey(key: string): void {
    this.hasKey = true;
    this.a0 = hexWord(key, 0);
    this.a1 = hexWord(key, 8);
    this.a2 = hexWord(key, 16);
    this.a3 = hexWord(key, 24);
  }

  /** Makes it an event without anything that an event may lack. */
  clear(): void {
    this.hasKey = false;
    this.a0 = 0;
    this.a1 = 0;
    this.a2 = 0;
    this.a3 = 0;
    this.atMs = 0;
    this.receivedAtMs = 0;
    this.idMark = NO_MARK;
    this.productMark = NO_MARK;
    this.productId = undefined;
    this.units = 0;
    this.lines = NO_LINES;
    this.revenueMinor = undefined;
    this.discountMinor = undefined;
    this.unitPriceMinor = undefined;
    this.channel = undefined;
    this.device = undefined;
    this.place = undefined;
    this.sessionId = undefined;
  }
}

/** Eight hex digits as a signed word. */
export function hexWord(text: string, from: number): number {
  let word = 0;
  for (let index = from; index < from + 8; index += 1) {
    // Of a digit the low four bits; of a letter those and nine, told by the bit that only letters have.
    const code = text.charCodeAt(index);
    word = (word << 4) | ((code & 15) + 9 * (code >> 6));
  }
  return word;
}
