import { isWellFormed, printable, refusal, type Refusal } from "@leastwise/vocabulary";
import { within } from "./field-path.js";

/** Longest id that is taken, bytes of UTF-8. */
export const ID_BYTES_MAX = 256;

/**
 * Checks an id that must be there: `id_missing` if empty, `id_too_long` over {@link ID_BYTES_MAX} bytes, `invalid_text` for
 * NUL or a lone surrogate. Undefined: it is good. An id is personal data or as good as: it is never quoted.
 */
export function checkId(id: string, at: string, field: string): Refusal | undefined {
  if (id === "") return refusal("id_missing", within(at, field), undefined, `an id of 1 to ${ID_BYTES_MAX} bytes`);
  return checkOptionalId(id, at, field);
}

/** As {@link checkId}; empty means absent and is good. */
export function checkOptionalId(id: string, at: string, field: string): Refusal | undefined {
  if (id === "") return undefined;
  if (isLongerThan(id, ID_BYTES_MAX)) {
    return unquoted("id_too_long", within(at, field), id, `an id of 1 to ${ID_BYTES_MAX} bytes`);
  }
  return checkCharacters(id, at, field);
}

/** Checks a text that may be empty: `text_too_long` over the given number of bytes, else as {@link checkId}. */
export function checkText(text: string, at: string, field: string, bytesMax: number): Refusal | undefined {
  if (text === "") return undefined;
  if (isLongerThan(text, bytesMax)) {
    return unquoted("text_too_long", within(at, field), text, `a text of at most ${bytesMax} bytes`);
  }
  return checkCharacters(text, at, field);
}

/** True if the text can stand in any store and any message: no lone surrogate, no NUL. */
export function isStorableText(text: string): boolean {
  return !text.includes("\u0000") && isWellFormed(text);
}

function checkCharacters(text: string, at: string, field: string): Refusal | undefined {
  if (isStorableText(text)) return undefined;
  return unquoted("invalid_text", within(at, field), text, "Unicode text without NUL and without lone surrogates");
}

function isLongerThan(text: string, bytesMax: number): boolean {
  if (text.length * 3 <= bytesMax) return false;
  return text.length > bytesMax || Buffer.byteLength(text) > bytesMax;
}

/** A refusal that tells the size of what came, not its content. */
function unquoted(reason: string, field: string, text: string, expected: string): Refusal {
  return { reason, field: printable(field), came: `a text of ${Buffer.byteLength(text)} bytes`, expected };
}
