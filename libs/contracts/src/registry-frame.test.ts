import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import {
  decodeDecisionRecord,
  framed,
  messageIndexesOf,
  messageInFrame,
  readFrame,
  unframed,
} from "./registry-frame.js";
import * as wire from "./wire.js";

const DECISION = wire.DecisionRecord.encode(
  wire.DecisionRecord.fromPartial({ decisionId: "d-1", subject: "ada" }),
).finish();

describe("a registry's frame", () => {
  it("is, byte for byte, what Confluent's serializers write", () => {
    // The first message of a schema has the short form; the tenth is one step, zigzag 18; a nested one is two.
    expect([...framed(7, [0], Uint8Array.of(8, 1))]).toEqual([0, 0, 0, 0, 7, 0, 8, 1]);
    expect([...framed(0x01020304, [9], Uint8Array.of(8, 1))]).toEqual([0, 1, 2, 3, 4, 2, 18, 8, 1]);
    expect([...framed(1, [1, 0], Uint8Array.of())]).toEqual([0, 0, 0, 0, 1, 4, 2, 0]);
  });

  it("gives back what was put in, and leaves alone what is not framed", () => {
    const indexes = fc.array(fc.nat({ max: 10_000 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), indexes, fc.uint8Array(), (schemaId, path, message) => {
        const read = readFrame(framed(schemaId, path, message));
        expect(read?.schemaId).toBe(schemaId);
        expect([...messageInFrame(read!)]).toEqual([...message]);
      }),
    );
    expect(unframed(DECISION)).toBe(DECISION);
    for (const short of [[], [0], [0, 0, 0, 0, 1]]) expect(readFrame(Uint8Array.from(short))).toBeUndefined();
  });

  it("is told from a message by its first byte, so that a topic may hold both", () => {
    const indexes = messageIndexesOf("DecisionRecord");
    for (const value of [DECISION, framed(3, indexes, DECISION)])
      expect(decodeDecisionRecord(value)).toMatchObject({ decisionId: "d-1", subject: "ada" });
  });

  it("counts messages as the file of the schema does", () => {
    expect(messageIndexesOf("Cart")).toEqual([0]);
    expect(messageIndexesOf("DecideRequest")).toEqual([1]);
    expect(() => messageIndexesOf("NoSuch")).toThrow("NoSuch");
  });
});
