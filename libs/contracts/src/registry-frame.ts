import { messageDescriptor } from "./descriptors.js";
import * as wire from "./wire.js";

/**
 * Confluent's wire format, in which the serializers of schema registries write: this byte, four of the schema's id, and before protobuf which
 * message of the schema it is. No protobuf message begins with this byte, as a tag of field 0, nor does JSON.
 */
const MAGIC = 0;
const HEADER_BYTES = 5;

/** What stands in a frame. */
export interface Framed {
  /** Which schema the registry knows it by. */
  readonly schemaId: number;
  /** All behind the schema's id: of protobuf, which message it is and the message; of JSON, the JSON. */
  readonly payload: Uint8Array;
}

/** A frame's content; undefined for what is not framed. A view into the same bytes. */
export function readFrame(value: Uint8Array): Framed | undefined {
  if (value[0] !== MAGIC || value.length <= HEADER_BYTES) return undefined;
  const schemaId = new DataView(value.buffer, value.byteOffset, value.length).getUint32(1);
  return { schemaId, payload: value.subarray(HEADER_BYTES) };
}

/** The message in the payload of a frame of protobuf. Which one it is, as its schema counts them, is not looked at. */
export function messageInFrame({ payload }: Framed): Uint8Array {
  return payload.subarray(messageIndexesBytes(payload));
}

/** The message in a value, framed or not. */
export function unframed(value: Uint8Array): Uint8Array {
  const framed = readFrame(value);
  return framed === undefined ? value : messageInFrame(framed);
}

/**
 * Puts a message in a frame.
 *
 * @param schemaId 0 to 2^31 − 1, as the registry gave it
 * @param messageIndexes the message's place in the file of its schema, and within each message that holds it: see {@link messageIndexesOf}
 */
export function framed(schemaId: number, messageIndexes: readonly number[], message: Uint8Array): Uint8Array {
  const indexes = encodedIndexes(messageIndexes);
  const value = Buffer.allocUnsafe(HEADER_BYTES + indexes.length + message.length);
  value.writeUInt8(MAGIC, 0);
  value.writeUInt32BE(schemaId, 1);
  value.set(indexes, HEADER_BYTES);
  value.set(message, HEADER_BYTES + indexes.length);
  return value;
}

/** Where a message stands in its file: its place among the messages there. By its name without the package; an unknown name is a bug. */
export function messageIndexesOf(name: string): readonly number[] {
  const message = messageDescriptor(name);
  return [message.file.messages.indexOf(message)];
}

/** Reads a record of `decisions`, framed or not. Throws for what is no such message. */
export function decodeDecisionRecord(value: Uint8Array): wire.DecisionRecord {
  return wire.DecisionRecord.decode(unframed(value));
}

/** How many bytes say which message of the schema follows: how many steps, zigzag varint, and each of them; 0 steps stand for the first message. */
function messageIndexesBytes(payload: Uint8Array): number {
  const count = (payload[0] ?? 0) >> 1;
  let at = 1;
  for (let left = count; left > 0 && at < payload.length; at += 1) if ((payload[at] ?? 0) < 0x80) left -= 1;
  return at;
}

function encodedIndexes(indexes: readonly number[]): readonly number[] {
  if (indexes.length === 1 && indexes[0] === 0) return [0];
  return [indexes.length, ...indexes].flatMap(zigzagVarint);
}

/** A whole number from 0 as a zigzag varint. */
function zigzagVarint(number: number): number[] {
  const bytes: number[] = [];
  let rest = number * 2;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}
