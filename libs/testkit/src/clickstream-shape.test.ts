import { describe, expect, it } from "@jest/globals";
import { clickstreamShape, RETAIL_ROCKET } from "./clickstream-shape.js";

const START_MS = Date.UTC(2026, 0, 1);

describe("clickstreamShape", () => {
  const shape = clickstreamShape({ seed: "shape", visitors: 200_000, startMs: START_MS });

  it("has the counts and kinds of the log that it is modelled on", () => {
    const events = new Map<number, number>();
    const kinds = { product_view: 0, cart_add: 0, purchase: 0 };
    const products = new Map<number, number>();
    for (const event of shape.events()) {
      events.set(event.subject, (events.get(event.subject) ?? 0) + 1);
      kinds[event.kind] += 1;
      products.set(event.product, (products.get(event.product) ?? 0) + 1);
    }
    const counts = [...events.values()];
    const { views, cartAdds, purchases, visitors } = RETAIL_ROCKET;
    const all = views + cartAdds + purchases;
    expect(counts.length).toBe(200_000);
    expect(counts.filter((count) => count === 1).length / counts.length).toBeCloseTo(0.71, 2);
    // A heavy tail makes the mean vary: a tenth either way.
    expect(shape.total / 200_000 / (all / visitors)).toBeGreaterThan(0.9);
    expect(shape.total / 200_000 / (all / visitors)).toBeLessThan(1.1);
    expect(Math.max(...[...counts].sort((a, b) => b - a).slice(0, 10))).toBeGreaterThan(300);
    expect(kinds.cart_add / shape.total).toBeCloseTo(cartAdds / all, 2);
    expect(kinds.purchase / shape.total).toBeCloseTo(purchases / all, 2);
    expect(products.get(0)!).toBeGreaterThan(products.get(1)!);
    expect(Math.max(...[...products.keys()].slice(0, 10_000))).toBeLessThan(RETAIL_ROCKET.products);
  });

  it("comes in order of time, within its span, and the same at every pass", () => {
    const passes = [shape.events(), shape.events()].map((events) => {
      let sum = 0;
      let newestMs = START_MS;
      for (const { subject, product, atMs } of events) {
        if (atMs < newestMs || atMs >= START_MS + RETAIL_ROCKET.spanMs) throw new Error(`out of order: ${atMs}`);
        newestMs = atMs;
        sum = (Math.imul(sum, 31) + subject + 7 * product + (atMs % 1_000_003)) | 0;
      }
      return sum;
    });
    expect(passes[0]).toBe(passes[1]);
    expect(clickstreamShape({ seed: "other", visitors: 200_000, startMs: START_MS }).total).not.toBe(shape.total);
  });

  it("refuses a number of visitors that it cannot hold", () => {
    expect(() => clickstreamShape({ seed: "s", visitors: 0, startMs: START_MS })).toThrow(RangeError);
  });
});
