import { compressionsAlgorithms } from "@platformatic/kafka";
import { gzipSync } from "node:zlib";
import type { Codec } from "../../scan/record-batch.js";

/** Packs as a producer does: by another library than the one that unpacks, save for zstd, which Node 20 cannot pack. */
export function pack(codec: Codec, bytes: Uint8Array): Buffer {
  const { snappy, lz4 } = compressionsAlgorithms;
  switch (codec) {
    case "none":
      return Buffer.from(bytes);
    case "gzip":
      return gzipSync(bytes);
    case "snappy":
      return packInModule(bytes, snappy.compressSync);
    case "lz4":
      return packInModule(bytes, lz4.compressSync);
    case "zstd":
      return zstdFrame(bytes);
  }
}

/**
 * The module's memory may grow while it packs, which detaches the place of its input: `@platformatic/wasm-utils` 0.2 finds that anew for the next
 * input that has a byte, and throws at one that has none. Packing that byte may make it grow once more.
 */
function packInModule(bytes: Uint8Array, compress: (bytes: Buffer) => Uint8Array): Buffer {
  for (let growths = 0; bytes.length === 0 && growths < 2; growths += 1) compress(Buffer.alloc(1));
  return Buffer.from(compress(Buffer.from(bytes)));
}

const XERIAL_HEADER = Buffer.from("\x82SNAPPY\0\0\0\0\x01\0\0\0\x01", "latin1");

/** Snappy as Java's client packs it: a stream of blocks. */
export function snappyStream(bytes: Uint8Array, blockBytes: number): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER];
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = pack("snappy", bytes.subarray(at, at + blockBytes));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const ZSTD_BLOCK_BYTES_MAX = 131_072;

/** A frame of Zstandard whose blocks are as they were. */
function zstdFrame(bytes: Uint8Array): Buffer {
  // Eight bytes of content size, and a window of 128 KiB.
  const header = Buffer.from([0xc0, 7 << 3, ...Array<number>(8).fill(0)]);
  header.writeUInt32LE(bytes.length, 2);
  const parts = [ZSTD_MAGIC, header];
  let at = 0;
  do {
    const block = bytes.subarray(at, at + ZSTD_BLOCK_BYTES_MAX);
    at += block.length;
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE(block.length * 8 + (at >= bytes.length ? 1 : 0), 0, 3);
    parts.push(blockHeader, Buffer.from(block));
  } while (at < bytes.length);
  return Buffer.concat(parts);
}

/** Some events, of which the reference tools packed {@link BY_THE_TOOLS}. */
export const EVENTS = Buffer.from(
  Array.from({ length: 80 }, (_, n) => {
    const kind = n % 3 === 0 ? "cart_add" : "page_view";
    return `{"event_id":"e${n}","kind":"${kind}","anonymous_id":"browser-${(n * 7_919) % 97}","price":${(n * 31) % 1_000}}`;
  }).join("\n"),
);

/** What the tools `zstd` 1.5.4 and `lz4` 1.9.4 made of {@link EVENTS}, base64, by how they were called. */
export const BY_THE_TOOLS = {
  "zstd -19": `
    KLUv/WQnF3URALbkUhpgT4oNSzunP8tB+R0AANLv7t4pJSsUAQHBnWMAQgBCALRczJaHSt6k0GbhVV1nL61YepGRNMPjvPzcd+ZStXSJopEwQd
    BAYDgQ4EIGjoZBwoPDEXCIwEMDgqLhoQBComGhgqGBgXEEHAcHDIKIB4YBQ4LCEXBI4xg4DhIIIhgaE43DIuQx8vjD2z27d39NuitafEXxnXWu
    RlZmLdu0SmJCnaq56V/2a5aRWyNqOURWSlTSszmPNnM3VudWpHtLHHrN8H7vAVNUfQ25qmhGajjzIvn4NOYpye3QxoYjMz6Z4/BudiJ7zevUn+
    lzfs1PLn/bdb/iWs+q8PLOyE8qd7ai1VynqUwkAxf326+Mt1mVma2iMQ3V1LypX68vU0+uum1RWmZJsSV1phyZcG5UJUV0I9HQM3Q7s5PnqKb2
    WOIZHUnIbqGrHd3YVVmA8KghICrv7HNwFxTEAxJAEEAQUCUECQFqeEX4/QGVvrEvDaOw1aMWVLd+NIzw1o4tPlXsXsNobfXImNhOsIFCsjp5uM
    6AcZRC5eYSaxcIVwcR6UPWaqs2aG5tbUOjbyjaxcDWKgElBpVMuX2kurT6zo439ZQDMa31OosGyhF6Ahm6TDcEiNWhYwHTSDVldReYrxtXI//X
    uhkLJQhp98lRsdTiVqFuH2fs0h1TOxzYuhxUO7pVOzQhnOantWbkRB/ILhqXOIUCo0bmQSNrp++hTplYwzcswDRiJf2p+gCkBsJ9qGg=`,
  "zstd -3 --no-check, streamed": `
    KLUv/QBYpRQA9h1HGmBPig1LO6c/y0H5HQAA0u/NlTslKxQBAcGdWgA1ADYAZ0Pa2ZqXkUXEI005NL4zt97SLYpGwgRBA4HhQIALGTgaBgkPDk
    fAIQIPDQiKhocCCImGhQqGBgbGEXAcHDAIIh4YBsfAccCQoHAEHNI4Bo6DBIIIhsZE47AItPjoOyud1c1ua0tMqko/HXXm9tS8ayUVWWnVpWc8
    I7qxl8Ze11LNiZ4by4h7U5VjCm3mvX7zkvEUmcsq0ciIJEQndCSe2VTZaabjovOcpji2P56Kje/IlGROKne2sx66TNrKJt5172bKunsXN3OO2a
    0vMp1qHn2uvavluqfUP/ubUiacX6yGRaIxszFdq70qntWxpMxVu6I7vT4v/y+SkwKBGKjBYJE7e80BscbIpHoSUBAQlA0BQkA0hU+EB7HwA/IF
    eMpEoQ3+v1P/7O3Hwu6DJXR8aX4wMzdmKCOSEUaJ8QHbS8e7TshTYaQaycktxXJC6COo4Uc4AuMX30EZp5AQWjtc1oZFIUZ/H6RbNDke9OzQQi
    ZEX/KFECHz4DJfKr1EwnJpPPYIC2/1fCK0zDgWeoyYUq2XOMXLoxkKgQ0nbGIQ9CWle0st7/VlWJ5oFIZLfN/C1s1Z+4HsejA5HkR1Kob3fYc6
    8Ub6CD+4fKBAudBYi3CPHURkaYdhEIjWk6InirC4hQmxajivJXTt6GCkAtsFJeUcPa1pIbM8+JLG6+DxbQuJo8lExPKM60UZ3/lIDYU8Vx2EvR
    B3UITSosVMD1ZpM5RGq/SVqW/Lth+MGqxM/12W2By51/2BPHUHTOxqapHfrVFJk4K2YIe2ZjCvZB6FGjpVhIbk1BlARa3mPHkGdgX/ye3kRt58
    ncowpFNtAjhV`,
  "lz4 -9 -BD --content-size": `
    BCJNGGxAJxgAAAAAAACGgAQAAPAGeyJldmVudF9pZCI6ImUwIiwia2luDADyBWNhcnRfYWRkIiwiYW5vbnltb3VzJgCAYnJvd3Nlci0tAKpwcm
    ljZSI6MH0KSQAWMUkAn3BhZ2Vfdmlld0oAByY2MksALDMxTAAfMkwAGiYyN0wALDYyTAAfM+EAGSY4OUsALDkzSwAfNJcAGiY1NEwAPDEyNE0A
    HzVNABoXMZkAPDE1NU0AHzblABoXMUwALDg2TAAfN5kAGiY0Nk0APDIxN00AHzjmABsHmgA8MjQ4TQAfOeYAGSc3M0wALTc5rwIfMJoAGigzOL
    ACDv0CD/4CGwebAC0zNP4CLzEy6AAZJzY1TQAdN/8CLzEzmgAbB+MDLTQwAgMfMQMDGxc55gMtNDMDAy8xNekAGRc15wMtNDYDAy8xNjUEGwib
    AB05BQMfMQYDGxc47AMtNTIGAy8xOOkAGRc07AMtNTUGAy8xOVQDGwibAB04CAMfMggDGyg3NmwFDQgDLzIx6QAaB+8DLjY1BgYPBwYbCJoAHT
    gIAx8yCAMbFzbwAy03MQgDLzI06AAZFzPwAy03NAcDHzILBhsXOfEDLTc3CAMfMggDGxc28QMtODAIAy8yN+kAGScyNU0AHTMHAx8yDgYbFzjx
    Ay04NggDHzIIAxsXNfEDLTg5CAMfMwkJGigxNygIDQcDHzMPBhsYN3YIHTYIAx8zCAMbFzTxAy45ORAJDxEJGgeaAB0yBgMfMw4GGxc37wMdNQ
    YDHzMGAxsXM+8DHTgFAy8zNs4BGgcQCR0xAwMfMwsGGxc27QMtMTQEAx8zBAMbJzI4TgAdNwQDHzMTCRoXOewDLTIwAwMfNAsGGyg1Na0JDQQD
    LzQx6QAbCJwAHTcEAx80FAkaGDheDB0wAwMfNAwGGxc07QMuMzMWDA8GAxsYMZwAHTYHAx80FAkaFzfsAy0zOQcDLzQ2VAMbB+4DLTQyCQMfNB
    oMHAdNAB01CAMfNBMJGhc27gMtNDgHAy80OegAGwiJBB0xCAMfNQgDGyg5M68JDQgDHzUTCRooNTiuCQ0HAx81Gg8cB5sALTYxCAMfNQgDGxc4
    8QMtNjQIAy81NOkAGgfwAy42Nx4PDx8PHAgUCR0wCAMfNQgDGxc38QMtNzMIAx81FAkaJzQyTQAdNggDLzU4mwAbB00AHTkIAx81CAMbFzbwAy
    04MggDHzYTCRooMzSuCQ0HAx82DwYbGDnfBx05CAMfNhsMHAfxAy05MggDHzYTCRonMjZNAB01BwMfNg8GGxc48QMtOTgIAx82CAMbGDV9CA4m
    Eg8WCRsYOHAPDUwADyEPHBgwtQwNTQAPBQMbJzQ15gAdMAYDLzY55wAaB5oALTEzBQMfNyAPHBgysAkNBgMfNygSHBg3sQkNBgMvNzK4AhoIyw
    sNBAMfNyAPHAfuAy0yNgUDHzcFAxsYMmcMHTkFAx83FAkaFzntAy0zMgUDLzc2UgMbB+4DLjM1LRUPBwMbGDKcAB04CAMfNxUJGhc47QMtNDEH
    Ay83OVUDGwbvA1A6NDQ5fQAAAAAVfDVP`,
};
