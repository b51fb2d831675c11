import { readJson, wire } from "@leastwise/contracts";
import { refusal } from "@leastwise/vocabulary";
import { bodyText, parseJson, unparsed } from "../http/event-body.js";
import { readAs, type Incoming } from "../steps/step.js";

/** Begins a record in Confluent's wire format: this byte, four of the schema's id, and before protobuf which message of the schema it is. */
const CONFLUENT_MAGIC = 0;
const CONFLUENT_HEADER_BYTES = 5;
const OPENING_BRACE = 0x7b;
/** Space, tab, line feed, carriage return. */
const JSON_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Reads what somebody else wrote to the log as an event: a JSON object, or the message `Event` of protobuf, each as it is or behind the header
 * of a schema registry's serializer, which no message can begin with. JSON begins with a brace, which no message can either: as a tag it
 * would be of a group, and `Event` has none. Which schema it says it is of is not looked up: the event is held against our own contract.
 */
export function readRawRecord(value: Uint8Array): Incoming {
  if (value[0] !== CONFLUENT_MAGIC || value.length <= CONFLUENT_HEADER_BYTES) return readBare(value);
  const body = value.subarray(CONFLUENT_HEADER_BYTES);
  return isJson(body) ? readJsonRecord(body) : readMessage(body.subarray(messageIndexesBytes(body)));
}

function readBare(value: Uint8Array): Incoming {
  return isJson(value) ? readJsonRecord(value) : readMessage(value);
}

function isJson(value: Uint8Array): boolean {
  return value.find((byte) => !JSON_SPACE.has(byte)) === OPENING_BRACE;
}

/** How many bytes say which message of the schema follows: how many steps, zigzag varint, and each of them; 0 steps stand for the first message. */
function messageIndexesBytes(body: Uint8Array): number {
  const count = (body[0] ?? 0) >> 1;
  let at = 1;
  for (let left = count; left > 0 && at < body.length; at += 1) if ((body[at] ?? 0) < 0x80) left -= 1;
  return at;
}

function readJsonRecord(value: Uint8Array): Incoming {
  const text = bodyText(value);
  if (!text.ok) return unparsed(text.error);
  const json = parseJson(text.value, "");
  if (!json.ok) return unparsed(json.error);
  const event = readJson("Event", json.value, "");
  return event.ok ? readAs(event.value, "") : unparsed(event.error);
}

function readMessage(value: Uint8Array): Incoming {
  const expected = "a JSON object, or the bytes of leastwise.v1.Event";
  if (value.length === 0) return unparsed(refusal("body_empty", "", "no bytes", expected));
  try {
    return readAs(wire.Event.decode(value), "");
  } catch {
    return unparsed(refusal("message_malformed", "", `${value.length} bytes`, expected));
  }
}
