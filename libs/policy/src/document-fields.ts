import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";

/** How a field is written in a document. */
export type FieldForm = "percent" | "duration" | "instant" | "clock" | "money" | "as_it_is";

/** A field of a message as the document has it. */
export interface DocumentField {
  readonly field: DescField;
  /** Its name in the document: the contract's without the unit, where the document has the unit in its value. */
  readonly name: string;
  readonly form: FieldForm;
}

const FIELDS = new WeakMap<DescMessage, readonly DocumentField[]>();

/** The fields of a message as the document has them, in the contract's order. */
export function documentFields(message: DescMessage): readonly DocumentField[] {
  const known = FIELDS.get(message);
  if (known !== undefined) return known;
  const fields = message.fields.map(documentField);
  FIELDS.set(message, fields);
  return fields;
}

/** The unit at the end of a contract's name, and how a document writes what is in it. The longer end comes first. */
const UNITS: readonly (readonly [suffix: string, form: FieldForm])[] = [
  ["_at_ms", "instant"],
  ["_ms", "duration"],
  ["_bp", "percent"],
  ["_minute", "clock"],
];

function documentField(field: DescField): DocumentField {
  if (field.message?.typeName === "leastwise.v1.Money") return { field, name: field.name, form: "money" };
  const isInteger = field.scalar !== undefined && INTEGERS.has(field.scalar);
  const [suffix = "", form = "as_it_is"] = UNITS.find(([end]) => isInteger && field.name.endsWith(end)) ?? [];
  return { field, name: field.name.slice(0, field.name.length - suffix.length), form };
}

const INTEGERS: ReadonlySet<ScalarType> = new Set([ScalarType.INT32, ScalarType.INT64]);
