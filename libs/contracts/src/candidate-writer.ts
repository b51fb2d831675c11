import type { Candidate } from "@leastwise/decision";
import type { Incentive } from "@leastwise/offers";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { incentiveToWire } from "./incentive.js";
import * as wire from "./wire.js";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** Tags of fields up to 15 are a byte, and a candidate has no others; the candidates' own field in a record has two. */
const CANDIDATES_TAG = Uint8Array.of((((18 << 3) | LENGTH) & 0x7f) | 0x80, (18 << 3) >> 7);

/** What a candidate takes at most beside its texts and its incentive: four amounts, three doubles and the numbers, each with its tag. */
const NUMBERS_BYTES_MAX = 4 * (2 + 11 + 5) + 3 * 9 + 5 * 11 + 16;
const ROOM_BYTES = 1 << 16;

/**
 * Writes the candidates of a record, most of its bytes, as the generated code would, with neither an object nor a call into the runtime for each field.
 * See https://protobuf.dev/programming-guides/encoding/.
 */
export class CandidateWriter {
  #bytes = Buffer.allocUnsafeSlow(ROOM_BYTES);
  #view = viewOf(this.#bytes);
  #at = 0;

  /** The candidates' fields one after the other. A view, good until the next call. */
  write(candidates: readonly Candidate[], currency: CurrencyCode): Uint8Array {
    this.#at = 0;
    let lengthBytes = 1;
    for (const candidate of candidates) lengthBytes = this.#candidate(candidate, currency, lengthBytes);
    return this.#bytes.subarray(0, this.#at);
  }

  /**
   * The length stands before what it is the length of, and is known after it: room is left as for the candidate before, which is like it most times.
   *
   * @returns how many bytes the length took
   */
  #candidate(candidate: Candidate, currency: CurrencyCode, guessedBytes: number): number {
    const incentive = candidate.incentive && incentiveBytes(candidate.incentive);
    this.#reserve(3 * (candidate.campaignId.length + candidate.blockedBy.length) + (incentive?.length ?? 0));
    this.#bytes[this.#at++] = CANDIDATES_TAG[0] ?? 0;
    this.#bytes[this.#at++] = CANDIDATES_TAG[1] ?? 0;
    const lengthAt = this.#at;
    const bodyAt = lengthAt + guessedBytes;
    this.#at = bodyAt;
    this.#fields(candidate, incentive, currency);
    const length = this.#at - bodyAt;
    const lengthBytes = length < 0x80 ? 1 : length < 0x4000 ? 2 : 3;
    if (lengthBytes !== guessedBytes) this.#bytes.copyWithin(lengthAt + lengthBytes, bodyAt, this.#at);
    this.#at = lengthAt;
    this.#varint(length);
    this.#at += length;
    return lengthBytes;
  }

  /** What says nothing is left out, as by the generated code; amounts are always there. */
  #fields(candidate: Candidate, incentive: Uint8Array | undefined, currency: CurrencyCode): void {
    const { campaignId, rung, depthBp, wantedMinor, blockedBy } = candidate;
    if (campaignId !== "") this.#text(1, campaignId);
    this.#whole(2, rung);
    if (incentive !== undefined) this.#message(3, incentive);
    this.#whole(4, depthBp);
    this.#money(5, candidate.faceValueMinor, currency);
    this.#money(6, candidate.expectedCostMinor, currency);
    this.#money(7, candidate.worstCostMinor, currency);
    this.#double(8, candidate.conversion);
    this.#double(9, candidate.valueMinor);
    this.#double(10, candidate.evidence);
    this.#whole(11, candidate.weight);
    if (blockedBy !== "") this.#text(12, blockedBy);
    if (wantedMinor !== undefined) this.#money(13, wantedMinor, currency);
    if (candidate.isOwed === true) this.#whole(14, 1);
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes + NUMBERS_BYTES_MAX;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * needed);
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.#view = viewOf(larger);
  }

  #tag(field: number, wireType: number): void {
    this.#bytes[this.#at++] = (field << 3) | wireType;
  }

  #message(field: number, bytes: Uint8Array): void {
    this.#tag(field, LENGTH);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Ids are ASCII more often than not: then a character is a byte. */
  #text(field: number, text: string): void {
    this.#tag(field, LENGTH);
    const lengthAt = this.#at;
    this.#varint(text.length);
    for (let place = 0; place < text.length; place += 1) {
      const unit = text.charCodeAt(place);
      if (unit < 0x80) {
        this.#bytes[this.#at++] = unit;
        continue;
      }
      this.#at = lengthAt;
      this.#varint(Buffer.byteLength(text));
      this.#at += this.#bytes.write(text, this.#at, "utf8");
      return;
    }
  }

  /** An amount with its currency, which is three letters. */
  #money(field: number, minor: number, currency: CurrencyCode): void {
    this.#tag(field, LENGTH);
    const lengthAt = this.#at;
    this.#at += 1;
    this.#whole(1, minor);
    this.#text(2, currency);
    this.#bytes[lengthAt] = this.#at - lengthAt - 1;
  }

  #double(field: number, value: number): void {
    if (value === 0) return;
    this.#tag(field, FIXED64);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** A safe integer, whatever the width of its type: the bytes are the same. */
  #whole(field: number, value: number): void {
    if (value === 0) return;
    if (!Number.isSafeInteger(value)) throw new RangeError(`a candidate's field ${field}: ${value} is no safe integer`);
    this.#tag(field, VARINT);
    this.#varint(value);
  }

  #varint(value: number): void {
    let rest = value;
    if (rest < 0) {
      this.#negative(rest);
      return;
    }
    while (rest > 0x7fffffff) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Two's complement of 64 bits, ten bytes. */
  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** An incentive is the policy's own, the same object in decision after decision. */
const INCENTIVES = new WeakMap<Incentive, Uint8Array>();

function incentiveBytes(incentive: Incentive): Uint8Array {
  const known = INCENTIVES.get(incentive);
  if (known !== undefined) return known;
  const bytes = wire.Incentive.encode(incentiveToWire(incentive)).finish();
  INCENTIVES.set(incentive, bytes);
  return bytes;
}
