import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";

const GZIP_MAGIC = [0x1f, 0x8b] as const;

/** Longest first line that is looked at. */
const FIRST_LINE_BYTES_MAX = 65_536;

/** The file's bytes, unzipped if they are gzip, whatever the file is called. Errors end the stream. */
export async function openText(path: string): Promise<Readable> {
  const isZipped = await startsAsGzip(path);
  const through = isZipped ? createGunzip() : new PassThrough();
  // The error, if any, is what the reader of `through` meets.
  return pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), through, () => undefined);
}

async function startsAsGzip(path: string): Promise<boolean> {
  const file = await open(path, "r");
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === GZIP_MAGIC[0] && buffer[1] === GZIP_MAGIC[1];
  } finally {
    await file.close();
  }
}

/** The file's first line, without its end and without a byte order mark; at most 64 KiB of it. */
export async function readFirstLine(path: string): Promise<string> {
  const text = await openText(path);
  let head = "";
  try {
    text.setEncoding("utf8");
    for await (const chunk of text) {
      head += String(chunk);
      if (head.includes("\n") || head.length > FIRST_LINE_BYTES_MAX) break;
    }
  } finally {
    text.destroy();
  }
  return (head.split(/\r?\n/, 1)[0] ?? "").replace(/^\uFEFF/, "").slice(0, FIRST_LINE_BYTES_MAX);
}
