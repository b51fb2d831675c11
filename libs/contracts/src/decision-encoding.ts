import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Candidate } from "@leastwise/decision";
import type { Incentive } from "@leastwise/offers";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { incentiveToWire } from "./incentive.js";
import { unframed } from "./registry-frame.js";
import * as wire from "./wire.js";

/** What was weighed, as it was decided. */
export interface Weighed {
  readonly candidates: readonly Candidate[];
  readonly currency: CurrencyCode;
}

/**
 * A decision on its way to the log. Its candidates are most of a record, and nobody needs them as messages to write it: they may stand beside it, and
 * the message has none then.
 */
export interface UnwrittenDecision extends wire.DecisionRecord {
  readonly weighed?: Weighed;
}

const BLANK = wire.DecisionRecord.fromPartial({});

/** The fields before the candidates, with nothing in them. */
const BLANK_HEAD = {
  decisionId: "",
  subject: "",
  assignmentKey: "",
  decidedAtMs: 0n,
  clock: "",
  caller: "",
  requestId: "",
  sessionId: "",
  cart: undefined,
  cartDigest: "",
  channel: wire.Channel.CHANNEL_UNSPECIFIED,
  device: wire.Device.DEVICE_UNSPECIFIED,
  features: undefined,
  consent: [],
  enrolments: [],
  episodeId: "",
  continued: false,
} as const satisfies Partial<wire.DecisionRecord>;

/** Where the candidates stand among the fields. */
const CANDIDATES_FIELD = 18;

/** A decision is kept to be explained, and written: where its writer has no epoch to add, its bytes are made once. */
const ENCODED = new WeakMap<UnwrittenDecision, Uint8Array>();

/** The bytes of a record, as the generated code writes them. Whoever changes a record makes another one of it. */
export function encodeDecision(record: UnwrittenDecision): Uint8Array {
  const known = ENCODED.get(record);
  if (known !== undefined) return known;
  const { weighed } = record;
  const bytes = weighed === undefined ? wire.DecisionRecord.encode(record).finish() : encodeWeighed(record, weighed);
  ENCODED.set(record, bytes);
  return bytes;
}

/**
 * The fields before the candidates, the candidates straight from what was decided, which spares a dozen objects for each of them, and the fields behind
 * them.
 */
function encodeWeighed(record: UnwrittenDecision, weighed: Weighed): Uint8Array {
  const { decisionId, subject, assignmentKey, decidedAtMs, clock, caller, requestId, sessionId, cart } = record;
  const { cartDigest, channel, device, features, consent, enrolments, episodeId, continued } = record;
  const who = { decisionId, subject, assignmentKey, decidedAtMs, clock, caller, requestId, sessionId };
  const seen = { cart, cartDigest, channel, device, features, consent, enrolments, episodeId, continued };
  const writer = wire.DecisionRecord.encode({ ...BLANK, ...who, ...seen }, emptyWriter());
  for (const candidate of weighed.candidates) {
    writer.uint32(tagOf(CANDIDATES_FIELD, LENGTH)).fork();
    writeCandidate(writer, candidate, weighed.currency);
    writer.join();
  }
  return wire.DecisionRecord.encode({ ...record, ...BLANK_HEAD, consent: [], enrolments: [] }, writer).finish();
}

/** One for all records, so that its room need not grow again for each of them. */
const WRITER = new BinaryWriter();

/** Empty, also after an encoding that threw in its middle. */
function emptyWriter(): BinaryWriter {
  WRITER.finish();
  return WRITER;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

function tagOf(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** What says nothing is left out, as by the generated code; amounts are always there. */
function writeCandidate(writer: BinaryWriter, candidate: Candidate, currency: CurrencyCode): void {
  const { campaignId, rung, incentive, wantedMinor, blockedBy } = candidate;
  if (campaignId !== "") writer.uint32(tagOf(1, LENGTH)).string(campaignId);
  if (rung !== 0) writer.uint32(tagOf(2, VARINT)).int32(rung);
  if (incentive !== undefined) writer.uint32(tagOf(3, LENGTH)).bytes(incentiveBytes(incentive));
  if (candidate.depthBp !== 0) writer.uint32(tagOf(4, VARINT)).int32(candidate.depthBp);
  writeMoney(writer, 5, candidate.faceValueMinor, currency);
  writeMoney(writer, 6, candidate.expectedCostMinor, currency);
  writeMoney(writer, 7, candidate.worstCostMinor, currency);
  writeDouble(writer, 8, candidate.conversion);
  writeDouble(writer, 9, candidate.valueMinor);
  writeDouble(writer, 10, candidate.evidence);
  writeInt64(writer, 11, candidate.weight);
  if (blockedBy !== "") writer.uint32(tagOf(12, LENGTH)).string(blockedBy);
  if (wantedMinor !== undefined) writeMoney(writer, 13, wantedMinor, currency);
  if (candidate.isOwed === true) writer.uint32(tagOf(14, VARINT)).bool(true);
}

/** An incentive is the policy's own, the same object in decision after decision. */
const INCENTIVES = new WeakMap<Incentive, Uint8Array>();

function incentiveBytes(incentive: Incentive): Uint8Array {
  const known = INCENTIVES.get(incentive);
  if (known !== undefined) return known;
  const bytes = wire.Incentive.encode(incentiveToWire(incentive)).finish();
  INCENTIVES.set(incentive, bytes);
  return bytes;
}

function writeMoney(writer: BinaryWriter, field: number, minor: number, currency: CurrencyCode): void {
  writer.uint32(tagOf(field, LENGTH)).fork();
  writeInt64(writer, 1, minor);
  writer.uint32(tagOf(2, LENGTH)).string(currency).join();
}

function writeDouble(writer: BinaryWriter, field: number, value: number): void {
  if (value !== 0) writer.uint32(tagOf(field, FIXED64)).double(value);
}

const UINT32_MAX = 2 ** 32 - 1;

/** Small whole numbers have the same bytes whatever the width of their type, and are written faster by a narrow one. */
function writeInt64(writer: BinaryWriter, field: number, value: number): void {
  if (value === 0) return;
  writer.uint32(tagOf(field, VARINT));
  if (value > 0 && value <= UINT32_MAX) writer.uint32(value);
  else writer.int64(BigInt(value));
}

/** Where the id stands that a record begins with, its tag and its length before it. */
const ID_AT = 2;

/** The id that a record of `decisions` begins with, framed or not, looked at and not checked; some other text where it begins with none. */
export function leadingDecisionId(value: Uint8Array): string {
  const message = unframed(value);
  return Buffer.from(message.buffer, message.byteOffset, message.length).toString(
    "latin1",
    ID_AT,
    ID_AT + (message[1] ?? 0),
  );
}
