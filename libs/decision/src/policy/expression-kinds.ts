import { typeInWords, type ExpressionField, type FieldType } from "./expression-fields.js";

/**
 * What a part of an expression is. The evaluator tells whole numbers (`int`: literals without a point, sizes) from others (`double`) where it knows beforehand which
 * it has; of fields (`number`) it looks at the value, and mixes freely.
 */
export type Kind =
  | ("int" | "double" | "number" | "text" | "bool" | "null" | "list" | "map")
  /** A number, a text or a bool: which, a device says. */
  | "signal"
  /** What has fields, as `profile`. */
  | "object"
  /** Another type of CEL's: a time, a duration, bytes. */
  | "other"
  /** Whatever it is, the evaluator has the last word. */
  | "unknown";

/** A value that is known before anything is evaluated. */
export type Literal = bigint | number | string | boolean | null;

/** What is known of a part of an expression before it is evaluated. */
export interface Typed {
  readonly kind: Kind;
  /** Of a list or a map, what is in it. */
  readonly element?: Typed;
  /** Of another type, CEL's name of it. */
  readonly name?: string;
  /** The field that it reads, where it is nothing else. */
  readonly field?: ExpressionField;
  readonly literal?: Literal;
  /** True if it reads nothing: it is the same for everybody. */
  readonly isConstant: boolean;
}

export const UNKNOWN: Typed = { kind: "unknown", isConstant: false };

const OF_FIELD: Readonly<Record<FieldType["kind"], Typed>> = {
  number: { kind: "number", isConstant: false },
  text: { kind: "text", isConstant: false },
  bool: { kind: "bool", isConstant: false },
  texts: { kind: "list", element: { kind: "text", isConstant: false }, isConstant: false },
  texts_by_name: { kind: "map", element: { kind: "text", isConstant: false }, isConstant: false },
  signal: { kind: "signal", isConstant: false },
};

/** What reading a field comes to. */
export function typedField(field: ExpressionField): Typed {
  return { ...OF_FIELD[field.type.kind], field };
}

/** What a literal is; another than those that policies need is unknown. */
export function typedLiteral(literal: unknown): Typed {
  if (literal === null) return { kind: "null", literal, isConstant: true };
  switch (typeof literal) {
    case "bigint":
      return { kind: "int", literal, isConstant: true };
    case "number":
      return { kind: "double", literal, isConstant: true };
    case "string":
      return { kind: "text", literal, isConstant: true };
    case "boolean":
      return { kind: "bool", literal, isConstant: true };
    default:
      return { kind: "unknown", isConstant: true };
  }
}

/** True for a number, be it whole or not. */
export function isNumeric({ kind }: Typed): boolean {
  return kind === "int" || kind === "double" || kind === "number";
}

/** True where only the evaluator can say what it is. */
export function isOpen({ kind }: Typed): boolean {
  return kind === "unknown" || kind === "signal";
}

/** True if one can be held against the other, by `==` or in a list. Null is another question. */
export function areAlike(one: Typed, other: Typed): boolean {
  if (one.kind === "unknown" || other.kind === "unknown") return true;
  if (one.kind === "signal" || other.kind === "signal") return isScalar(one) && isScalar(other);
  // Of what it knows beforehand, the evaluator holds no whole number against another number.
  if (isNumeric(one) && isNumeric(other))
    return one.kind === other.kind || one.kind === "number" || other.kind === "number";
  if (one.kind !== other.kind || one.kind === "object") return false;
  if (one.kind === "other") return one.name === other.name;
  return one.element === undefined || other.element === undefined || areAlike(one.element, other.element);
}

/** True for what stands in a list beside the first of it: the evaluator wants them of one type. */
export function isOfKind(one: Typed, other: Typed): boolean {
  return one.kind === other.kind ? areAlike(one, other) : one.kind === "unknown" || other.kind === "unknown";
}

function isScalar(typed: Typed): boolean {
  return isNumeric(typed) || typed.kind === "signal" || typed.kind === "text" || typed.kind === "bool";
}

const IN_WORDS: Readonly<Record<Kind, string>> = {
  int: "a whole number",
  double: "a number",
  number: "a number",
  text: "a text",
  bool: "a bool",
  null: "null",
  list: "a list",
  map: "a map",
  signal: "a signal",
  object: "fields",
  other: "something else",
  unknown: "something",
};

/** What it is, in words; of a field, which values there are. */
export function kindInWords({ kind, name, field, element }: Typed): string {
  if (field !== undefined) return typeInWords(field.type);
  if (kind === "other") return name === undefined ? IN_WORDS.other : `a ${name.replace(/^.*\./, "").toLowerCase()}`;
  if (kind === "list" && element !== undefined && element.kind === "text") return "a list of texts";
  return IN_WORDS[kind];
}

/** What came: `the text "champion"`, `the number features.a`. */
export function cameInWords({ kind, name }: Typed, excerpt: string): string {
  if (kind === "null" || kind === "unknown") return excerpt;
  const noun = kind === "other" ? (name ?? "").replace(/^.*\./, "").toLowerCase() : (NOUNS.get(kind) ?? kind);
  return `the ${noun} ${excerpt}`;
}

const NOUNS: ReadonlyMap<Kind, string> = new Map([
  ["int", "number"],
  ["double", "number"],
  ["object", "fields of"],
]);
