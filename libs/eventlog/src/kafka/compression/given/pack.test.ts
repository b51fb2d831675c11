import { describe, expect, it } from "@jest/globals";
import { unpack } from "../unpack.js";
import { pack } from "./pack.js";

describe("packing in a module whose memory grows", () => {
  it.each(["snappy", "lz4"] as const)("gives what %s packed, also nothing", (packing) => {
    for (const length of [0, 1, 2 ** 23, 0, 2 ** 24, 1, 0]) {
      const bytes = Buffer.alloc(length, "leastwise");
      expect(unpack(packing, pack(packing, bytes)).equals(bytes)).toBe(true);
    }
  });
});
