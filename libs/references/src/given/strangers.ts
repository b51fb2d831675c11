import type { NewRecord } from "@leastwise/eventlog";
import fc from "fast-check";
import { put } from "./log.js";

/** What others may write onto a topic: text, JSON, half of a message, bytes of any kind; never a tombstone. */
export const STRANGERS_BYTES: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }),
  fc.string({ minLength: 1 }).map((text) => Buffer.from(text)),
  fc.json().map((text) => Buffer.from(text)),
  fc.constant(Buffer.from([0x0a, 0xff, 0xff])),
);

/** Records of a topic, some of which are strangers' under keys that may be ours, and how many those are. */
export interface Mixed {
  readonly records: readonly NewRecord[];
  readonly strangers: number;
}

/**
 * Own records with strangers' anywhere among them.
 *
 * @param keys keys of our own, under which strangers write, too
 */
export function withStrangers(topic: string, own: readonly NewRecord[], keys: readonly string[]): fc.Arbitrary<Mixed> {
  const stranger = fc.record({
    at: fc.nat({ max: own.length }),
    key: fc.oneof(fc.constantFrom(...keys), fc.string({ minLength: 1 })),
    value: STRANGERS_BYTES,
  });
  return fc.array(stranger, { minLength: 1, maxLength: 8 }).map((strangers) => {
    const before = (place: number) =>
      strangers.filter(({ at }) => at === place).map(({ key, value }) => put(topic, key, value));
    const records = own.flatMap((record, place) => [...before(place), record]).concat(before(own.length));
    return { records, strangers: strangers.length };
  });
}
