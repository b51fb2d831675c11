const TWO_TO_32 = 4_294_967_296;

/** A 64-bit integer as a number: exact between ±2^53, which offsets and times do not leave. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * TWO_TO_32 + bytes.readUInt32BE(at + 4);
}

/** Puts a request together, in Kafka's big-endian types. */
export class RequestBytes {
  #bytes = Buffer.allocUnsafe(256);
  #at = 0;

  int8(value: number): this {
    this.#at = this.#room(1).writeInt8(value, this.#at);
    return this;
  }

  int16(value: number): this {
    this.#at = this.#room(2).writeInt16BE(value, this.#at);
    return this;
  }

  int32(value: number): this {
    this.#at = this.#room(4).writeInt32BE(value, this.#at);
    return this;
  }

  int64(value: number): this {
    this.#at = this.#room(8).writeBigInt64BE(BigInt(value), this.#at);
    return this;
  }

  string(value: string): this {
    const bytes = Buffer.from(value);
    return this.int16(bytes.length).raw(bytes);
  }

  bytes(value: Uint8Array): this {
    return this.int32(value.length).raw(value);
  }

  raw(value: Uint8Array): this {
    this.#room(value.length).set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(more: number): Buffer {
    if (this.#at + more > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * (this.#at + more));
      this.#bytes.copy(larger, 0, 0, this.#at);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** Takes a response apart. Throws a RangeError where it ends too early. */
export class ResponseBytes {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): number {
    this.at += 8;
    return readInt64(this.bytes, this.at - 8);
  }

  bigInt64(): bigint {
    this.at += 8;
    return this.bytes.readBigInt64BE(this.at - 8);
  }

  /** Empty for null, too. */
  string(): string {
    const from = this.#skip(this.int16());
    return this.bytes.toString("utf8", from, this.at);
  }

  /** In place; empty for null, too. */
  byteRange(): Buffer {
    const from = this.#skip(this.int32());
    return this.bytes.subarray(from, this.at);
  }

  /** As many as the count says, which is below zero for null. */
  list<T>(read: () => T): T[] {
    const count = this.int32();
    const items: T[] = [];
    for (let index = 0; index < count; index++) items.push(read());
    return items;
  }

  #skip(length: number): number {
    const from = this.at;
    this.at += Math.max(0, length);
    if (this.at > this.bytes.length)
      throw new RangeError(`${length} bytes were announced, and ${this.bytes.length - from} came`);
    return from;
  }
}
