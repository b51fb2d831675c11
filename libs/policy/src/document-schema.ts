import { ScalarType, type DescEnum, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { messageDescriptor } from "@leastwise/contracts";
import { documentFields, type DocumentField, type FieldForm } from "./document-fields.js";
import { CLOCK, DURATION, PERCENT } from "./quantities.js";

/** What the contract says of each message and field, by its full name. */
export type ContractComments = ReadonlyMap<string, string>;

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (draft 7, which editors know) of a policy document: names, kinds, and what the contract says of each. What a policy means, and how
 * its parts hang together, is checked by `leastwise policy validate`.
 */
export function policyDocumentSchema(comments: ContractComments): JsonSchema {
  const policy = messageDescriptor("Policy");
  const messages = new Map<string, DescMessage>();
  gather(policy, messages);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Leastwise policy",
    $ref: `#/definitions/${policy.name}`,
    definitions: Object.fromEntries([...messages].map(([name, message]) => [name, messageSchema(message, comments)])),
  };
}

/** A message and all that it is made of; amounts are written as one value. */
function gather(message: DescMessage, messages: Map<string, DescMessage>): void {
  if (messages.has(message.name)) return;
  messages.set(message.name, message);
  for (const { field, form } of documentFields(message))
    if (form !== "money" && field.message !== undefined) gather(field.message, messages);
}

function messageSchema(message: DescMessage, comments: ContractComments): JsonSchema {
  return {
    ...described(comments, message.typeName),
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(
      documentFields(message).flatMap((known) => {
        const { description } = described(comments, `${message.typeName}.${known.field.name}`);
        const said = [WRITTEN[known.form], description].filter((text) => text !== undefined).join(" ");
        const inPeoplesUnits = [known.name, { ...(said === "" ? {} : { description: said }), ...fieldSchema(known) }];
        const ownValue = { type: ["integer", "string"] };
        const ownSchema = known.field.fieldKind === "list" ? { type: "array", items: ownValue } : ownValue;
        const ownForm = [known.field.name, { description: "In the contract's unit.", ...ownSchema }];
        return known.name === known.field.name ? [inPeoplesUnits] : [inPeoplesUnits, ownForm];
      }),
    ),
  };
}

/** How a field is written, before what the contract says of it in its own unit. */
const WRITTEN: Readonly<Partial<Record<FieldForm, string>>> = {
  percent: "A percentage. In basis points:",
  duration: "A duration. In milliseconds:",
  instant: "A date or a time. As an instant:",
  clock: "A time of day. In minutes from midnight:",
  money: "An amount in the policy's currency.",
};

function described(comments: ContractComments, name: string): { readonly description?: string } {
  const description = comments.get(name);
  return description === undefined ? {} : { description };
}

function fieldSchema(known: DocumentField): JsonSchema {
  const isList = known.field.fieldKind === "list" && known.form !== "as_it_is";
  return isList ? { type: "array", items: oneSchema(known) } : oneSchema(known);
}

function oneSchema({ field, form }: DocumentField): JsonSchema {
  switch (form) {
    case "percent":
      return { type: "string", pattern: PERCENT.source, examples: ["12.5%"] };
    case "duration":
      return { type: "string", pattern: DURATION.source, examples: ["24h", "7d"] };
    case "instant":
      return { type: "string", examples: ["2026-12-24", "2026-12-24T18:00"] };
    case "clock":
      return { type: "string", pattern: CLOCK.source, examples: ["18:00"] };
    case "money":
      return { type: ["number", "string", "object"], examples: [20, "19.90"] };
    case "as_it_is":
      return plainSchema(field);
  }
}

function plainSchema(field: DescField): JsonSchema {
  return field.fieldKind === "list" ? { type: "array", items: valueSchema(field) } : valueSchema(field);
}

function valueSchema({ message, enum: choice, scalar }: DescField): JsonSchema {
  if (message !== undefined) return { $ref: `#/definitions/${message.name}` };
  if (choice !== undefined) return choiceSchema(choice);
  return scalarSchema(scalar);
}

/** All but the first, which stands for none. */
function choiceSchema({ values }: DescEnum): JsonSchema {
  const chosen = values.slice(1);
  return { enum: [...chosen.map(({ localName }) => localName.toLowerCase()), ...chosen.map(({ name }) => name)] };
}

function scalarSchema(type: ScalarType): JsonSchema {
  switch (type) {
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.INT32:
    case ScalarType.INT64:
      return { type: "integer" };
    default:
      throw new Error(`no field of a policy is of the type ${ScalarType[type]}`);
  }
}
