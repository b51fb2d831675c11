import { pack } from "../../compression/given/pack.js";
import { crc32c } from "../crc32c.js";
import { CODECS, type Codec } from "../record-batch.js";
import { RequestBytes } from "../wire-bytes.js";

/** A record as a producer writes it. Offset and time are less the batch's. */
export interface GivenRecord {
  readonly key?: string;
  /** Absent: null, a tombstone. */
  readonly value?: Uint8Array;
  readonly delta: number;
  readonly sinceMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GivenBatch {
  readonly baseOffset: number;
  readonly records: readonly GivenRecord[];
  /** Default that of the last record. */
  readonly lastDelta?: number;
  readonly baseTimestampMs?: number;
  readonly newestTimestampMs?: number;
  readonly codec?: Codec;
  /** False: it only says so. */
  readonly isPackedSo?: boolean;
  readonly stampedByBroker?: boolean;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
  readonly producerId?: number;
}

/** Records with these values, at neighbouring offsets. */
export function plain(baseOffset: number, ...values: string[]): GivenBatch {
  return { baseOffset, records: values.map((value, delta) => ({ value: Buffer.from(value), delta })) };
}

/** The record that ends a transaction. */
export function marker(baseOffset: number, producerId: number, kind: "abort" | "commit"): GivenBatch {
  const key = String.fromCharCode(0, 0, 0, kind === "abort" ? 0 : 1);
  const records = [{ key, value: Buffer.alloc(6), delta: 0 }];
  return { baseOffset, records, producerId, isTransactional: true, isControl: true };
}

/** A batch as brokers keep it. */
export function batchBytes(batch: GivenBatch): Buffer {
  const { baseOffset, records, codec = "none", baseTimestampMs = 0 } = batch;
  const lastDelta = batch.lastDelta ?? records.at(-1)?.delta ?? 0;
  const all = Buffer.concat(records.map(recordBytes));
  const packed = batch.isPackedSo === false ? all : pack(codec, all);
  const checked = new RequestBytes()
    .int16(attributesOf(batch))
    .int32(lastDelta)
    .int64(baseTimestampMs)
    .int64(batch.newestTimestampMs ?? baseTimestampMs)
    .int64(batch.producerId ?? -1)
    .int16(0)
    .int32(0)
    .int32(records.length)
    .raw(packed)
    .done();
  const crc = crc32c(checked, 0, checked.length);
  const behind = new RequestBytes()
    .int32(0)
    .int8(2)
    .int32(crc | 0)
    .raw(checked)
    .done();
  return new RequestBytes().int64(baseOffset).bytes(behind).done();
}

function attributesOf({ codec = "none", stampedByBroker, isTransactional, isControl }: GivenBatch): number {
  const bit = (is: boolean | undefined, value: number): number => (is === true ? value : 0);
  return CODECS.indexOf(codec) | bit(stampedByBroker, 0x08) | bit(isTransactional, 0x10) | bit(isControl, 0x20);
}

function recordBytes({ key, value, delta, sinceMs = 0, headers = {} }: GivenRecord): Buffer {
  const keyBytes = key === undefined ? undefined : Buffer.from(key, "latin1");
  const named = Object.entries(headers).flatMap(([name, text]) => [sized(Buffer.from(name)), sized(Buffer.from(text))]);
  const body = [
    Buffer.alloc(1),
    varint(sinceMs),
    varint(delta),
    sized(keyBytes),
    sized(value),
    varint(named.length / 2),
  ];
  return sized(Buffer.concat([...body, ...named]));
}

function sized(bytes: Uint8Array | undefined): Buffer {
  return bytes === undefined ? varint(-1) : Buffer.concat([varint(bytes.length), bytes]);
}

/** Signed by turns, seven bits a byte. */
export function varint(value: number): Buffer {
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  const bytes: number[] = [];
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
