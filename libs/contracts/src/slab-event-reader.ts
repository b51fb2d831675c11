import type { CurrencyCode } from "@leastwise/vocabulary";
import { EVENT_KINDS, eventIdMarkOfAscii, NO_MARK, productMarkOfBytes, type SlabEvent } from "@leastwise/windows";
import { channelName, deviceName, kindName } from "./enum-names.js";
import { placeText } from "./window-event.js";
import type * as wire from "./wire.js";

/** Fields of the messages on the way, by number and wire type: `number << 3 | type` as protobuf has it. */
const VARINT = 0;
const BYTES = 2;
const field = (number: number, type: number): number => (number << 3) | type;

const RECORD_EVENT = field(1, BYTES);
const SUBJECT = field(1, BYTES);
const ASSIGNMENT_KEY = field(2, BYTES);
const RECEIVED_AT = field(3, VARINT);
const EVENT = field(5, BYTES);
const EVENT_ID = field(1, BYTES);
const KIND = field(2, VARINT);
const OCCURRED_AT = field(3, VARINT);
const ANONYMOUS_ID = field(4, BYTES);
const USER_ID = field(5, BYTES);
const SESSION_ID = field(6, BYTES);
const CHANNEL = field(7, VARINT);
const DEVICE = field(8, VARINT);
const PLACE = field(9, BYTES);
const PRODUCT = field(10, BYTES);
const PRODUCT_ID = field(1, BYTES);
const QUANTITY = field(5, VARINT);
const UNIT_PRICE = field(4, BYTES);
const MINOR = field(1, VARINT);
const CURRENCY = field(2, BYTES);
const COUNTRY = field(1, BYTES);
const REGION = field(2, BYTES);

/** The places in `EVENT_KINDS` of the contract's kinds; −1 for those that windows do not count, and for purchases, whose lines are many. */
const KINDS = Int8Array.from({ length: 11 }, (_, kind) => {
  const name = kindName(kind as wire.EventKind);
  return name === undefined || name === "purchase" ? -1 : EVENT_KINDS.indexOf(name as (typeof EVENT_KINDS)[number]);
});

const CART_ADD = EVENT_KINDS.indexOf("cart_add");
const CART_REMOVE = EVENT_KINDS.indexOf("cart_remove");
const PLACES_REMEMBERED = 1_024;
/** Groups of seven bits that any safe integer fits in; longer ones are negative or no plain numbers. */
const VARINT_BYTES_MAX = 8;

/**
 * Reads the plain events among the records of `clickstream`, which are nearly all, straight from their bytes into a {@link SlabEvent}: only the
 * fields that windows need, nothing decoded that is hashed anyway, and nothing allocated for texts that were met before. Whatever is not
 * plain (links, moved states, orders, fields given twice, texts beyond ASCII, anything malformed) is left to the full decoder, which
 * gives the same event for the plain ones: a test holds them to that.
 */
export class SlabEventReader {
  readonly #home: Uint8Array;
  readonly #places = new RememberedBytes(PLACES_REMEMBERED);
  readonly #placeTexts: (string | undefined)[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #isPlain = true;
  #productAt = 0;
  #productEnd = 0;

  constructor(home: CurrencyCode) {
    this.#home = Buffer.from(home, "latin1");
  }

  /** Fills the event and returns true, or returns false: the record is not a plain event, and what is in the event then means nothing. */
  read(value: Uint8Array, event: SlabEvent): boolean {
    this.#bytes = Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length);
    this.#at = 0;
    this.#isPlain = true;
    event.clear();
    event.kind = -1;
    if (this.#varint() !== RECORD_EVENT || this.#end() !== this.#bytes.length) return false;
    return this.#readRecorded(event, this.#bytes.length);
  }

  #readRecorded(event: SlabEvent, end: number): boolean {
    let seen = 0;
    while (this.#at < end && this.#isPlain) {
      const tag = this.#varint();
      switch (tag) {
        case SUBJECT:
          this.#readSubject(event);
          seen |= 1;
          break;
        case RECEIVED_AT:
          event.receivedAtMs = this.#integer();
          break;
        case EVENT: {
          if ((seen & 2) !== 0) this.#isPlain = false;
          seen |= 2;
          const eventEnd = this.#end();
          this.#readEvent(event, eventEnd);
          break;
        }
        case ASSIGNMENT_KEY:
          this.#readAssignmentKey(event);
          break;
        default:
          this.#skip(tag);
      }
    }
    return this.#isPlain && this.#at === end && seen === 3 && event.kind >= 0;
  }

  #readEvent(event: SlabEvent, end: number): void {
    let products = 0;
    let places = 0;
    while (this.#at < end && this.#isPlain) {
      const tag = this.#varint();
      switch (tag) {
        case EVENT_ID:
          this.#readEventId(event);
          break;
        case KIND:
          event.kind = KINDS[this.#varint()] ?? -1;
          if (event.kind < 0) this.#isPlain = false;
          break;
        case OCCURRED_AT:
          event.atMs = this.#integer();
          break;
        case SESSION_ID:
          event.sessionId = this.#ascii(this.#end());
          break;
        case CHANNEL:
          event.channel = channelName(this.#varint() as wire.Channel);
          break;
        case DEVICE:
          event.device = deviceName(this.#varint() as wire.Device);
          break;
        case PLACE:
          places += 1;
          event.place = this.#readPlace(this.#end());
          break;
        case PRODUCT:
          products += 1;
          this.#readProduct(event, this.#end());
          break;
        case ANONYMOUS_ID:
        case USER_ID:
          this.#skip(tag);
          break;
        default:
          // An order, a return, content, or what a later version says.
          this.#isPlain = false;
      }
    }
    if (this.#at !== end || products > 1 || places > 1) this.#isPlain = false;
    if (products === 1 && (event.kind === CART_ADD || event.kind === CART_REMOVE)) {
      event.productId = this.#bytes.toString("latin1", this.#productAt, this.#productEnd);
    }
  }

  #readProduct(event: SlabEvent, end: number): void {
    // An empty product id names a product all the same, as the full decoder has it: left to that one.
    let isNamed = false;
    let prices = 0;
    while (this.#at < end && this.#isPlain) {
      const tag = this.#varint();
      switch (tag) {
        case PRODUCT_ID:
          this.#readProductId(event, this.#end());
          isNamed = true;
          break;
        case QUANTITY:
          event.units = this.#integer();
          break;
        case UNIT_PRICE:
          prices += 1;
          event.unitPriceMinor = this.#readMoney(this.#end());
          break;
        default:
          this.#skip(tag);
      }
    }
    if (this.#at !== end || !isNamed || prices > 1) this.#isPlain = false;
  }

  #readMoney(end: number): number | undefined {
    let minor = 0;
    let isHome = false;
    while (this.#at < end && this.#isPlain) {
      const tag = this.#varint();
      if (tag === MINOR) minor = this.#integer();
      else if (tag === CURRENCY) isHome = this.#isHomeCurrency(this.#end());
      else this.#skip(tag);
    }
    if (this.#at !== end) this.#isPlain = false;
    return isHome ? minor : undefined;
  }

  #isHomeCurrency(end: number): boolean {
    const from = this.#at;
    this.#at = end;
    if (end - from !== this.#home.length) return false;
    for (let at = from; at < end; at += 1) if (this.#bytes[at] !== this.#home[at - from]) return false;
    return true;
  }

  #readPlace(end: number): string | undefined {
    const from = this.#at;
    if (this.#places.has(this.#bytes, from, end)) {
      this.#at = end;
      return this.#placeTexts[this.#places.slot];
    }
    let country = "";
    let region = "";
    while (this.#at < end && this.#isPlain) {
      const tag = this.#varint();
      if (tag === COUNTRY) country = this.#ascii(this.#end());
      else if (tag === REGION) region = this.#ascii(this.#end());
      else this.#skip(tag);
    }
    if (this.#at !== end) this.#isPlain = false;
    if (!this.#isPlain) return undefined;
    const place = placeText({ country, region });
    // Reading country and region did not move the slot: they are not looked up.
    this.#places.remember(this.#bytes, from, end);
    this.#placeTexts[this.#places.slot] = place;
    return place;
  }

  /** Only carts remember the text: for all others the mark is enough. */
  #readProductId(event: SlabEvent, end: number): void {
    const bytes = this.#bytes;
    const from = this.#at;
    this.#at = end;
    let all = 0;
    for (let at = from; at < end; at += 1) all |= bytes[at] ?? 0;
    if (all > 0x7f) this.#isPlain = false;
    event.productMark = productMarkOfBytes(bytes, from, end);
    this.#productAt = from;
    this.#productEnd = end;
  }

  #readEventId(event: SlabEvent): void {
    const end = this.#end();
    const from = this.#at;
    this.#at = end;
    for (let at = from; at < end; at += 1) if ((this.#bytes[at] ?? 0) > 0x7f) this.#isPlain = false;
    event.idMark = end === from ? NO_MARK : eventIdMarkOfAscii(this.#bytes, from, end);
  }

  #readSubject(event: SlabEvent): void {
    const at = this.#digitsAt();
    event.s0 = this.#hexWord(at);
    event.s1 = this.#hexWord(at + 8);
    event.s2 = this.#hexWord(at + 16);
    event.s3 = this.#hexWord(at + 24);
  }

  #readAssignmentKey(event: SlabEvent): void {
    const at = this.#digitsAt();
    event.hasKey = true;
    event.a0 = this.#hexWord(at);
    event.a1 = this.#hexWord(at + 8);
    event.a2 = this.#hexWord(at + 16);
    event.a3 = this.#hexWord(at + 24);
  }

  /** Where the digits of an id begin, which are passed over. */
  #digitsAt(): number {
    const end = this.#end();
    if (end - this.#at !== SUBJECT_DIGITS) this.#isPlain = false;
    const at = this.#at;
    this.#at = end;
    return at;
  }

  #hexWord(from: number): number {
    const bytes = this.#bytes;
    let word = 0;
    let all = 0;
    for (let at = from; at < from + 8; at += 1) {
      const digit = HEX_DIGITS[bytes[at] ?? 0] ?? -1;
      all |= digit;
      word = (word << 4) | digit;
    }
    if (all < 0) this.#isPlain = false;
    return word;
  }

  #ascii(end: number): string {
    const from = this.#at;
    this.#at = end;
    for (let at = from; at < end; at += 1) if ((this.#bytes[at] ?? 0) > 0x7f) this.#isPlain = false;
    return this.#bytes.toString("latin1", from, end);
  }

  /** A length, as the place where what has it ends. */
  #end(): number {
    const end = this.#varint() + this.#at;
    if (end <= this.#bytes.length) return end;
    this.#isPlain = false;
    return this.#bytes.length;
  }

  /** A field's value that is not needed. */
  #skip(tag: number): void {
    const type = tag & 7;
    if (type === BYTES) this.#at = this.#end();
    else if (type === VARINT) this.#integer();
    else this.#isPlain = false;
  }

  /** A tag, a length or an enum's value: small, or the record is not plain. */
  #varint(): number {
    const first = this.#bytes[this.#at] ?? 0x80;
    if (first < 0x80) {
      this.#at += 1;
      return first;
    }
    return this.#integer();
  }

  #integer(): number {
    const bytes = this.#bytes;
    let at = this.#at;
    let value = 0;
    let scale = 1;
    for (const end = Math.min(bytes.length, at + VARINT_BYTES_MAX); at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      this.#at = at + 1;
      if (value > Number.MAX_SAFE_INTEGER) this.#isPlain = false;
      return value;
    }
    this.#isPlain = false;
    return 0;
  }
}

const SUBJECT_DIGITS = 32;
const HEX_DIGITS = Int8Array.from({ length: 256 }, (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code)));

/** Remembers short stretches of bytes, one for each of its slots: a later one of the same slot takes the place of the one before. */
class RememberedBytes {
  /** Of what was asked for last. */
  slot = 0;
  readonly #texts: (string | undefined)[];
  readonly #mask: number;

  /** @param slots a power of two */
  constructor(slots: number) {
    this.#texts = new Array<string | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
  }

  has(bytes: Uint8Array, from: number, to: number): boolean {
    let hash = to - from;
    for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x9e3779b1);
    this.slot = ((hash ^ (hash >>> 15)) >>> 0) & this.#mask;
    const text = this.#texts[this.slot];
    if (text?.length !== to - from) return false;
    for (let at = from; at < to; at += 1) if (text.charCodeAt(at - from) !== bytes[at]) return false;
    return true;
  }

  /** Remembers what was asked for last and not there. */
  remember(bytes: Buffer, from: number, to: number): void {
    this.#texts[this.slot] = bytes.toString("latin1", from, to);
  }
}
