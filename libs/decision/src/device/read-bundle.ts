import { err, isTimeZone, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import type { BundledClass, DeviceBundle } from "./device-bundle.js";

/**
 * Reads a bundle from its JSON form, as `SignedDeviceBundle.bundle` has it: int64 as text, what is empty left out, what is not known passed over. Reasons:
 * `wrong_type`, with the field.
 *
 * @param json what `JSON.parse` gave
 */
export function readDeviceBundle(json: unknown): Result<DeviceBundle, Refusal> {
  if (!isObject(json)) return err(wrong("", json, "an object"));
  const { policy_version: policyVersion = "", time_zone: timeZone = "", signals = [], classes = [] } = json;
  const [issuedAtMs, expiresAtMs] = [json["issued_at_ms"], json["expires_at_ms"]].map(instantOf);
  if (typeof policyVersion !== "string") return err(wrong("policy_version", policyVersion, "a text"));
  if (typeof timeZone !== "string" || !isTimeZone(timeZone))
    return err(wrong("time_zone", timeZone, "an IANA time zone"));
  if (issuedAtMs === undefined) return err(wrong("issued_at_ms", json["issued_at_ms"], "milliseconds"));
  if (expiresAtMs === undefined) return err(wrong("expires_at_ms", json["expires_at_ms"], "milliseconds"));
  if (!isTexts(signals)) return err(wrong("signals", signals, "texts"));
  if (!Array.isArray(classes)) return err(wrong("classes", classes, "a list"));
  const read = classes.map(classOf);
  const at = read.indexOf(undefined);
  if (at >= 0) return err(wrong(`classes[${String(at)}]`, classes[at], "a class with name and expression"));
  const bundle = { policyVersion, timeZone, issuedAtMs, expiresAtMs, signals };
  return ok({ ...bundle, classes: read.flatMap((one) => one ?? []) });
}

function classOf(json: unknown): BundledClass | undefined {
  if (!isObject(json)) return undefined;
  const { name, expression } = json;
  if (typeof name !== "string" || typeof expression !== "string") return undefined;
  const [startsAtMs, endsAtMs] = [json["starts_at_ms"], json["ends_at_ms"]].map(instantOf);
  return {
    ...{ name, expression },
    ...(startsAtMs !== undefined && { startsAtMs }),
    ...(endsAtMs !== undefined && { endsAtMs }),
  };
}

function instantOf(json: unknown): number | undefined {
  const ms = typeof json === "string" && /^-?\d{1,16}$/.test(json) ? Number(json) : undefined;
  return Number.isSafeInteger(ms) ? ms : undefined;
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function isTexts(json: unknown): json is readonly string[] {
  return Array.isArray(json) && json.every((one) => typeof one === "string");
}

function wrong(field: string, came: unknown, expected: string): Refusal {
  return refusal("wrong_type", field, came, expected);
}
