/**
 * Why an input was not taken. The same value becomes a gRPC status at one door and an HTTP problem
 * body at another, so `reason` is stable: clients and dashboards may match on it.
 */
export interface Refusal {
  /** Stable snake_case token, for example `unknown_currency`. One of a bounded set per door. */
  readonly reason: string;
  /** Path of the offending field in the request, for example `cart.lines[3].quantity`. */
  readonly field: string;
  /** What came, well formed and shortened: a quotation to {@link REFUSAL_CAME_LENGTH_MAX} characters, {@link InWords} to {@link REFUSAL_WORDS_LENGTH_MAX}. */
  readonly came: string;
  /** What was expected, in words, for example `an integer from 1 to 2147483647`. */
  readonly expected: string;
}

/** Longest quotation of an input in a refusal: enough to recognise it, too short to leak a payload. */
export const REFUSAL_CAME_LENGTH_MAX = 64;

/** Longest account of what came in words of our own: these leak nothing, and cut off they would lack what helps. */
export const REFUSAL_WORDS_LENGTH_MAX = 256;

/** What came, in words: it is told as it is, without quotation marks around the whole, and up to {@link REFUSAL_WORDS_LENGTH_MAX} characters of it. */
export class InWords {
  readonly #words: string;

  constructor(words: string) {
    this.#words = words;
  }

  toString(): string {
    return this.#words;
  }
}

/** Builds a refusal, quoting what came safely: shortened, and with no lone surrogate or control character. */
export function refusal(reason: string, field: string, came: unknown, expected: string): Refusal {
  return { reason, field: printable(field), came: quote(came), expected };
}

/** One line for a person: field, what came, what was expected. Where the whole input is meant, there is no field to name. */
export function sayRefusal({ field, expected, came, reason }: Refusal): string {
  return `${field === "" ? "" : `${field}: `}expected ${expected}, got ${came} (${reason})`;
}

function quote(came: unknown): string {
  if (came === undefined || came === null) return "nothing";
  const text = typeof came === "string" ? JSON.stringify(came) : inItsOwnWords(came);
  const wellFormed = printable(text);
  const lengthMax = came instanceof InWords ? REFUSAL_WORDS_LENGTH_MAX : REFUSAL_CAME_LENGTH_MAX;
  return wellFormed.length <= lengthMax ? wellFormed : `${printable(wellFormed.slice(0, lengthMax - 1))}…`;
}

function inItsOwnWords(came: { toString(): string }): string {
  return came.toString();
}

/**
 * Text that can be sent through any door. A lone surrogate makes `encodeURI` throw inside grpc-js, far
 * from any handler, which would end the process; a control character can forge a line in a log.
 */
export function printable(text: string): string {
  return text.replace(LONE_SURROGATE, "\uFFFD").replace(/[\u0000-\u001f\u007f]/g, "\uFFFD");
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** True if every surrogate in the text is paired, that is, if the text has a UTF-8 form. */
export function isWellFormed(text: string): boolean {
  LONE_SURROGATE.lastIndex = 0;
  return !LONE_SURROGATE.test(text);
}
