import { describe, expect, it } from "@jest/globals";
import { isSubjectId, type CurrencyCode } from "@leastwise/vocabulary";
import { ProductMarks, SlabEvent } from "@leastwise/windows";
import fc from "fast-check";
import { decodeClickstreamRecord, encodeClickstreamRecord } from "./clickstream-record.js";
import { SlabEventReader } from "./slab-event-reader.js";
import { windowEventOf } from "./window-event.js";
import * as wire from "./wire.js";

const EUR = "EUR" as CurrencyCode;
const marks = new ProductMarks();

const subject = fc
  .array(fc.nat(15), { minLength: 32, maxLength: 32 })
  .map((digits) => digits.map((digit) => digit.toString(16)).join(""));
const word = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom("", "p-1", "p-2", "a longer name of a product") },
  { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
);
const money = fc.record({ minor: fc.bigInt(-1n, 2n ** 53n), currency: fc.constantFrom("EUR", "USD", "") });
const product = fc.record(
  { productId: word, quantity: fc.bigInt(0n, 2n ** 53n), unitPrice: money },
  { requiredKeys: ["productId"] },
);
const MAX = 2n ** 53n - 1n;
const plain = {
  eventId: word,
  kind: fc.integer({ min: 0, max: 11 }) as fc.Arbitrary<wire.EventKind>,
  occurredAtMs: fc.bigInt(0n, MAX),
  sessionId: word,
  channel: fc.integer({ min: 0, max: 7 }) as fc.Arbitrary<wire.Channel>,
  device: fc.integer({ min: 0, max: 5 }) as fc.Arbitrary<wire.Device>,
  place: fc.record({ country: word, region: word }),
  product,
};
const other = { order: fc.record({ orderId: word }), content: fc.record({ contentId: word }) };
const event = fc.oneof(
  { weight: 3, arbitrary: fc.record(plain, { requiredKeys: ["kind"] }) },
  { weight: 1, arbitrary: fc.record({ ...plain, ...other }, { requiredKeys: ["kind"] }) },
);
const recorded = fc.record(
  {
    subject: fc.oneof({ weight: 20, arbitrary: subject }, { weight: 1, arbitrary: word }),
    assignmentKey: subject,
    receivedAtMs: fc.bigInt(0n, 2n ** 53n),
    source: word,
    event,
  },
  { requiredKeys: ["subject", "event"] },
);

function bytesOf(value: wire.DeepPartial<wire.ClickstreamEvent>): Uint8Array {
  return encodeClickstreamRecord({ $case: "event", value: wire.ClickstreamEvent.fromPartial(value) });
}

/** What the full decoder makes of the record; undefined where it is no event that windows count. */
function decodedInFull(bytes: Uint8Array): SlabEvent | undefined {
  const body = decodeClickstreamRecord(bytes);
  if (!body.ok || body.value.$case !== "event" || !isSubjectId(body.value.value.subject)) return undefined;
  const windowEvent = windowEventOf(body.value.value, EUR);
  if (windowEvent === undefined) return undefined;
  const slabEvent = new SlabEvent();
  const { subject: id, assignmentKey } = body.value.value;
  slabEvent.fill(id, windowEvent, marks);
  // Only carts need the text: the mark stands for it elsewhere.
  if (!["cart_add", "cart_remove"].includes(windowEvent.kind)) slabEvent.productId = undefined;
  if (assignmentKey !== "") slabEvent.setAssignmentKey(assignmentKey);
  return slabEvent;
}

describe("reading plain events from their bytes", () => {
  it("gives what the full decoder gives, or leaves it to that", () => {
    const reader = new SlabEventReader(EUR);
    const ours = new SlabEvent();
    let taken = 0;
    fc.assert(
      fc.property(recorded, (value) => {
        const bytes = bytesOf(value);
        if (!reader.read(bytes, ours)) return;
        taken += 1;
        expect(ours).toEqual(decodedInFull(bytes));
      }),
      { seed: 71, numRuns: 3_000 },
    );
    expect(taken).toBeGreaterThan(300);
  });

  it("never takes bytes for an event that the full decoder takes for something else", () => {
    const reader = new SlabEventReader(EUR);
    const ours = new SlabEvent();
    fc.assert(
      fc.property(
        recorded,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
        fc.nat(),
        (value, changes, cut) => {
          const bytes = Uint8Array.from(bytesOf(value));
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          const broken = cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
          if (reader.read(broken, ours)) expect(ours).toEqual(decodedInFull(broken));
        },
      ),
      { seed: 72, numRuns: 5_000 },
    );
  });

  it("takes the events of a shop, and leaves orders, links and texts beyond ASCII to the full decoder", () => {
    const reader = new SlabEventReader(EUR);
    const ours = new SlabEvent();
    const id = "0123456789abcdef".repeat(2);
    const kinds = ["PRODUCT_VIEW", "CART_ADD", "SEARCH", "CONTENT_ENGAGEMENT"] as const;
    for (const kind of kinds) {
      const one = { kind: wire.EventKind[`EVENT_KIND_${kind}`], eventId: "e", occurredAtMs: 7n, sessionId: "visit" };
      const place = { country: "DE", region: "BY" };
      const bytes = bytesOf({ subject: id, event: { ...one, place, product: { productId: "p", quantity: 1n } } });
      expect(reader.read(bytes, ours)).toBe(true);
      expect(reader.read(bytes, ours)).toBe(true);
      expect(ours).toEqual(decodedInFull(bytes));
    }
    const order = { kind: wire.EventKind.EVENT_KIND_PURCHASE, order: { orderId: "o" } };
    expect(reader.read(bytesOf({ subject: id, event: order }), ours)).toBe(false);
    expect(reader.read(bytesOf({ subject: id, event: { kind: 2, sessionId: "é" } }), ours)).toBe(false);
    const link = { $case: "link" as const, value: wire.SubjectLink.fromPartial({ anonymousSubject: id }) };
    expect(reader.read(encodeClickstreamRecord(link), ours)).toBe(false);
  });
});
