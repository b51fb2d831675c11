import type { Scalar } from "yaml";

/**
 * Where in a document a character of a scalar's text stands, as an offset. Folding, indentation and escapes change blanks and how characters are written, never
 * their order: what is no blank is counted on both sides.
 *
 * @param document all of the text
 * @param offset in the scalar's value, UTF-16 code units
 */
export function offsetInDocument(document: string, scalar: Scalar, offset: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  if (typeof scalar.value !== "string") return start;
  const before = solidIn(scalar.value.slice(0, offset));
  // Past its last character, as where an expression ends too soon.
  if (before === solidIn(scalar.value)) return endOf(document, scalar.type, start, end);
  let seen = 0;
  for (const { at, solid } of charactersOf(document, scalar.type, start, end)) {
    if (seen + solid > before) return at;
    seen += solid;
  }
  return start;
}

/** One character as it is written, and how many code units of it are no blanks. */
interface Character {
  readonly at: number;
  readonly solid: number;
}

function charactersOf(
  document: string,
  type: Scalar.Type | undefined,
  start: number,
  end: number,
): Iterable<Character> {
  switch (type) {
    case "QUOTE_DOUBLE":
      return written(document, /\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|\r\n|[^])|[^]/y, start + 1, end - 1);
    case "QUOTE_SINGLE":
      return written(document, /''|[^]/y, start + 1, end - 1);
    case "BLOCK_FOLDED":
    case "BLOCK_LITERAL":
      return written(document, /[^]/y, document.indexOf("\n", start), end);
    default:
      return written(document, /[^]/y, start, end);
  }
}

function* written(document: string, one: RegExp, from: number, to: number): Iterable<Character> {
  for (let at = from; at < to;) {
    one.lastIndex = at;
    const [text = ""] = one.exec(document) ?? [];
    if (text === "") return;
    yield { at, solid: text === "''" ? 1 : solidIn(text.startsWith("\\") ? unescaped(text) : text) };
    at += text.length;
  }
}

/** What an escape of a text in double quotation marks stands for. */
function unescaped(escape: string): string {
  const code = escape.slice(1, 2);
  if (/[xuU]/.test(code) && escape.length > 2) return String.fromCodePoint(Number.parseInt(escape.slice(2), 16));
  return BLANK_ESCAPES.has(code) ? " " : "x";
}

/** A tab, ends of lines, spaces that do not break; and an end of a line that is none. */
const BLANK_ESCAPES: ReadonlySet<string> = new Set(["t", "\t", "n", "v", "f", "r", " ", "_", "L", "P", "\n", "\r"]);

function solidIn(text: string): number {
  return text.replace(/\s/g, "").length;
}

/** Behind the last character of a scalar that is no blank. */
function endOf(document: string, type: Scalar.Type | undefined, start: number, end: number): number {
  const isQuoted = type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";
  return start + document.slice(start, isQuoted ? end - 1 : end).trimEnd().length;
}
