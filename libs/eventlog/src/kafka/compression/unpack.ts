import { gunzipSync } from "node:zlib";
import { messageOf, property } from "../../thrown.js";
import type { Codec } from "../scan/record-batch.js";
import { unpackLz4 } from "./lz4.js";
import { unpackSnappy } from "./snappy.js";
import { malformed, tooLarge } from "./unpacked-bytes.js";
import { unpackZstd } from "./zstd.js";

/** Most bytes that a batch may unpack to, 32 times the largest that a topic of ours takes: more is a bomb, or no batch. */
export const UNPACKED_BYTES_MAX = 268_435_456;

/** What packs a batch. */
export type Packing = Exclude<Codec, "none">;

const UNPACKINGS: Readonly<Record<Packing, (packed: Buffer, bytesMax: number) => Buffer>> = {
  gzip: unpackGzip,
  snappy: unpackSnappy,
  lz4: unpackLz4,
  zstd: unpackZstd,
};

/**
 * Unpacks the records of a batch. Throws CannotUnpack, before more memory is taken than may be.
 *
 * @param bytesMax most bytes that they may unpack to
 */
export function unpack(packing: Packing, packed: Buffer, bytesMax = UNPACKED_BYTES_MAX): Buffer {
  return UNPACKINGS[packing](packed, bytesMax);
}

function unpackGzip(packed: Buffer, bytesMax: number): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: bytesMax });
  } catch (error) {
    if (property(error, "code") === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax, error);
    throw malformed(messageOf(error), error);
  }
}
