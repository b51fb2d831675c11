import { err, ok, refusal, type CurrencyCode, type Millis, type Refusal, type Result } from "@leastwise/vocabulary";
import { listOf, objectOf, textOf } from "../segment/json-object.js";
import { readSegmentCall } from "../segment/segment-call.js";
import { checkCount, type EventBody } from "./event-body.js";

/** Reads the body of `/v1/track` and its like. */
export function readSegmentBody(
  json: unknown,
  type: string,
  receivedAtMs: Millis,
  homeCurrency: CurrencyCode | undefined,
): Result<EventBody, Refusal> {
  if (type === "batch") return readBatch(json, receivedAtMs, homeCurrency);
  const context = { at: "", receivedAtMs, batchSentAt: undefined, homeCurrency };
  return ok({ isSingle: true, incoming: [readSegmentCall(json, type, context)] });
}

/** The write key that a call, or a batch or its first call, carries in its body. */
export function writeKeyOf(json: unknown): unknown {
  const body = objectOf(json);
  return body?.["writeKey"] ?? objectOf(listOf(body?.["batch"])[0])?.["writeKey"];
}

function readBatch(
  json: unknown,
  receivedAtMs: Millis,
  homeCurrency: CurrencyCode | undefined,
): Result<EventBody, Refusal> {
  const body = objectOf(json);
  const calls = body?.["batch"];
  if (!Array.isArray(calls)) return err(refusal("wrong_type", "batch", typeof calls, "an array of calls"));
  const refused = checkCount(calls.length, "batch");
  if (refused !== undefined) return err(refused);
  const incoming = calls.map((call: unknown, index) =>
    readSegmentCall(call, textOf(objectOf(call), "type", "action"), {
      at: `batch[${index}]`,
      receivedAtMs,
      batchSentAt: body?.["sentAt"],
      homeCurrency,
    }),
  );
  return ok({ isSingle: false, incoming });
}
