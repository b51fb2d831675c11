import { readJson } from "@leastwise/contracts";
import { err, InWords, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { BATCH_EVENTS_MAX } from "../collector.js";
import { objectOf } from "../segment/json-object.js";
import { readAs, type Incoming } from "../steps/step.js";

/** The events of a request's body. */
export interface EventBody {
  /** True if the body is one event: it is answered with a problem where a batch's event gets a verdict. */
  readonly isSingle: boolean;
  readonly incoming: readonly Incoming[];
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The text of a body. Reasons: `body_empty`, `json_malformed` for bytes that are no UTF-8. */
export function bodyText(body: unknown): Result<string, Refusal> {
  if (!(body instanceof Uint8Array) || body.length === 0) {
    return err(refusal("body_empty", "", "no body", 'one event, a list of events, or {"events": […]}'));
  }
  try {
    return ok(decoder.decode(body));
  } catch {
    return err(refusal("json_malformed", "body", new InWords(`${body.length} bytes`), "JSON in UTF-8"));
  }
}

/** Parses a text as JSON. Reason: `json_malformed`; the text is not quoted. */
export function parseJson(text: string, at: string): Result<unknown, Refusal> {
  try {
    const json: unknown = JSON.parse(text);
    return ok(json);
  } catch {
    return err(
      refusal("json_malformed", at === "" ? "body" : at, new InWords(`${Buffer.byteLength(text)} bytes`), "JSON"),
    );
  }
}

/** Reads one event, a list, or an object with a list of events. */
export function readEventBody(json: unknown): Result<EventBody, Refusal> {
  if (Array.isArray(json)) return batch(json);
  const events = objectOf(json)?.["events"];
  if (events === undefined) return ok({ isSingle: true, incoming: [readOne(json, "")] });
  const other = Object.keys(objectOf(json) ?? {}).find((name) => name !== "events");
  if (other !== undefined) return err(refusal("unknown_field", other, other, "events and nothing beside it"));
  if (!Array.isArray(events)) return err(refusal("wrong_type", "events", typeof events, "an array"));
  return batch(events);
}

/** Reads one event a line (NDJSON). A line that does not parse is refused by itself; empty lines are skipped. */
export function readEventLines(text: string): Result<EventBody, Refusal> {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const refused = checkCount(lines.length);
  if (refused !== undefined) return err(refused);
  const incoming = lines.map((line, index): Incoming => {
    const json = parseJson(line, `events[${index}]`);
    return json.ok ? readOne(json.value, `events[${index}]`) : unparsed(json.error);
  });
  return ok({ isSingle: false, incoming });
}

/** What did not parse is kept among the dead letters. */
export function unparsed(refused: Refusal): Incoming {
  return { kind: "unread", refusal: refused, isDeadLetter: true };
}

function batch(items: readonly unknown[]): Result<EventBody, Refusal> {
  const refused = checkCount(items.length);
  if (refused !== undefined) return err(refused);
  return ok({ isSingle: false, incoming: items.map((item, index) => readOne(item, `events[${index}]`)) });
}

function readOne(json: unknown, at: string): Incoming {
  const event = readJson("Event", json, at);
  return event.ok ? readAs(event.value, at) : { kind: "unread", refusal: event.error, isDeadLetter: false };
}

/** Counts before reading, so that a list without end costs nothing. */
export function checkCount(count: number, field = "events"): Refusal | undefined {
  if (count === 0) return refusal("batch_empty", field, "no event", `1 to ${BATCH_EVENTS_MAX} events`);
  if (count <= BATCH_EVENTS_MAX) return undefined;
  return refusal("batch_too_large", field, count, `1 to ${BATCH_EVENTS_MAX} events`);
}
