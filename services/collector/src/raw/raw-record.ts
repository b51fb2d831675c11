import { messageInFrame, readFrame, readJson, wire } from "@leastwise/contracts";
import { refusal } from "@leastwise/vocabulary";
import { bodyText, parseJson, unparsed } from "../http/event-body.js";
import { readAs, type Incoming } from "../steps/step.js";

const OPENING_BRACE = 0x7b;
/** Space, tab, line feed, carriage return. */
const JSON_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Reads what somebody else wrote to the log as an event: a JSON object, or the message `Event` of protobuf, each as it is or behind the header
 * of a schema registry's serializer, which no message can begin with. JSON begins with a brace, which no message can either: as a tag it
 * would be of a group, and `Event` has none. Which schema it says it is of is not looked up: the event is held against our own contract.
 */
export function readRawRecord(value: Uint8Array): Incoming {
  const framed = readFrame(value);
  if (framed === undefined) return readBare(value);
  return isJson(framed.payload) ? readJsonRecord(framed.payload) : readMessage(messageInFrame(framed));
}

function readBare(value: Uint8Array): Incoming {
  return isJson(value) ? readJsonRecord(value) : readMessage(value);
}

function isJson(value: Uint8Array): boolean {
  return value.find((byte) => !JSON_SPACE.has(byte)) === OPENING_BRACE;
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
