import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { BY_THE_TOOLS, EVENTS, pack, snappyStream } from "./given/pack.js";
import { unpack, type Packing } from "./unpack.js";
import { CannotUnpack } from "./unpacked-bytes.js";
import { unpackZstdBy, unpackZstdInScript } from "./zstd.js";

const PACKINGS = ["gzip", "snappy", "lz4", "zstd"] as const;

/** Bytes with and without patterns, of several blocks, too. */
const CONTENT = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 70 }), fc.integer({ min: 1, max: 5_000 }))
    .map(([pattern, times]) => Buffer.concat(Array<Uint8Array>(times).fill(pattern))),
);

function byTheTool(call: keyof typeof BY_THE_TOOLS): Buffer {
  return Buffer.from(BY_THE_TOOLS[call], "base64");
}

function problemOf(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    if (error instanceof CannotUnpack) return error.problem;
    throw error;
  }
}

describe.each(PACKINGS)("what was packed with %s", (packing) => {
  it("is what it was", () => {
    fc.assert(
      fc.property(CONTENT, (content) => {
        expect(Buffer.compare(unpack(packing, pack(packing, content)), content)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("is refused when it would be more than may be, and taken when it is as much", () => {
    const packed = pack(packing, EVENTS);
    expect(unpack(packing, packed, EVENTS.length).equals(EVENTS)).toBe(true);
    expect(problemOf(() => unpack(packing, packed, EVENTS.length - 1))).toBe("too_large");
  });

  it("is refused where it is cut off", () => {
    const packed = pack(packing, EVENTS);
    for (let cut = 1; cut <= packed.length; cut += 7)
      expect(problemOf(() => unpack(packing, packed.subarray(0, packed.length - cut)))).toBe("malformed");
  });

  it("ends in bytes or in a refusal, never in more than may be, whatever a byte is changed to", () => {
    const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const packed = packing === "zstd" ? byTheTool("zstd -19") : pack(packing, EVENTS);
        for (const { at, to } of changes) packed[at % packed.length] = to;
        let bytes = 0;
        const problem = problemOf(() => (bytes = unpack(packing, packed, EVENTS.length).length));
        expect(["none", "malformed", "too_large"]).toContain(problem);
        expect(bytes).toBeLessThanOrEqual(EVENTS.length);
      }),
      { numRuns: 300 },
    );
  });

  it("is refused when it is anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(["none", "malformed", "too_large"]).toContain(
          problemOf(() => unpack(packing, Buffer.from(bytes), 4_096)),
        );
      }),
      { numRuns: 300 },
    );
    expect(problemOf(() => unpack(packing, Buffer.alloc(0)))).toBe("malformed");
    expect(problemOf(() => unpack(packing, Buffer.from("not packed at all, but said to be")))).not.toBe("none");
  });
});

describe("what the reference tools packed", () => {
  it.each<[keyof typeof BY_THE_TOOLS, Packing]>([
    ["zstd -19", "zstd"],
    ["zstd -3 --no-check, streamed", "zstd"],
    ["lz4 -9 -BD --content-size", "lz4"],
  ])("by %s is what it was, also where several frames stand one behind the other", (tool, packing) => {
    const packed = byTheTool(tool);
    expect(unpack(packing, packed).equals(EVENTS)).toBe(true);
    const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const twice = Buffer.concat([packed, skipped, packed]);
    expect(unpack(packing, twice).equals(Buffer.concat([EVENTS, EVENTS]))).toBe(true);
    expect(problemOf(() => unpack(packing, twice, EVENTS.length * 2 - 1))).toBe("too_large");
  });
});

describe("snappy in a stream of blocks, as Java's client writes it", () => {
  it("is what it was, however long the blocks are", () => {
    for (const blockBytes of [1, 100, 32_768])
      expect(unpack("snappy", snappyStream(EVENTS, blockBytes)).equals(EVENTS)).toBe(true);
  });

  it("is refused when all blocks together are more than may be, and where it is cut off", () => {
    const packed = snappyStream(EVENTS, 1_000);
    expect(problemOf(() => unpack("snappy", packed, EVENTS.length - 1))).toBe("too_large");
    expect(problemOf(() => unpack("snappy", packed.subarray(0, 10)))).toBe("malformed");
    expect(problemOf(() => unpack("snappy", packed.subarray(0, packed.length - 1)))).toBe("malformed");
    expect(problemOf(() => unpack("snappy", packed.subarray(0, 18)))).toBe("malformed");
  });
});

describe("a bomb", () => {
  const zeros = Buffer.alloc(1_000_000);

  it.each<[string, Packing, Buffer]>([
    ["of gzip", "gzip", gzipSync(zeros)],
    ["of lz4", "lz4", pack("lz4", zeros)],
    ["of snappy, which says how long it is", "snappy", Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0])],
    ["of zstd, which repeats a byte", "zstd", repeating(8)],
    ["of zstd that asks for a window of 3 TiB", "zstd", repeating(1, 0xff)],
  ])("%s is refused", (_, packing, packed) => {
    expect(problemOf(() => unpack(packing, packed, 500_000))).toBe("too_large");
  });
});

/** A frame of Zstandard in which each block is 128 KiB of one byte. */
function repeating(blocks: number, window = 7 << 3): Buffer {
  const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, window])];
  for (let left = blocks; left > 0; left -= 1) {
    const block = Buffer.alloc(4);
    block.writeUIntLE(131_072 * 8 + 2 + (left === 1 ? 1 : 0), 0, 3);
    parts.push(block);
  }
  return Buffer.concat(parts);
}

describe("zstd by Node's own, which Node 20 does not have", () => {
  const packed = byTheTool("zstd -19");

  it("is asked for each frame, and told how much may come", () => {
    const asked: number[] = [];
    const own = (frame: Buffer, { maxOutputLength }: { readonly maxOutputLength: number }): Buffer => {
      asked.push(maxOutputLength);
      return unpackZstdInScript(frame, maxOutputLength);
    };
    const twice = unpackZstdBy(own, Buffer.concat([packed, packed]), 20_000);
    expect(twice.equals(Buffer.concat([EVENTS, EVENTS]))).toBe(true);
    expect(asked).toEqual([20_000, 20_000 - EVENTS.length]);
  });

  it.each([
    ["ERR_BUFFER_TOO_LARGE", "too_large"],
    ["ZSTD_error_corruption_detected", "malformed"],
  ])("says what %s means", (code, problem) => {
    const own = (): Buffer => {
      throw Object.assign(new Error("refused"), { code });
    };
    expect(problemOf(() => unpackZstdBy(own, packed, 20_000))).toBe(problem);
  });
});
