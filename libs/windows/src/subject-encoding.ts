import { err, keyedHashBytes, ok, refusal, type Hash64, type Refusal, type Result } from "@leastwise/vocabulary";
import { ByteReader, MalformedBytes } from "./byte-reader.js";
import { ByteWriter } from "./byte-writer.js";
import { CartChanges } from "./cart.js";
import { TILE_COUNTERS } from "./counters.js";
import { EVENT_KINDS } from "./event.js";
import type { LastSeen, SeenText } from "./last-seen.js";
import { RecentIds, type RecentId } from "./recent-ids.js";
import type { Session } from "./session.js";
import { emptySubject, type SubjectState } from "./subject-state.js";
import { addToTile, markProduct, type TileSeries } from "./tile-series.js";

/**
 * One subject's state as bytes: a version, the fields in a fixed order, and eight bytes of SipHash-2-4 (key 0, 0) over
 * all before. The same state has one encoding only, so that equal bytes mean equal state, and the reverse.
 */
const SUBJECT_ENCODING_VERSION = 1;

const CHECKSUM_BYTES = 8;
const UNKEYED = { k0: 0n, k1: 0n };

/** Encodes a state. */
export function encodeSubject(state: SubjectState): Uint8Array {
  const writer = new ByteWriter();
  writer.integer(SUBJECT_ENCODING_VERSION);
  writer.integer(state.lastOffset);
  writer.integer(state.newestMs);
  for (const series of state.tiles.series) writeSeries(writer, series);
  writeSeen(writer, state.seen);
  writer.optional(state.session, (session) => {
    writeSession(writer, session);
  });
  writeCart(writer, state.cart);
  writer.integer(state.recentIds.size);
  for (const recentId of state.recentIds.entries()) writeRecentId(writer, recentId);
  writer.integer(state.causes.length);
  for (const cause of state.causes) writer.text(cause);
  return withChecksum(writer.bytes());
}

/**
 * Decodes a state.
 *
 * @returns a refusal with reason `state_corrupt` if the bytes were cut or changed, `state_version_unknown` if another
 * version wrote them
 */
export function decodeSubject(bytes: Uint8Array): Result<SubjectState, Refusal> {
  const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  if (bytes.length < CHECKSUM_BYTES || !sameBytes(withChecksum(body), bytes)) {
    return err(refusal("state_corrupt", "state", `${bytes.length} bytes`, "bytes that agree with their checksum"));
  }
  const reader = new ByteReader(body);
  try {
    const version = reader.integer();
    if (version !== SUBJECT_ENCODING_VERSION) {
      return err(refusal("state_version_unknown", "state.version", version, `version ${SUBJECT_ENCODING_VERSION}`));
    }
    const state = readState(reader);
    if (!reader.isAtEnd) throw new MalformedBytes("bytes are left over");
    return ok(state);
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    return err(refusal("state_corrupt", "state", error.message, "one subject's encoded state"));
  }
}

/** The checksum that ends an encoded state, which stands for the whole of it. */
export function checksumOf(encoded: Uint8Array): Uint8Array {
  return encoded.subarray(encoded.length - CHECKSUM_BYTES);
}

function readState(reader: ByteReader): SubjectState {
  const state = emptySubject();
  state.lastOffset = reader.integer();
  state.newestMs = reader.integer();
  for (const series of state.tiles.series) readSeries(reader, series);
  state.seen = readSeen(reader);
  state.session = reader.optional(() => readSession(reader));
  state.cart = readCart(reader);
  state.recentIds = readRecentIds(reader);
  state.causes = reader.list(() => reader.text());
  return state;
}

function writeSeries(writer: ByteWriter, series: TileSeries): void {
  writer.integer(series.droppedTile);
  writer.integer(series.tiles.length);
  let before = 0;
  for (const { tile, counts, marks = [] } of series.tiles) {
    writer.integer(tile - before);
    before = tile;
    const filled = [...counts.entries()].filter(([, count]) => count !== 0);
    writer.integer(filled.length);
    for (const [counter, count] of filled) {
      writer.integer(counter);
      writer.integer(count);
    }
    writer.integer(marks.length);
    for (const mark of marks) writer.integer(mark);
  }
}

function readSeries(reader: ByteReader, series: TileSeries): void {
  series.noteDropped(reader.integer());
  let before = 0;
  for (let left = reader.count(); left > 0; left -= 1) {
    const number = before + reader.integer();
    const tile = series.at(number);
    before = number;
    for (let filled = reader.count(); filled > 0; filled -= 1) {
      const counter = reader.integer();
      if (counter < 0 || counter >= TILE_COUNTERS.length) throw new MalformedBytes(`no counter ${counter}`);
      addToTile(tile, counter, reader.integer());
    }
    for (let marks = reader.count(); marks > 0; marks -= 1) markProduct(tile, reader.integer());
  }
}

function writeSeen(writer: ByteWriter, seen: LastSeen): void {
  for (const atMs of seen.kindsMs) writer.integer(atMs);
  for (const seenText of [seen.channel, seen.device, seen.place, seen.sessionId]) {
    writer.optional(seenText, ({ text, atMs }) => {
      writer.text(text);
      writer.integer(atMs);
    });
  }
}

function readSeen(reader: ByteReader): LastSeen {
  const kindsMs = EVENT_KINDS.map(() => reader.integer());
  const readText = (): SeenText | undefined =>
    reader.optional(() => {
      const text = reader.text();
      return { text, atMs: reader.integer() };
    });
  return { kindsMs, channel: readText(), device: readText(), place: readText(), sessionId: readText() };
}

function writeSession(writer: ByteWriter, session: Session): void {
  const { startMs, lastMs, events, pageViews, productViews } = session;
  for (const value of [startMs, lastMs, events, pageViews, productViews]) writer.integer(value);
}

function readSession(reader: ByteReader): Session {
  return {
    startMs: reader.integer(),
    lastMs: reader.integer(),
    events: reader.integer(),
    pageViews: reader.integer(),
    productViews: reader.integer(),
  };
}

function writeCart(writer: ByteWriter, cart: CartChanges): void {
  const products = [...cart.products].sort(([a], [b]) => (a < b ? -1 : 1));
  writer.integer(products.length);
  for (const [productId, changes] of products) {
    writer.text(productId);
    writer.integer(changes.length);
    for (const { atMs, units, unitPriceMinor } of changes) {
      writer.integer(atMs);
      writer.integer(units);
      writer.optional(unitPriceMinor, (price) => {
        writer.integer(price);
      });
    }
  }
}

function readCart(reader: ByteReader): CartChanges {
  const cart = new CartChanges();
  for (let products = reader.count(); products > 0; products -= 1) {
    const productId = reader.text();
    for (let changes = reader.count(); changes > 0; changes -= 1) {
      const atMs = reader.integer();
      const units = reader.integer();
      cart.add(productId, { atMs, units, unitPriceMinor: reader.optional(() => reader.integer()) });
    }
  }
  return cart;
}

function writeRecentId(writer: ByteWriter, { id, receivedAtMs }: RecentId): void {
  writer.text(id);
  writer.integer(receivedAtMs);
}

/** The memory without so many of its oldest ids that its encoding is smaller by at least so many bytes, or without any. */
export function withoutOldestIds(ids: RecentIds, bytes: number): RecentIds {
  const kept = new RecentIds();
  let left = bytes;
  for (const recentId of ids.entries()) {
    if (left <= 0) {
      kept.restore(recentId);
      continue;
    }
    const writer = new ByteWriter();
    writeRecentId(writer, recentId);
    left -= writer.bytes().length;
  }
  return kept;
}

function readRecentIds(reader: ByteReader): RecentIds {
  const ids = new RecentIds();
  for (let left = reader.count(); left > 0; left -= 1) {
    const id = reader.text();
    ids.restore({ id, receivedAtMs: reader.integer() });
  }
  return ids;
}

function withChecksum(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + CHECKSUM_BYTES);
  bytes.set(body);
  writeHash(bytes, body.length, keyedHashBytes(UNKEYED, body));
  return bytes;
}

function writeHash(bytes: Uint8Array, at: number, { high, low }: Hash64): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, CHECKSUM_BYTES);
  view.setUint32(0, high);
  view.setUint32(4, low);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
