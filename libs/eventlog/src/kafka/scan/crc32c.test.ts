import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { crc32c } from "./crc32c.js";

describe("crc32c", () => {
  it("gives the checksums of RFC 3720, B.4, and the usual check value", () => {
    const rising = Buffer.from(Array.from({ length: 32 }, (_, byte) => byte));
    const all = (bytes: Buffer): number => crc32c(bytes, 0, bytes.length);
    expect(all(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(all(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(all(rising)).toBe(0x46dd794e);
    expect(all(Buffer.from(rising).reverse())).toBe(0x113fdb5c);
    expect(all(Buffer.from("123456789"))).toBe(0xe3069283);
    expect(all(Buffer.alloc(0))).toBe(0);
  });

  it("is that of the bits one by one, for any stretch of any memory", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(20),
        fc.nat(40),
        fc.nat(40),
        (all, shift, before, behind) => {
          const memory = Buffer.alloc(all.length + shift + 3);
          memory.set(all, shift);
          const bytes = memory.subarray(shift, shift + all.length);
          const from = Math.min(before, all.length);
          const to = Math.max(from, all.length - behind);
          expect(crc32c(bytes, from, to)).toBe(bitwise(all.subarray(from, to)));
        },
      ),
    );
  });
});

function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}
