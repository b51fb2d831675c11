import type { DescMessage, JsonValue } from "@bufbuild/protobuf";
import { messageDescriptor, writeJson, type wire } from "@leastwise/contracts";
import { formatMoney, isCurrencyCode } from "@leastwise/vocabulary";
import { Document, isMap, Scalar, visit } from "yaml";
import { documentFields, type DocumentField } from "./document-fields.js";
import { isTimeZone, writeDuration, writeInstant, writePercent } from "./quantities.js";

/** Widest line of a document. */
const LINE_WIDTH = 120;
/** A map of so few plain values stands on one line. */
const FEW = 3;

/** The policy as a YAML document that {@link readPolicyDocument} reads as the same policy. */
export function writePolicyDocument(policy: wire.Policy): string {
  const document = new Document(documentJson(policy));
  visit(document, {
    Map: (_, map, path) => {
      const isShort = map.items.length <= FEW && map.items.every(({ value }) => value instanceof Scalar);
      if (isShort && path.length > 1) map.flow = true;
    },
    Scalar: (_, scalar) => {
      if (isMap(scalar)) return;
      // Amounts and the like are texts for us, and plain for people.
      if (typeof scalar.value === "string" && PLAIN_NUMBER.test(scalar.value)) asNumber(scalar);
    },
  });
  return document.toString({ lineWidth: LINE_WIDTH, flowCollectionPadding: false });
}

/** The policy's fields as the document has them. */
export function documentJson(policy: wire.Policy): JsonValue {
  return inPeoplesUnits(messageDescriptor("Policy"), writeJson("Policy", policy), "UTC");
}

const PLAIN_NUMBER = /^-?\d{1,15}(\.\d{1,4})?$/;

function asNumber(scalar: Scalar): void {
  const text = scalar.value as string;
  scalar.value = Number(text);
  scalar.minFractionDigits = text.split(".")[1]?.length ?? 0;
}

function inPeoplesUnits(message: DescMessage, json: JsonValue, zone: string): JsonValue {
  const given = json as Readonly<Record<string, JsonValue>>;
  const own = given["time_zone"];
  const within = typeof own === "string" && isTimeZone(own) ? own : zone;
  return Object.fromEntries(
    documentFields(message).flatMap((known) => {
      const value = given[known.field.name];
      return value === undefined ? [] : [written(known, value, within)];
    }),
  );
}

function written({ field, name, form }: DocumentField, value: JsonValue, zone: string): [string, JsonValue] {
  switch (form) {
    case "percent":
      return [name, writePercent(Number(value))];
    case "duration":
      return [name, writeDuration(Number(value))];
    case "instant":
      return [name, writeInstant(Number(value), zone)];
    case "money":
      return moneyWritten(field.name, value);
    case "as_it_is":
      return [name, plainlyWritten(field, value, zone)];
  }
}

function moneyWritten(name: string, value: JsonValue): [string, JsonValue] {
  const { minor = "0", currency = "" } = value as { readonly minor?: string; readonly currency?: string };
  if (!isCurrencyCode(currency)) return [name, value];
  return [name, formatMoney({ minor: Number(minor), currency }).split(" ")[0] ?? ""];
}

function plainlyWritten(field: DocumentField["field"], value: JsonValue, zone: string): JsonValue {
  if (field.fieldKind === "enum") return shortName(field.enum, value);
  if (field.fieldKind === "message") return inPeoplesUnits(field.message, value, zone);
  if (field.fieldKind === "list" && field.listKind === "message")
    return (value as readonly JsonValue[]).map((item) => inPeoplesUnits(field.message, item, zone));
  return value;
}

function shortName(
  { values }: { readonly values: readonly { readonly name: string; readonly localName: string }[] },
  value: JsonValue,
): JsonValue {
  return values.find(({ name }) => name === value)?.localName.toLowerCase() ?? value;
}
