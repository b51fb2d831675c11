import { fromBinary, fromJson, toBinary, toJson, type JsonValue } from "@bufbuild/protobuf";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { messageDescriptor } from "./descriptors.js";
import { shapeMessage } from "./json-shape.js";
import * as wire from "./wire.js";

type Wire = typeof wire;
type MessageOf<Codec> = Codec extends { fromPartial(object: never): infer Message } ? Message : never;

/** Name of a message of the contracts, without the package. */
export type MessageName = {
  [Name in keyof Wire]: Wire[Name] extends { fromPartial(object: never): object } ? Name : never;
}[keyof Wire];

/** The generated type of the message of that name. */
export type WireMessage<Name extends MessageName> = MessageOf<Wire[Name]>;

type Codecs = { readonly [Name in MessageName]: wire.MessageFns<WireMessage<Name>> };

const CODECS: Codecs = wire;

/**
 * Reads a message from its proto JSON form: field names in snake_case or camelCase, int64 as number or text, enum values
 * with or without their prefix. Strict: nothing unknown passes. Reasons: `unknown_field`, `wrong_type`, `unknown_value`,
 * `number_out_of_range`, `invalid_text`, `field_repeated`, `too_deep`, `json_not_a_message`.
 *
 * @param json what `JSON.parse` gave
 * @param at path of the message in its request; empty if it is the request
 */
export function readJson<Name extends MessageName>(
  name: Name,
  json: unknown,
  at = "",
): Result<WireMessage<Name>, Refusal> {
  const desc = messageDescriptor(name);
  const shaped = shapeMessage(desc, json, at);
  if (!shaped.ok) return shaped;
  let bytes: Uint8Array;
  try {
    bytes = toBinary(desc, fromJson(desc, shaped.value));
  } catch {
    // What the shape cannot see, such as two members of one oneof or text that is no base64.
    return err(refusal("json_not_a_message", at, "an object", `the proto JSON form of ${desc.name}`));
  }
  return ok(CODECS[name].decode(bytes));
}

/**
 * Reads a message that some version of the program wrote with {@link writeJson}: fields and enum values that this one does not know are passed over. Undefined: it is no such
 * message.
 */
export function readWrittenJson<Name extends MessageName>(name: Name, json: unknown): WireMessage<Name> | undefined {
  const desc = messageDescriptor(name);
  try {
    return CODECS[name].decode(toBinary(desc, fromJson(desc, json as JsonValue, { ignoreUnknownFields: true })));
  } catch {
    return undefined;
  }
}

/** A message in its proto JSON form, with the field names of the proto files: int64 as text, enums by name, absent left out, and so are zeros and empty texts. */
export function writeJson<Name extends MessageName>(name: Name, message: WireMessage<Name>): JsonValue {
  return toOwnJson(name, message, false);
}

/** The same with zeros, empty texts and empty lists, for machines that read it: only what is absent is left out. */
export function writeWholeJson<Name extends MessageName>(name: Name, message: WireMessage<Name>): JsonValue {
  return toOwnJson(name, message, true);
}

function toOwnJson<Name extends MessageName>(name: Name, message: WireMessage<Name>, isWhole: boolean): JsonValue {
  const desc = messageDescriptor(name);
  const own = fromBinary(desc, CODECS[name].encode(message).finish());
  return toJson(desc, own, { useProtoFieldName: true, alwaysEmitImplicit: isWhole });
}
