import kafkajs from "kafkajs";
import { createRequire } from "node:module";
import { LogError } from "../../port.js";
import { fetchResponse, type FetchVersion } from "../scan/fetch-protocol.js";
import { HEADER_BYTES, RecordBatch } from "../scan/record-batch.js";
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

/** By the numbers that the protocol gives them. */
const PACKINGS = [
  [1, "gzip"],
  [2, "snappy"],
  [3, "lz4"],
  [4, "zstd"],
] as const;

/** The one that brokers since Kafka 2.3 are asked by, which none without zstd speaks. */
const FETCH_VERSION: FetchVersion = 11;

let areRegistered = false;

/**
 * Has kafkajs unpack whatever Kafka's producers pack, within a limit: by itself it knows gzip, without any. A batch that cannot be unpacked ends its
 * reader, in words that name its place. What is written is packed as before, by gzip or not at all.
 */
export function registerKafkajsCodecs(): void {
  if (areRegistered) return;
  areRegistered = true;
  const codecs = kafkajs.CompressionCodecs as Record<(typeof PACKINGS)[number][0], () => KafkajsCodec>;
  for (const [type, packing] of PACKINGS) {
    const own = codecs[type];
    codecs[type] = () => ({
      compress: (encoder) => own().compress(encoder),
      decompress: (packed) => unpackFor(packing, packed),
    });
  }
  placeFailures();
}

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
function placeFailures(): void {
  const require = createRequire(import.meta.url);
  const decoder = require(`kafkajs/src/protocol/requests/fetch/v${FETCH_VERSION}/response`) as FetchDecoder;
  const { decode } = decoder;
  decoder.decode = async (bytes) => {
    try {
      return await decode(bytes);
    } catch (error) {
      throw error instanceof UnpackFailure ? placed(error, bytes) : error;
    }
  };
}

function placed(failure: UnpackFailure, response: Buffer): LogError {
  const { packed, code, hint, message } = failure;
  const at = packed.byteOffset - response.byteOffset - HEADER_BYTES;
  const { partitions } = fetchResponse(response, 0, FETCH_VERSION);
  const isWithin = packed.buffer === response.buffer;
  const fetched = partitions.find(({ from, to }) => isWithin && from <= at && at < to);
  if (fetched === undefined) return failure;
  const { baseOffset, lastOffset } = new RecordBatch(response, at);
  const { topic, partition } = fetched;
  const where = `${topic}/${partition}, offsets ${baseOffset} to ${lastOffset}`;
  const advice = `a group whose offset of ${topic}/${partition} is set to ${lastOffset + 1} reads on behind it`;
  return new LogError(code, `${where}: ${message}; ${advice}`, hint, { cause: failure });
}
