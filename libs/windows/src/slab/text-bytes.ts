/*
 * Texts as in `byte-writer.ts`: their UTF-16 code units in groups of seven bits, so that any string at all comes back the same, and one byte is
 * enough for each of ASCII. The length in bytes stands elsewhere.
 */

/** Bytes that a text takes. */
export function textLength(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    bytes += code < 0x80 ? 1 : code < 0x4000 ? 2 : 3;
  }
  return bytes;
}

/** Writes a text; there must be room for it. */
export function writeText(u8: Uint8Array, at: number, text: string): void {
  let byte = at;
  for (let index = 0; index < text.length; index += 1) {
    let rest = text.charCodeAt(index);
    while (rest > 0x7f) {
      u8[byte] = (rest & 0x7f) | 0x80;
      byte += 1;
      rest >>>= 7;
    }
    u8[byte] = rest;
    byte += 1;
  }
}

/** Reads a text of so many bytes. */
export function readText(u8: Uint8Array, at: number, bytes: number): string {
  let text = "";
  let code = 0;
  let shift = 0;
  for (let byte = at; byte < at + bytes; byte += 1) {
    const group = u8[byte] ?? 0;
    code |= (group & 0x7f) << shift;
    shift += 7;
    if (group > 0x7f) continue;
    text += String.fromCharCode(code);
    code = 0;
    shift = 0;
  }
  return text;
}

/** Compares bytes that were written with a text, by code units: negative if they come before it, 0 if they are the same. */
export function compareText(u8: Uint8Array, at: number, bytes: number, text: string): number {
  let byte = at;
  const end = at + bytes;
  for (let index = 0; index < text.length; index += 1) {
    if (byte >= end) return -1;
    let code = 0;
    let shift = 0;
    let group: number;
    do {
      group = u8[byte] ?? 0;
      code |= (group & 0x7f) << shift;
      shift += 7;
      byte += 1;
    } while (group > 0x7f && byte < end);
    const difference = code - text.charCodeAt(index);
    if (difference !== 0) return difference;
  }
  return byte < end ? 1 : 0;
}
