import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import kafkajs from "kafkajs";
import { decodeClaims, decodeOwned, encodeClaims, encodeOwned } from "./member-claims.js";

const { MemberMetadata } = kafkajs.AssignerProtocol;
const NOTHING = { address: "", claims: [], generation: 0 };
const said = (userData: Buffer): Buffer => MemberMetadata.encode({ version: 1, topics: ["t"], userData });

describe("what members tell the group", () => {
  it("comes out as it went in", () => {
    const claims = fc.record({ address: fc.string(), claims: fc.array(fc.nat()), generation: fc.nat() });
    fc.assert(
      fc.property(claims, (given) => {
        expect(decodeClaims(encodeClaims(["t"], given))).toEqual(given);
      }),
    );
  });

  it("is nothing where it cannot be read, and never throws", () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, fc.json(), (garbage, json) => {
        expect(decodeClaims(garbage)).toEqual(NOTHING);
        expect(decodeClaims(said(garbage))).toEqual(NOTHING);
        expect(decodeClaims(said(Buffer.from(json)))).toEqual(NOTHING);
        expect(decodeOwned(garbage)).toEqual(expect.any(Array));
      }),
    );
    expect(decodeClaims(Buffer.alloc(0))).toEqual(NOTHING);
  });

  it("may have more in it, as a later version says it", () => {
    const later = { version: 2, address: "a:1", claims: [1, "2", -3], generation: 4, zone: "b" };
    expect(decodeClaims(said(Buffer.from(JSON.stringify(later))))).toEqual({
      address: "a:1",
      claims: [1],
      generation: 4,
    });
  });
});

describe("what members are given", () => {
  it("comes out in order", () => {
    expect(decodeOwned(encodeOwned("t", [10, 9, 1]))).toEqual([1, 9, 10]);
    expect(decodeOwned(Buffer.alloc(0))).toEqual([]);
  });
});
