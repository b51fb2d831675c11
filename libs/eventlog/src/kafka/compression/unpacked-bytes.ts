/** Why packed bytes could not be unpacked. `too_large`: they would be more than may be; `malformed`: they are not what their codec makes. */
export type UnpackProblem = "too_large" | "malformed";

/** Bytes that cannot be unpacked. The message says why, without naming what they are. */
export class CannotUnpack extends Error {
  override readonly name = "CannotUnpack";
  readonly problem: UnpackProblem;

  constructor(problem: UnpackProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }
}

/** Bytes that are not what their codec makes. */
export function malformed(message: string, cause?: unknown): CannotUnpack {
  return new CannotUnpack("malformed", message, cause === undefined ? undefined : { cause });
}

/** Bytes that would be more than may be. */
export function tooLarge(bytesMax: number, cause?: unknown): CannotUnpack {
  const message = `it would unpack to more than ${bytesMax} bytes`;
  return new CannotUnpack("too_large", message, cause === undefined ? undefined : { cause });
}

/** Frames that carry something else, with LZ4 and Zstandard alike: the last four bits of their magic are anything. */
export function isSkippable(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === 0x184d2a50;
}

/** Where bytes are unpacked to whose number is not known before: it grows as they come, and never beyond what may be by more than one reservation. */
export class UnpackedBytes {
  bytes: Buffer;
  /** How many there are. */
  length = 0;
  readonly #max: number;

  constructor(bytesExpected: number, bytesMax: number) {
    this.bytes = Buffer.allocUnsafe(Math.min(bytesExpected, bytesMax));
    this.#max = bytesMax;
  }

  /** Makes room for so many more. Throws `too_large` once there are more than may be. */
  reserve(count: number): void {
    if (this.length > this.#max) throw tooLarge(this.#max);
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, Math.min(this.bytes.length * 2, this.#max)));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  append(more: Uint8Array): void {
    if (this.length + more.length > this.#max) throw tooLarge(this.#max);
    this.reserve(more.length);
    this.bytes.set(more, this.length);
    this.length += more.length;
  }

  /** All of them. Throws `too_large` if there are more than may be. */
  done(): Buffer {
    if (this.length > this.#max) throw tooLarge(this.#max);
    return this.bytes.subarray(0, this.length);
  }
}

/**
 * Copies what stands `distance` bytes before a place to it. It may reach into what it writes: a short pattern is repeated so. The caller has seen to
 * it that all is within the bytes.
 */
export function copyBack(bytes: Buffer, at: number, distance: number, length: number): void {
  if (distance >= length) {
    bytes.copyWithin(at, at - distance, at - distance + length);
    return;
  }
  for (let to = at; to < at + length; to += 1) bytes[to] = bytes[to - distance] ?? 0;
}
