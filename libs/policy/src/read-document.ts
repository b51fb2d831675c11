import { ScalarType, type DescField, type DescMessage, type JsonValue } from "@bufbuild/protobuf";
import {
  messageDescriptor,
  readJson,
  shapeEnum,
  shapeScalar,
  within,
  type wire,
  type WireMessage,
} from "@leastwise/contracts";
import {
  err,
  exponentOf,
  isCurrencyCode,
  isTimeZone,
  minorFromDecimal,
  nearestName,
  ok,
  refusal,
  type CurrencyCode,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";
import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from "yaml";
import { documentFields, type DocumentField } from "./document-fields.js";
import { inDocumentUnits } from "./document-units.js";
import { DocumentSource, PROBLEMS_MAX, type DocumentProblem } from "./document-source.js";
import { readClock, readDuration, readInstant, readPercent, type Unread } from "./quantities.js";

/** A policy that was read, and where each part of it stands. */
export interface PolicyDocument {
  readonly policy: wire.Policy;
  /**
   * Adds to what is wrong with the policy where that stands, in the field's text, at the field, or at the nearest thing that it is part of, and says it in the
   * document's units.
   */
  locate(problem: LocatedRefusal): DocumentProblem;
}

/** A response model that was read, and where each part of it stands. */
export interface ModelDocument {
  readonly model: wire.ResponseModel;
  /** As a policy's. */
  readonly locate: (problem: LocatedRefusal) => DocumentProblem;
}

/** One thing wrong with what a document says. */
interface LocatedRefusal extends Refusal {
  /** Where it begins in the field's text, UTF-16 code units from 0. Absent: the field as a whole is meant. */
  readonly textOffset?: number;
}

/**
 * Reads a policy document, YAML or JSON: the contract's fields, with quantities as people write them where the contract's name ends in a unit.
 * `percent: 10%` is `percent_bp: 1000`, `offer_ttl: 24h` is `offer_ttl_ms: 86400000`, `amount: 5.00` is in the policy's currency, and
 * `ends: 2026-12-24` in the schedule's time zone; the contract's own form is read, too. All that is wrong is told, with its place; what the policy means is
 * checked by `compilePolicy`.
 */
export function readPolicyDocument(text: string): Result<PolicyDocument, DocumentProblem[]> {
  const read = readDocument("Policy", text);
  return read.ok ? ok({ policy: read.value.message, locate: read.value.locate }) : read;
}

/** Reads the document of a response model, likewise; what it means is checked by `compileModel`. */
export function readModelDocument(text: string): Result<ModelDocument, DocumentProblem[]> {
  const read = readDocument("ResponseModel", text);
  return read.ok ? ok({ model: read.value.message, locate: read.value.locate }) : read;
}

interface ReadMessage<Name extends "Policy" | "ResponseModel"> {
  readonly message: WireMessage<Name>;
  readonly locate: (problem: LocatedRefusal) => DocumentProblem;
}

function readDocument<Name extends "Policy" | "ResponseModel">(
  name: Name,
  text: string,
): Result<ReadMessage<Name>, DocumentProblem[]> {
  const parsed = DocumentSource.parse(text);
  if (!parsed.ok) return parsed;
  const reading = new Reading(parsed.value, messageDescriptor(name));
  const json = reading.read();
  if (reading.problems.length > 0) return err(reading.problems);
  const read = readJson(name, json);
  if (!read.ok) return err([reading.locate(read.error)]);
  return ok({ message: read.value, locate: (problem) => reading.locate(problem) });
}

/** What of the surroundings a value's reading depends on. */
interface Surroundings {
  /** IANA time zone of civil times. */
  readonly zone: string;
}

class Reading {
  readonly problems: DocumentProblem[] = [];
  readonly #source: DocumentSource;
  /** What the document is of. */
  readonly #of: DescMessage;
  /** What stands where, by the contract's path. */
  readonly #nodes = new Map<string, Node | null>();
  #currency: CurrencyCode | undefined;
  #isTooMany = false;
  /** True if there was an amount to read, and no currency to read it in: told once, however many there are. */
  #lacksCurrency = false;

  constructor(source: DocumentSource, of: DescMessage) {
    this.#source = source;
    this.#of = of;
  }

  read(): JsonValue {
    const { root } = this.#source;
    const { text: currency, node } = (isMap(root) ? this.#textIn(root, this.#of, "currency") : undefined) ?? {};
    this.#currency = currency !== undefined && isCurrencyCode(currency) ? currency : undefined;
    const json = this.#message(this.#of, root, "", { zone: "UTC" }) ?? {};
    if (this.#lacksCurrency) this.#refuse("unknown_currency", "currency", currency, currencyLike(currency), node);
    return json;
  }

  locate({ textOffset, ...problem }: LocatedRefusal): DocumentProblem {
    if (textOffset !== undefined && this.#nodes.has(problem.field))
      return { ...problem, ...this.#source.placeInText(this.#nodes.get(problem.field), textOffset) };
    let path = problem.field;
    while (path !== "" && !this.#nodes.has(path)) path = path.replace(/\[\d+\]$|(^|\.)[^.[\]]*$/, "");
    const said = isInOwnUnit(this.#of, problem.field) ? problem : inDocumentUnits(problem, this.#currency);
    return { ...said, ...this.#source.place(this.#nodes.get(path)) };
  }

  #message(
    message: DescMessage,
    node: Node | null | undefined,
    at: string,
    around: Surroundings,
  ): Record<string, JsonValue> | undefined {
    const map = this.#value(node, at);
    if (map === undefined) return undefined;
    if (!isMap(map)) {
      this.#refuse("wrong_type", at, kindOf(map), "fields, each a name and a value", node);
      return undefined;
    }
    const inside = { zone: this.#zoneOf(map, message, at) ?? around.zone };
    const json: Record<string, JsonValue> = {};
    for (const { key, value } of map.items) {
      if (this.#isTooMany) break;
      const name = isScalar(key) ? String(key.value) : "";
      const found = fieldNamed(message, name);
      const keyNode = isScalar(key) ? key : null;
      if (found === undefined) this.#unknown(message, name, at, keyNode);
      else this.#put(json, found, value as Node | null, at, inside, keyNode);
    }
    return json;
  }

  #put(
    json: Record<string, JsonValue>,
    { known, isOwnForm }: NamedField,
    node: Node | null,
    at: string,
    around: Surroundings,
    key: Node | null,
  ): void {
    const { field, name } = known;
    const path = within(at, field.name);
    if (json[field.name] !== undefined) this.#refuse("field_repeated", path, name, `${name} once`, key);
    const rival = field.oneof?.fields.find((other) => other !== field && json[other.name] !== undefined);
    if (rival !== undefined) this.#refuse("one_of_several", path, name, `${rival.name} or ${name}, not both`, key);
    const isNothing = isScalar(node) && node.value === null;
    if (isNothing && (field.fieldKind !== "message" || !isOwnForm)) return;
    this.#nodes.set(path, node);
    if (isNothing) {
      // `breaker:` with nothing behind it was meant to be there: what it lacks is told.
      json[field.name] = {};
      return;
    }
    const value = isOwnForm
      ? this.#field(field, node, path, around)
      : field.fieldKind === "list"
        ? this.#items(node, path, (item, place) => this.#quantity(known, item, place, around))
        : this.#quantity(known, node, path, around);
    if (value !== undefined) json[field.name] = value;
  }

  /** A value in the contract's own form. */
  #field(field: DescField, node: Node | null, at: string, around: Surroundings): JsonValue | undefined {
    switch (field.fieldKind) {
      case "message":
        return this.#message(field.message, node, at, around);
      case "enum":
      case "scalar":
        return this.#plain(field, node, at);
      case "list":
        return this.#list(field, node, at, around);
      case "map":
        throw new Error(`no field of a document is a map: ${field.name}`);
    }
  }

  #list(
    field: DescField & { readonly fieldKind: "list" },
    node: Node | null,
    at: string,
    around: Surroundings,
  ): JsonValue[] | undefined {
    return this.#items(node, at, (item, place) =>
      field.listKind === "message"
        ? this.#message(field.message, item, place, around)
        : this.#plain(field, item, place),
    );
  }

  /** What stands in a list, each read by itself. */
  #items(
    node: Node | null,
    at: string,
    read: (item: Node | null, place: string) => JsonValue | undefined,
  ): JsonValue[] | undefined {
    const list = this.#value(node, at);
    if (list === undefined) return undefined;
    if (!isSeq(list)) {
      this.#refuse("wrong_type", at, kindOf(list), "a list", node);
      return undefined;
    }
    return list.items.flatMap((item, index) => {
      if (this.#isTooMany) return [];
      const place = `${at}[${index}]`;
      const itemNode = item as Node | null;
      this.#nodes.set(place, itemNode);
      const one = read(itemNode, place);
      return one === undefined ? [] : [one];
    });
  }

  #plain(
    field: DescField & { readonly fieldKind: "enum" | "scalar" | "list" },
    node: Node | null,
    at: string,
  ): JsonValue | undefined {
    const scalar = this.#scalar(node, at);
    if (scalar === undefined) return undefined;
    const { enum: choice, scalar: type } = field;
    const shaped =
      choice !== undefined
        ? shapeEnum(choice, scalar.value, at)
        : type !== undefined
          ? shapeScalar(type, scalar.value, at)
          : undefined;
    if (shaped === undefined) throw new Error(`${field.name} is neither a text, a number nor a choice`);
    if (shaped.ok) return shaped.value;
    this.#add(shaped.error, node);
    return undefined;
  }

  /** A value as people write it. */
  #quantity(
    { field, form }: DocumentField,
    node: Node | null,
    at: string,
    around: Surroundings,
  ): JsonValue | undefined {
    const value = this.#value(node, at);
    if (form === "money" && isMap(value) && field.message !== undefined)
      return this.#message(field.message, value, at, around);
    const scalar = this.#scalarOf(value, node, at);
    if (scalar === undefined) return undefined;
    const text = scalar.source ?? String(scalar.value);
    const read = this.#readQuantity(form, field.name, text, around);
    if (typeof read === "number" || "minor" in read) return read;
    this.#refuse("quantity_malformed", at, scalar.value, read.expected, node);
    return undefined;
  }

  #readQuantity(
    form: DocumentField["form"],
    name: string,
    text: string,
    { zone }: Surroundings,
  ): number | { readonly minor: string; readonly currency: string } | Unread {
    switch (form) {
      case "percent":
        return readPercent(text);
      case "duration":
        return readDuration(text);
      case "instant":
        return readInstant(text, zone, name.startsWith("ends") ? "ends" : "starts");
      case "clock":
        return readClock(text);
      case "money":
        return this.#readMoney(text);
      case "as_it_is":
        throw new Error(`${name} has no unit`);
    }
  }

  #readMoney(text: string): { readonly minor: string; readonly currency: string } | Unread {
    if (this.#currency === undefined) {
      this.#lacksCurrency = true;
      return { minor: "0", currency: "" };
    }
    const minor = minorFromDecimal(text, this.#currency);
    const isExact = minor !== undefined && decimalsOf(text) <= exponentOf(this.#currency);
    return isExact
      ? { minor: String(minor), currency: this.#currency }
      : { expected: `an amount in ${this.#currency} such as ${exampleOf(this.#currency)}` };
  }

  /** The zone that a message's civil times are in, where it names one. */
  #zoneOf(map: YAMLMap, message: DescMessage, at: string): string | undefined {
    const { text: zone = "", node } = this.#textIn(map, message, "time_zone") ?? {};
    if (zone === "") return undefined;
    if (isTimeZone(zone)) return zone;
    const path = within(at, "time_zone");
    const near = nearestName(zone, Intl.supportedValuesOf("timeZone"));
    const expected = `an IANA time zone, for example Europe/Berlin${near === undefined ? "" : `; did you mean ${near}?`}`;
    this.#refuse("unknown_time_zone", path, zone, expected, node);
    return "UTC";
  }

  /** The text of a field that others are read by. */
  #textIn(map: YAMLMap, message: DescMessage, field: string) {
    for (const { key, value } of map.items) {
      if (!isScalar(key) || fieldNamed(message, String(key.value))?.known.field.name !== field) continue;
      const node = value as Node | null;
      const found = this.#source.value(node);
      return isScalar(found) && typeof found.value === "string" ? { text: found.value, node } : undefined;
    }
    return undefined;
  }

  #scalar(node: Node | null, at: string): Scalar | undefined {
    return this.#scalarOf(this.#value(node, at), node, at);
  }

  #scalarOf(value: Node | undefined, node: Node | null, at: string): Scalar | undefined {
    if (value === undefined || isScalar(value)) return value;
    this.#refuse("wrong_type", at, kindOf(value), "one value", node);
    return undefined;
  }

  /** What a node stands for; undefined, told once, where there are more values than any document needs, or none. */
  #value(node: Node | null | undefined, at: string): Node | undefined {
    const value = this.#source.value(node);
    if (value !== "too_many" && value !== null) return value;
    if (value === null && isAlias(node))
      this.#refuse("unknown_alias", at, node.source, "a name that an anchor before it gave", node);
    else if (value === null) this.#refuse("value_missing", at, undefined, "a value", node);
    else if (!this.#isTooMany) {
      this.#isTooMany = true;
      this.#refuse("document_too_large", at, "aliases of aliases", "a document that is as large as it looks", node);
    }
    return undefined;
  }

  #unknown(message: DescMessage, name: string, at: string, key: Node | null): void {
    const names = documentFields(message).map((field) => field.name);
    const near = nearestName(name, names);
    const expected =
      name === "<<"
        ? "fields written out: keys are not merged, *name stands for a whole value"
        : near === undefined
          ? `one of ${names.join(", ")}`
          : `a field of ${message.name}; did you mean ${near}?`;
    this.#refuse("unknown_field", within(at, name.slice(0, 64)), name, expected, key);
  }

  #refuse(reason: string, at: string, came: unknown, expected: string, node: Node | null | undefined): void {
    this.#add(refusal(reason, at, came, expected), node);
  }

  #add(problem: Refusal, node: Node | null | undefined): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push({ ...problem, ...this.#source.place(node) });
  }
}

/** Whether a document has the field in the contract's unit, since that is no whole number. */
function isInOwnUnit(message: DescMessage, path: string): boolean {
  let within: DescMessage | undefined = message;
  let field: DescField | undefined;
  for (const name of path.split(".")) {
    field = within?.fields.find((one) => one.name === name.replace(/\[\d+\]$/, ""));
    within = field?.message;
  }
  return field?.scalar === ScalarType.DOUBLE;
}

interface NamedField {
  readonly known: DocumentField;
  /** True if it was named as in the contract, and is in the contract's unit. */
  readonly isOwnForm: boolean;
}

function fieldNamed(message: DescMessage, name: string): NamedField | undefined {
  const known = documentFields(message).find(
    (one) => one.name === name || one.field.name === name || one.field.jsonName === name,
  );
  if (known === undefined) return undefined;
  return { known, isOwnForm: known.form === "as_it_is" || (known.form !== "money" && known.name !== name) };
}

/** What came, by its kind. */
function kindOf(node: Node): string {
  if (isMap(node)) return "fields";
  return isSeq(node) ? "a list" : "one value";
}

/** What a currency has to be, and the one that was perhaps meant. */
function currencyLike(came = ""): string {
  const known = Intl.supportedValuesOf("currency").filter(isCurrencyCode);
  const near = came === "" ? undefined : nearestName(came.toUpperCase(), known);
  return `the policy's currency, an ISO 4217 code, for example EUR${near === undefined ? "" : `; did you mean ${near}?`}`;
}

function decimalsOf(text: string): number {
  return text.trim().split(".")[1]?.length ?? 0;
}

function exampleOf(currency: CurrencyCode): string {
  return (20).toFixed(exponentOf(currency));
}
