import { Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "@jest/globals";
import { hasHopped, hopMetadata, traceparentOf } from "./hops.js";

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

function metadataWith(entries: Readonly<Record<string, string>>): { readonly metadata: Metadata } {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(entries)) metadata.set(key, value);
  return { metadata };
}

describe("a call that is passed on", () => {
  it("says so, and takes the caller's trace along, and nothing else", () => {
    const hop = hopMetadata(metadataWith({ traceparent: TRACEPARENT, tracestate: "a=b", authorization: "secret" }));
    expect(hasHopped({ metadata: hop })).toBe(true);
    expect(hop.getMap()).toEqual({ "leastwise-hops": "1", traceparent: TRACEPARENT, tracestate: "a=b" });
    expect(hasHopped(metadataWith({}))).toBe(false);
  });
});

describe("the caller's place in a trace", () => {
  it("is what it sent", () => {
    expect(traceparentOf(metadataWith({ traceparent: TRACEPARENT }))).toBe(TRACEPARENT);
    expect(traceparentOf(metadataWith({}))).toBeUndefined();
  });

  it.each([
    ["of a version that there is not", TRACEPARENT.replace("00-", "ff-")],
    ["without a trace", TRACEPARENT.replace(/-.{32}-/, `-${"0".repeat(32)}-`)],
    ["without a span", TRACEPARENT.replace(/-.{16}-/, `-${"0".repeat(16)}-`)],
    ["in capitals", TRACEPARENT.toUpperCase()],
    ["cut off", TRACEPARENT.slice(0, -1)],
    ["with more behind it", `${TRACEPARENT}\r\nx: y`.replace(/[\r\n]/g, " ")],
  ])("is none where it is %s", (_, traceparent) => {
    expect(traceparentOf(metadataWith({ traceparent }))).toBeUndefined();
  });
});
