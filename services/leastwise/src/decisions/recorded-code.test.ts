import { wire } from "@leastwise/contracts";
import { mintCode } from "@leastwise/offers";
import type { Bucket } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { recordedKeyVersion, withRecordedCode } from "./recorded-code.js";

const [OURS, OTHERS] = [
  { k0: 1n, k1: 2n },
  { k0: 3n, k1: 4n },
];

function decision(code: string, offer: wire.DeepPartial<wire.Offer> = {}): wire.DecisionRecord {
  return wire.DecisionRecord.fromPartial({
    decidedAtMs: 5n,
    offer: { offerId: "o-1", code, issuedAtMs: 5n, ...offer },
  });
}

const code = (secretKey = OURS, keyVersion = 0, bucket = 7) =>
  mintCode({ offerId: "o-1", bucket: bucket as Bucket, keyVersion, secretKey });

describe("a code that another key made", () => {
  it("is taken from the record", () => {
    for (const recorded of [decision(code(OTHERS)), decision(code(OTHERS, 3)), decision(code(OURS, 1))])
      expect(withRecordedCode(recorded, decision(code()))).toEqual(recorded);
  });

  it("is not asked for where the codes agree, or there is none", () => {
    const none = wire.DecisionRecord.fromPartial({});
    expect(withRecordedCode(decision(code()), decision(code()))).toBeUndefined();
    expect(withRecordedCode(none, none)).toBeUndefined();
    expect(withRecordedCode(decision(code()), none)).toBeUndefined();
  });

  it("is none that no key of ours could have made for this offer", () => {
    for (const recorded of [
      decision(code(OTHERS, 0, 8)),
      decision(code(OTHERS).toLowerCase()),
      decision("not a code"),
      decision(code(OTHERS), { offerId: "o-2" }),
    ])
      expect(withRecordedCode(recorded, decision(code()))).toBeUndefined();
  });

  it("is not that of an offer from before, whose code is told as it was issued", () => {
    expect(withRecordedCode(decision(code(OTHERS)), decision(code(), { issuedAtMs: 4n }))).toBeUndefined();
  });
});

describe("the version of a recorded code's key", () => {
  it("is read in the code", () => {
    expect(recordedKeyVersion(decision(code(OURS, 3)))).toBe(3);
    expect(recordedKeyVersion(decision("not a code"))).toBeUndefined();
    expect(recordedKeyVersion(wire.DecisionRecord.fromPartial({}))).toBeUndefined();
  });
});
