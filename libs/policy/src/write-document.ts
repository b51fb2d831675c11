import type { DescMessage, JsonValue } from "@bufbuild/protobuf";
import { messageDescriptor, writeJson, type wire, type WireMessage } from "@leastwise/contracts";
import { formatMoney, isCurrencyCode, isTimeZone } from "@leastwise/vocabulary";
import { Document, Scalar, visit } from "yaml";
import { documentFields, type DocumentField, type FieldForm } from "./document-fields.js";
import { writeClock, writeDuration, writeInstant, writePercent } from "./quantities.js";

const POLICY = messageDescriptor("Policy");

/** Widest line of a document. */
const LINE_WIDTH = 120;
/** A map of so few plain values stands on one line. */
const FEW = 3;

/** The policy as a YAML document that {@link readPolicyDocument} reads as the same policy. */
export function writePolicyDocument(policy: wire.Policy): string {
  return writeDocument("Policy", policy);
}

/** The response model as a YAML document that {@link readModelDocument} reads as the same model. */
export function writeModelDocument(model: wire.ResponseModel): string {
  return writeDocument("ResponseModel", model);
}

function writeDocument<Name extends "Policy" | "ResponseModel">(name: Name, message: WireMessage<Name>): string {
  const style = { zone: "UTC", amount: plainAmount };
  const document = new Document(inPeoplesUnits(messageDescriptor(name), writeJson(name, message), style));
  visit(document, {
    Map: (_, map, path) => {
      const isShort = map.items.length <= FEW && map.items.every(({ value }) => value instanceof Scalar);
      if (isShort && path.length > 1) map.flow = true;
    },
  });
  return document.toString({ lineWidth: LINE_WIDTH, flowCollectionPadding: false });
}

/** The policy's fields as the document has them; amounts are texts. */
export function documentJson(policy: wire.Policy): JsonValue {
  return inPeoplesUnits(POLICY, writeJson("Policy", policy), { zone: "UTC", amount: (text) => text }) as JsonValue;
}

/** An amount without quotes, and with the decimals that it is written with. */
function plainAmount(text: string): Scalar {
  const scalar = new Scalar(Number(text));
  scalar.minFractionDigits = text.split(".")[1]?.length ?? 0;
  return scalar;
}

/** What is written, of JSON and of what stands for amounts. */
type Written = JsonValue | Scalar | readonly Written[] | { readonly [name: string]: Written };

interface Style {
  /** IANA time zone of civil times. */
  readonly zone: string;
  readonly amount: (text: string) => Written;
}

function inPeoplesUnits(message: DescMessage, json: JsonValue, style: Style): Written {
  const given = json as Readonly<Record<string, JsonValue>>;
  const own = given["time_zone"];
  const inside = { ...style, ...(typeof own === "string" && isTimeZone(own) ? { zone: own } : {}) };
  return Object.fromEntries(
    documentFields(message).flatMap((known) => {
      const value = given[known.field.name];
      return value === undefined ? [] : [written(known, value, inside)];
    }),
  );
}

function written(known: DocumentField, value: JsonValue, style: Style): [string, Written] {
  const { field, name, form } = known;
  if (field.fieldKind === "list" && form !== "as_it_is")
    return [name, (value as readonly JsonValue[]).map((item) => quantityWritten(form, item, style))];
  return [name, form === "as_it_is" ? plainlyWritten(field, value, style) : quantityWritten(form, value, style)];
}

function quantityWritten(form: Exclude<FieldForm, "as_it_is">, value: JsonValue, style: Style): Written {
  switch (form) {
    case "percent":
      return writePercent(Number(value));
    case "duration":
      return writeDuration(Number(value));
    case "instant":
      return writeInstant(Number(value), style.zone);
    case "clock":
      return writeClock(Number(value));
    case "money":
      return amountWritten(value, style);
  }
}

function amountWritten(value: JsonValue, { amount }: Style): Written {
  const { minor = "0", currency = "" } = value as { readonly minor?: string; readonly currency?: string };
  if (!isCurrencyCode(currency)) return value;
  return amount(formatMoney({ minor: Number(minor), currency }).split(" ")[0] ?? "");
}

function plainlyWritten(field: DocumentField["field"], value: JsonValue, style: Style): Written {
  if (field.fieldKind === "enum") return shortName(field.enum, value);
  if (field.fieldKind === "message") return inPeoplesUnits(field.message, value, style);
  if (field.fieldKind === "list" && field.listKind === "message")
    return (value as readonly JsonValue[]).map((item) => inPeoplesUnits(field.message, item, style));
  if (field.fieldKind === "list" && field.listKind === "enum")
    return (value as readonly JsonValue[]).map((item) => shortName(field.enum, item));
  return value;
}

function shortName(
  { values }: { readonly values: readonly { readonly name: string; readonly localName: string }[] },
  value: JsonValue,
): JsonValue {
  return values.find(({ name }) => name === value)?.localName.toLowerCase() ?? value;
}
