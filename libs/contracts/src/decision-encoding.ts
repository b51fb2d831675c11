import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Candidate } from "@leastwise/decision";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { CandidateWriter } from "./candidate-writer.js";
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

/** Writes the candidates of one record after the other. */
const CANDIDATES = new CandidateWriter();

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
  const head = wire.DecisionRecord.encode({ ...BLANK, ...who, ...seen }, emptyWriter()).finish();
  const rest = { ...record, ...BLANK_HEAD, consent: [], enrolments: [] };
  const tail = wire.DecisionRecord.encode(rest, emptyWriter()).finish();
  return Buffer.concat([head, CANDIDATES.write(weighed.candidates, weighed.currency), tail]);
}

/** One for all records, so that its room need not grow again for each of them. */
const WRITER = new BinaryWriter();

/** Empty, also after an encoding that threw in its middle. */
function emptyWriter(): BinaryWriter {
  WRITER.finish();
  return WRITER;
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
