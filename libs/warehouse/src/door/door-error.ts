/** A refusal in ClickHouse's own terms: clients look at the number. */
export class DoorError extends Error {
  override readonly name = "DoorError";
  /** ClickHouse's error number. */
  readonly code: number;
  /** Its name, in capitals. */
  readonly type: string;

  constructor(code: number, type: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.type = type;
  }

  /** The body of the answer, as ClickHouse writes it. */
  text(version: string): string {
    return `Code: ${this.code}. DB::Exception: ${this.message} (${this.type}) (version ${version} (official build))\n`;
  }
}

/** What the engine threw, taken apart: `Code: 60. DB::Exception: … (UNKNOWN_TABLE)`. */
export function doorError(cause: unknown): DoorError {
  if (cause instanceof DoorError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  const match = /Code: (\d+)\. (?:DB::Exception: )?([\s\S]*?)\s*\(([A-Z0-9_]+)\)\s*$/.exec(words);
  if (match === null) return new DoorError(1002, "UNKNOWN_EXCEPTION", words, { cause });
  return new DoorError(Number(match[1]), match[3] ?? "", match[2] ?? "", { cause });
}

// As in ClickHouse's own server (exceptionCodeToHTTPStatus); what is not listed is 500.
const STATUSES: readonly (readonly [status: number, codes: readonly number[]])[] = [
  [401, [194]],
  [403, [192, 193, 516, 512, 497]],
  [400, [36, 427, 6, 25, 26, 27, 38, 41, 53, 62, 72, 117, 15, 16, 44, 56, 69, 167, 168, 321, 441, 376, 675]],
  [404, [60, 46, 47, 50, 56, 81, 115, 63, 73, 78, 336, 511]],
  [413, [307]],
  [501, [48]],
  [503, [209, 76, 439, 202]],
  [408, [159]],
];

/** The HTTP status that ClickHouse answers an error with. */
export function httpStatus(code: number): number {
  return STATUSES.find(([, codes]) => codes.includes(code))?.[0] ?? 500;
}
