import { ScalarType, type DescEnum, type DescField, type DescMessage, type JsonValue } from "@bufbuild/protobuf";
import { err, InWords, nearestName, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { within } from "./field-path.js";
import { isStorableText } from "./text.js";

/** Deepest nesting that any of the contracts' messages needs is far below. */
const DEPTH_MAX = 32;

/**
 * Holds a JSON value against a message's descriptor and returns it in the strict form of the proto JSON mapping. It says
 * what the mapping's own reader cannot: the path, the nearest valid field (`unknown_field`), what type was expected
 * (`wrong_type`), unpaired surrogates and NUL (`invalid_text`), one field given under both of its names
 * (`field_repeated`). An enum's value may be given without its prefix and in lower case: `product_view`.
 */
export function shapeMessage(desc: DescMessage, json: unknown, at: string, depth = 0): Result<JsonValue, Refusal> {
  if (depth > DEPTH_MAX) return err(refusal("too_deep", at, depth, `at most ${DEPTH_MAX} levels`));
  if (!isObject(json)) return err(refusal("wrong_type", at, quoteKind(json), "an object"));
  const shaped: Record<string, JsonValue> = {};
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(json)) {
    const field = fieldsByName(desc).get(name);
    if (field === undefined) return err(unknownField(desc, name, at));
    if (seen.has(field.name))
      return err(refusal("field_repeated", within(at, field.name), name, "one of its two names"));
    seen.add(field.name);
    if (value === null || value === undefined) continue; // the mapping reads null as absent
    const one = shapeField(field, value, within(at, field.name), depth);
    if (!one.ok) return one;
    shaped[field.jsonName] = one.value;
  }
  return ok(shaped);
}

const FIELDS = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

function fieldsByName(desc: DescMessage): ReadonlyMap<string, DescField> {
  const known = FIELDS.get(desc);
  if (known !== undefined) return known;
  const fields = new Map(
    desc.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]),
  );
  FIELDS.set(desc, fields);
  return fields;
}

function unknownField(desc: DescMessage, name: string, at: string): Refusal {
  const valid = desc.fields.map((field) => field.name);
  const nearest = nearestName(name, valid);
  const expected =
    nearest === undefined ? `one of ${valid.join(", ")}` : `a field of ${desc.name}; did you mean ${nearest}?`;
  return refusal("unknown_field", within(at, name.slice(0, 64)), name, expected);
}

function shapeField(field: DescField, value: unknown, at: string, depth: number): Result<JsonValue, Refusal> {
  switch (field.fieldKind) {
    case "message":
      return shapeMessage(field.message, value, at, depth + 1);
    case "enum":
      return shapeEnum(field.enum, value, at);
    case "scalar":
      return shapeScalar(field.scalar, value, at);
    case "list":
      return shapeList(field, value, at, depth);
    case "map":
      return shapeMap(field, value, at, depth);
  }
}

function shapeList(
  field: DescField & { fieldKind: "list" },
  value: unknown,
  at: string,
  depth: number,
): Result<JsonValue, Refusal> {
  if (!Array.isArray(value)) return err(refusal("wrong_type", at, quoteKind(value), "an array"));
  const shaped: JsonValue[] = [];
  for (const [index, item] of value.entries()) {
    const place = `${at}[${index}]`;
    const one =
      field.listKind === "message"
        ? shapeMessage(field.message, item, place, depth + 1)
        : field.listKind === "enum"
          ? shapeEnum(field.enum, item, place)
          : shapeScalar(field.scalar, item, place);
    if (!one.ok) return one;
    shaped.push(one.value);
  }
  return ok(shaped);
}

function shapeMap(
  field: DescField & { fieldKind: "map" },
  value: unknown,
  at: string,
  depth: number,
): Result<JsonValue, Refusal> {
  if (!isObject(value)) return err(refusal("wrong_type", at, quoteKind(value), "an object"));
  const shaped: Record<string, JsonValue> = {};
  for (const [name, item] of Object.entries(value)) {
    if (!isStorableText(name))
      return err(refusal("invalid_text", at, "a name", "names without NUL and lone surrogates"));
    const place = `${at}[${JSON.stringify(name.slice(0, 64))}]`;
    const one =
      field.mapKind === "message"
        ? shapeMessage(field.message, item, place, depth + 1)
        : field.mapKind === "enum"
          ? shapeEnum(field.enum, item, place)
          : shapeScalar(field.scalar, item, place);
    if (!one.ok) return one;
    shaped[name] = one.value;
  }
  return ok(shaped);
}

/** An enum's value, by its name with or without the prefix, or its number. */
export function shapeEnum(desc: DescEnum, value: unknown, at: string): Result<JsonValue, Refusal> {
  if (typeof value === "number" && Number.isInteger(value)) return ok(value);
  const shortNames = desc.values.map((one) => one.localName.toLowerCase());
  if (typeof value !== "string") {
    return err(refusal("wrong_type", at, quoteKind(value), `one of ${shortNames.slice(1).join(", ")}`));
  }
  const found = desc.values.find((one, index) => one.name === value || shortNames[index] === value);
  if (found !== undefined) return ok(found.name);
  const nearest = nearestName(value, [...shortNames, ...desc.values.map((one) => one.name)]);
  const expected = `one of ${shortNames.slice(1).join(", ")}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
  return err(refusal("unknown_value", at, value, expected));
}

/** A text, a number, a truth value or bytes, as the type wants them. */
export function shapeScalar(type: ScalarType, value: unknown, at: string): Result<JsonValue, Refusal> {
  switch (type) {
    case ScalarType.STRING:
      return shapeText(value, at);
    case ScalarType.BOOL:
      return typeof value === "boolean" ? ok(value) : err(refusal("wrong_type", at, quoteKind(value), "true or false"));
    case ScalarType.BYTES:
      return typeof value === "string" ? ok(value) : err(refusal("wrong_type", at, quoteKind(value), "base64 text"));
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      if (typeof value !== "number") return err(refusal("wrong_type", at, quoteKind(value), "a number"));
      // JSON has no such number, YAML has.
      return Number.isFinite(value) ? ok(value) : err(refusal("not_finite", at, value, "a finite number"));
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return shapeInteger(value, at, -(2n ** 31n), 2n ** 31n - 1n);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return shapeInteger(value, at, 0n, 2n ** 32n - 1n);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return shapeInteger(value, at, 0n, 2n ** 64n - 1n);
    default:
      return shapeInteger(value, at, -(2n ** 63n), 2n ** 63n - 1n);
  }
}

function shapeText(value: unknown, at: string): Result<JsonValue, Refusal> {
  if (typeof value !== "string") return err(refusal("wrong_type", at, quoteKind(value), "text"));
  if (isStorableText(value)) return ok(value);
  const came = `a text of ${Buffer.byteLength(value)} bytes`;
  return err({
    reason: "invalid_text",
    field: at,
    came,
    expected: "Unicode text without NUL and without lone surrogates",
  });
}

/** Integers come as numbers or, beyond 2^53 or by taste, as decimal texts. */
function shapeInteger(value: unknown, at: string, min: bigint, max: bigint): Result<JsonValue, Refusal> {
  const isInteger =
    typeof value === "number" ? Number.isInteger(value) : typeof value === "string" && /^-?\d{1,20}$/.test(value);
  if (!isInteger || (typeof value !== "number" && typeof value !== "string")) {
    return err(refusal("wrong_type", at, quoteKind(value), "an integer"));
  }
  const integer = BigInt(value);
  if (integer >= min && integer <= max) return ok(integer.toString());
  return err(refusal("number_out_of_range", at, integer, `an integer from ${String(min)} to ${String(max)}`));
}

function isObject(json: unknown): json is Readonly<Record<string, unknown>> {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

/** Words for a number that is none, as YAML, JSON of other makers and spreadsheets have them: they tell of nobody. */
const NO_NUMBER = /^[-+]?\.?(nan|inf(inity)?)$/i;

/** What came, by its kind: its content may be personal. Numbers and truth values are told. */
function quoteKind(value: unknown): unknown {
  if (value === null || value === undefined || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return NO_NUMBER.test(value) ? value : new InWords("text");
  return new InWords(Array.isArray(value) ? "an array" : "an object");
}
