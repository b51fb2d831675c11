import { CODE_BYTES_MAX, codeIn } from "@leastwise/contracts";
import { readCode } from "@leastwise/offers";
import { createHash } from "node:crypto";

/** What tables know of a code: enough to find it again by one who has it, useless to one who wants it. */
export function codeHash(code: string): string {
  return code === "" ? "" : createHash("sha256").update(code).digest("hex");
}

/**
 * A code that a shop reports. One of ours may still be worth money, and is its hash, however it was typed; what everybody may know stays. What is too long for a code is
 * none: it is a hash, since there may be a code in it, as in a token that was cut short.
 */
export function reportedCode(text: string): string {
  const code = codeIn(text);
  if (code !== undefined) return codeHash(code);
  return Buffer.byteLength(text) > CODE_BYTES_MAX ? codeHash(text) : text;
}

/** Sixteen letters and digits, in groups of four or by themselves, wherever they begin: the words before a code may look like a part of it. */
const LIKE_A_CODE = /(?=([0-9a-z]{4}(?:[-\s][0-9a-z]{4}){3}|(?<![0-9a-z])[0-9a-z]{16}(?![0-9a-z])))/gi;

/** A token of an offer, which has the code in it, or the beginning of one that was cut short. It matches wherever it begins, so that nothing is gone over twice. */
const LIKE_A_TOKEN = /eyJ[\w-]*(?:\.[\w-]*){0,2}/g;

/** The same bytes, with every character of what reads as a code of ours, or as a token, an asterisk: as long as before, so that a message stays one. */
export function maskCodes(bytes: Uint8Array): Buffer {
  const masked = Buffer.from(bytes);
  for (const { index, 1: code = "" } of masked.toString("latin1").matchAll(LIKE_A_CODE)) {
    if (readCode(code).ok) masked.fill("*", index, index + code.length);
  }
  for (const { index, 0: token } of masked.toString("latin1").matchAll(LIKE_A_TOKEN))
    masked.fill("*", index, index + token.length);
  return masked;
}
