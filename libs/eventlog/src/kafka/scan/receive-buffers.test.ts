import { describe, expect, it } from "@jest/globals";
import { ReceiveBuffers } from "./receive-buffers.js";

const MIB = 1_048_576;

describe("receive buffers", () => {
  it("are two in turn, which grow to what comes", () => {
    const buffers = new ReceiveBuffers();
    const [a, b] = [buffers.next()(10), buffers.next()(10)];
    expect(a).not.toBe(b);
    expect(buffers.next()(a.length)).toBe(a);
    expect(buffers.next()(b.length + 1).length).toBe(2 * b.length);
  });

  it("let go of what one large answer took", () => {
    const buffers = new ReceiveBuffers();
    const large = buffers.next()(100 * MIB);
    expect(large.length).toBeGreaterThanOrEqual(100 * MIB);
    buffers.next()(10);
    expect(buffers.next()(10).length).toBeLessThan(MIB);
  });
});
