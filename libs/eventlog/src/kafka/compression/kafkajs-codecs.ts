import kafkajs from "kafkajs";
import { LogError } from "../../port.js";
import { internalOf, wrapOnce } from "../kafkajs-internals.js";
import { fetchResponse, type FetchVersion } from "../scan/fetch-protocol.js";
import { batchEnd, batchForm, HEADER_BYTES, RecordBatch } from "../scan/record-batch.js";
import { unpack, type Packing } from "./unpack.js";
import { CannotUnpack } from "./unpacked-bytes.js";

/** How kafkajs packs and unpacks a batch's records. */
interface KafkajsCodec {
  readonly compress: (encoder: unknown) => Promise<Buffer>;
  readonly decompress: (packed: Buffer) => Promise<Buffer>;
}

/** A version of the client library's fetch response: its decoder is looked up at each call. */
interface FetchDecoder {
  decode: (bytes: Buffer) => Promise<unknown>;
}

/** The one that brokers since Kafka 2.3 are asked by, which none without zstd speaks. */
const FETCH_VERSION: FetchVersion = 11;

/**
 * Has kafkajs unpack whatever Kafka's producers pack, within a limit: by itself it knows gzip, without any. A batch that cannot be unpacked ends its
 * reader, in words that name its place. What is written is packed as before, by gzip or not at all.
 */
export function registerKafkajsCodecs(): void {
  const codecs = kafkajs.CompressionCodecs as Record<string, () => KafkajsCodec>;
  for (const [type, wrap] of UNPACKINGS) wrapOnce(codecs, String(type), wrap);
  wrapOnce(internalOf(`protocol/requests/fetch/v${FETCH_VERSION}/response`) as FetchDecoder, "decode", withPlaces);
}

/** By the numbers that the protocol gives them. */
const UNPACKINGS = (["gzip", "snappy", "lz4", "zstd"] as const).map((packing, at) => {
  const unpackingOurWay = (own: () => KafkajsCodec) => (): KafkajsCodec => ({
    compress: (encoder) => own().compress(encoder),
    decompress: (packed) => unpackFor(packing, packed),
  });
  return [at + 1, unpackingOurWay] as const;
});

/** A batch that cannot be unpacked, by whoever does not know where it stands. */
class UnpackFailure extends LogError {
  readonly packing: Packing;
  readonly packed: Buffer;

  constructor(packing: Packing, packed: Buffer, { problem, message }: CannotUnpack) {
    const code = problem === "too_large" ? "record_too_large" : "corrupt_record";
    super(code, `a batch that was packed with ${packing} cannot be unpacked: ${message}`, "terminal");
    this.packing = packing;
    this.packed = packed;
  }
}

function unpackFor(packing: Packing, packed: Buffer): Promise<Buffer> {
  try {
    return Promise.resolve(unpack(packing, packed));
  } catch (error) {
    return Promise.reject(error instanceof CannotUnpack ? new UnpackFailure(packing, packed, error) : (error as Error));
  }
}

/** The client library unpacks where it no longer knows what of; the bytes are still those of the response. */
function withPlaces(decode: FetchDecoder["decode"]): FetchDecoder["decode"] {
  return async (bytes) => {
    try {
      return await decode(bytes);
    } catch (error) {
      if (error instanceof UnpackFailure) throw placed(error, bytes);
      throw isOverflow(error) ? tooManyRecords(error, bytes) : error;
    }
  };
}

/**
 * kafkajs 2.2 takes a batch's records over as the arguments of one call (issue 1723): from about 120,000 on it shows as "Maximum call stack size
 * exceeded", at each try anew.
 */
function isOverflow(error: unknown): error is RangeError {
  return error instanceof RangeError && error.message.startsWith("Maximum call stack size");
}

function tooManyRecords(cause: RangeError, response: Buffer): LogError {
  const largest = batchesOf(response).reduce((one, other) => (other.batch.count > one.batch.count ? other : one));
  const message = `a batch of ${largest.batch.count} records is more than kafkajs can read (about 120000)`;
  return new LogError("record_too_large", sayAt(largest, message), "terminal", { cause });
}

function placed(failure: UnpackFailure, response: Buffer): LogError {
  const { packed, code, hint, message } = failure;
  const at = packed.byteOffset - response.byteOffset - HEADER_BYTES;
  const found = packed.buffer === response.buffer ? batchesOf(response).find((one) => one.at === at) : undefined;
  return found === undefined ? failure : new LogError(code, sayAt(found, message), hint);
}

/** A batch of a response. */
interface PlacedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly at: number;
  readonly batch: RecordBatch;
}

function batchesOf(response: Buffer): readonly PlacedBatch[] {
  const placed: PlacedBatch[] = [];
  for (const { topic, partition, from, to } of fetchResponse(response, 0, FETCH_VERSION).partitions)
    for (let at = from; batchForm(response, at, to) === "whole"; at = batchEnd(response, at))
      placed.push({ topic, partition, at, batch: new RecordBatch(response, at) });
  return placed;
}

function sayAt({ topic, partition, batch: { baseOffset, lastOffset } }: PlacedBatch, message: string): string {
  const place = `${topic}/${partition}`;
  const behind = lastOffset + 1;
  return (
    `${place}, offsets ${baseOffset} to ${lastOffset}: ${message}; a group whose offset of ${place} is set to ${behind} reads on behind it, ` +
    `and who follows it without a group does when the records below ${behind} are deleted`
  );
}
