import { describe, expect, it } from "@jest/globals";
import { isSubjectId } from "@leastwise/vocabulary";
import { createHmac } from "node:crypto";
import { createSubjectHasher } from "./subject-hash.js";

const KEY = Buffer.from("0123456789abcdef");

describe("createSubjectHasher", () => {
  const hasher = createSubjectHasher(KEY);

  it("is HMAC-SHA256 of kind and id, cut to 128 bits, the same for ever", () => {
    const subject = hasher.known("ada");
    expect(isSubjectId(subject)).toBe(true);
    expect(subject).toBe(createHmac("sha256", KEY).update("user\0ada").digest("hex").slice(0, 32));
    expect(hasher.anonymous("ada")).not.toBe(subject);
    expect(createSubjectHasher(Buffer.from("another key of 16+")).known("ada")).not.toBe(subject);
  });

  it("lets the user id outrank the anonymous one", () => {
    expect(hasher.of({ anonymousId: "b", userId: "ada" })).toBe(hasher.known("ada"));
    expect(hasher.of({ anonymousId: "b", userId: undefined })).toBe(hasher.anonymous("b"));
  });

  it("takes no key that could be guessed by its length", () => {
    expect(() => createSubjectHasher(new Uint8Array(15))).toThrow("at least 16");
  });
});
