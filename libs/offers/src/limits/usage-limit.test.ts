import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DAY_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { redeem } from "../commands/redeem.js";
import { refund } from "../commands/refund.js";
import { reserve } from "../commands/reserve.js";
import { validate } from "../commands/validate.js";
import { evolve } from "../evolve.js";
import { after, eventsOf, issued, offerAfter, redemption, reservation, TERMS, told } from "../given/offer-life.js";
import type { OfferEvent } from "../offer.js";
import { limitsRefused } from "./limit-change.js";
import { PromotionUsage } from "./promotion-usage.js";
import { countedUse, type LimitsInForce, type PromotionUse, type UsageLimit } from "./usage-limit.js";

const NOON = after(0);
const BEN = "00".repeat(16) as SubjectId;
const FOR_EVER = () => "";
/** Days of UTC; what a zone makes of it is `compileBudget`'s, whose `periodAt` fits here. */
const byDay = (atMs: number) => String(Math.floor(atMs / DAY_MS));

const total = (usesMax: number, changes: Partial<UsageLimit> = {}): UsageLimit => ({
  ...{ limitId: "total", usesMax, per: { kind: "all" }, periodAt: FOR_EVER },
  ...changes,
});
const perSubject = (usesMax: number) => total(usesMax, { limitId: "each", per: { kind: "subject" } });
const perHome = (usesMax: number) => total(usesMax, { limitId: "home", per: { kind: "attribute", attribute: "home" } });
type OrdersUse = PromotionUse & { readonly orderId: string };
const use = (changes: Partial<OrdersUse> = {}): OrdersUse => ({
  ...{ orderId: "order-1", subject: TERMS.subject, attributes: {}, atMs: NOON, discountMinor: 100 },
  ...changes,
});

/** A promotion's limits, and what was used of it in this test. */
class Promotion {
  readonly usage = new PromotionUsage();
  readonly limits: readonly UsageLimit[];
  readonly log: OfferEvent[] = [];

  constructor(...limits: readonly UsageLimit[]) {
    this.limits = limits;
  }

  inForce(attributes = {}, countsZero?: boolean): LimitsInForce {
    return { limits: this.limits, usage: this.usage, attributes, countsZero };
  }

  /** What asking and taking in one step comes to. */
  uses(changes: Partial<OrdersUse> = {}, countsZero?: boolean): string {
    const asked = use(changes);
    const counted = countedUse(this.inForce(asked.attributes, countsZero), asked);
    if (!counted.ok) return counted.error.reason;
    if (counted.value === undefined) return "no use";
    const redeemed = eventsOf(redeem(redemption(), offerAfter([issued()])))[0];
    if (redeemed?.kind !== "redeemed") throw new Error("not redeemed");
    this.take({ ...redeemed, offerId: `of ${asked.orderId}`, orderId: asked.orderId, use: counted.value });
    return "counted";
  }

  givesBack(orderId: string, offerId = `of ${orderId}`): void {
    this.take({
      ...{ kind: "refunded", offerId, atMs: NOON, orderId, act: { idempotencyKey: "", contentDigest: "" } },
      refund: { discountMinor: 1, costMinor: 1, lines: [], isWhole: true, givesUseBack: true },
    });
  }

  take(event: OfferEvent): void {
    this.log.push(event);
    this.usage.take(event);
  }
}

describe("a limit", () => {
  it("in total is all shoppers' together; of a subject, each one's", () => {
    const promotion = new Promotion(total(3), perSubject(2));
    const told = ["a", "b", "c"].map((orderId) => promotion.uses({ orderId }));
    expect(told).toEqual(["counted", "counted", "limit_reached"]);
    expect(promotion.uses({ orderId: "d", subject: BEN })).toBe("counted");
    expect(promotion.uses({ orderId: "e", subject: BEN })).toBe("limit_reached");
  });

  it("says which one is reached, and of how many", () => {
    const promotion = new Promotion(total(1));
    promotion.uses();
    expect(countedUse(promotion.inForce(), use({ orderId: "b" }))).toMatchObject({
      error: { field: "limits.total", came: '"use 2"', expected: "at most 1 uses" },
    });
  });

  it("of a period begins anew with each, half-open", () => {
    const promotion = new Promotion(total(1, { periodAt: byDay }));
    const nextDay = (Math.floor(NOON / DAY_MS) + 1) * DAY_MS;
    expect(promotion.uses({ orderId: "a" })).toBe("counted");
    expect(promotion.uses({ orderId: "b", atMs: (nextDay - 1) as Millis })).toBe("limit_reached");
    expect(promotion.uses({ orderId: "c", atMs: nextDay as Millis })).toBe("counted");
  });

  it("by an attribute skips a guest without it, and says why", () => {
    const promotion = new Promotion(perHome(1));
    for (const attributes of [{}, { home: "" }, { town: "x" }])
      expect(promotion.uses({ attributes })).toBe("limit_attribute_missing");
    expect(promotion.uses({ attributes: { home: "h1" } })).toBe("counted");
    expect(promotion.uses({ orderId: "b", attributes: { home: "h1" }, subject: BEN })).toBe("limit_reached");
    expect(promotion.uses({ orderId: "b", attributes: { home: "h2" } })).toBe("counted");
    // Not what every object has.
    const odd = new Promotion(total(1, { per: { kind: "attribute", attribute: "constructor" } }));
    expect(odd.uses()).toBe("limit_attribute_missing");
  });

  it("does not count what gives nothing, unless the shop says so", () => {
    const promotion = new Promotion(total(1));
    expect([promotion.uses({ discountMinor: 0 }), promotion.uses({ discountMinor: 0 }, true)]).toEqual([
      ...["no use", "counted"],
    ]);
  });

  it("counts an order once, into however many shipments it is split, also where it is reached", () => {
    const promotion = new Promotion(total(1));
    expect([promotion.uses(), promotion.uses(), promotion.uses({ orderId: "b" })]).toEqual([
      ...["counted", "counted", "limit_reached"],
    ]);
  });

  it("gets a use back with the last shipment of its order, once", () => {
    const promotion = new Promotion(total(1));
    promotion.uses();
    const [first] = promotion.log;
    if (first?.kind !== "redeemed") throw new Error("not redeemed");
    promotion.take({ ...first, offerId: "second shipment" });
    promotion.givesBack("order-1");
    promotion.givesBack("order-1");
    expect(promotion.uses({ orderId: "b" })).toBe("limit_reached");
    promotion.givesBack("order-1", "second shipment");
    expect(promotion.uses({ orderId: "b" })).toBe("counted");
  });

  it("gets a use back in the period that it was counted in", () => {
    const promotion = new Promotion(total(1, { periodAt: byDay }));
    const tomorrow = (NOON + DAY_MS) as Millis;
    promotion.uses({ orderId: "a" });
    promotion.uses({ orderId: "b", atMs: tomorrow });
    promotion.givesBack("a");
    expect(promotion.uses({ orderId: "c", atMs: tomorrow })).toBe("limit_reached");
    expect(promotion.uses({ orderId: "c" })).toBe("counted");
  });
});

describe("a redemption", () => {
  it("asks its promotion's limits in the same step, and a refund of all gives the use back", () => {
    const usage = new PromotionUsage();
    const limits: LimitsInForce = { limits: [total(1)], usage, attributes: {} };
    const first = eventsOf(redeem(redemption({ limits }), offerAfter([issued()])));
    expect(first).toMatchObject([{ use: { counters: [{ limitId: "total", period: "", key: "" }] } }]);
    for (const event of first) usage.take(event);
    const other = () => redeem(redemption({ limits, orderId: "order-2" }), offerAfter([issued({ offerId: "o2" })]));
    expect(told(other())).toBe("limit_reached");
    const free = offerAfter([issued({ offerId: "o2" })]);
    expect(told(validate({ ...redemption({ limits }), orderId: undefined }, free))).toBe("limit_reached");
    expect(told(reserve(reservation({ limits, orderId: "order-2" }), free))).toBe("limit_reached");
    const state = first.reduce(evolve, offerAfter([issued()]));
    const back = { nowMs: after(2_000), orderId: "order-1", idempotencyKey: "back" };
    const part = eventsOf(refund({ ...back, lines: [{ productId: "p0", quantity: 1 }] }, state));
    for (const event of part) usage.take(event);
    expect(told(other())).toBe("limit_reached");
    const rest = refund({ ...back, lines: [], idempotencyKey: "rest" }, part.reduce(evolve, state));
    for (const event of eventsOf(rest)) usage.take(event);
    expect(told(other())).toBe("taken");
  });
});

describe("new limits", () => {
  const used = new Promotion(total(5), perSubject(3), total(9, { limitId: "day", periodAt: byDay }));
  for (const orderId of ["a", "b"]) used.uses({ orderId });
  used.uses({ orderId: "c", subject: BEN });
  const refusalOf = (limit: UsageLimit, nowMs = NOON) => {
    const refused = limitsRefused([total(99, { limitId: "new" }), limit], used.usage, nowMs);
    return refused && `${refused.reason} ${refused.field} ${refused.expected}`;
  };

  it("below what is used are refused, those at it are not", () => {
    expect(refusalOf(total(2))).toBe("limit_below_used limits[1].uses_max at least the 3 used");
    expect(refusalOf(total(3))).toBeUndefined();
    expect(refusalOf(perSubject(1))).toBe("limit_below_used limits[1].uses_max at least the 2 used");
    expect(refusalOf(perSubject(2))).toBeUndefined();
  });

  it("of a period are held against the present one", () => {
    const daily = total(2, { limitId: "day", periodAt: byDay });
    expect(refusalOf(daily)).toMatch("limit_below_used");
    expect(refusalOf(daily, (NOON + DAY_MS) as Millis)).toBeUndefined();
  });

  it("of none are refused: no limit is said by none", () => {
    for (const usesMax of [0, -1, 1.5]) expect(refusalOf(total(usesMax))).toMatch("quantity_out_of_range");
  });
});

describe("laws", () => {
  it("no interleaving of uses and give-backs gets past a limit, and the same log makes the same counts", () => {
    const step = fc.record({
      orderId: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
      subject: fc.constantFrom(TERMS.subject, BEN),
      day: fc.nat({ max: 2 }),
      isBack: fc.boolean(),
    });
    const law = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const limits = [total(4), perSubject(2), total(2, { limitId: "day", periodAt: byDay })];
      const promotion = new Promotion(...limits);
      for (const { orderId, subject, day, isBack } of steps) {
        if (isBack) promotion.givesBack(orderId);
        else promotion.uses({ orderId, subject, atMs: (NOON + day * DAY_MS) as Millis });
        const most = (limitId: string, periods: readonly string[]) =>
          Math.max(...periods.map((period) => promotion.usage.mostUses(limitId, period)));
        const days = [0, 1, 2].map((one) => byDay(NOON + one * DAY_MS));
        expect(most("total", [""])).toBeLessThanOrEqual(4);
        expect(most("each", [""])).toBeLessThanOrEqual(2);
        expect(most("day", days)).toBeLessThanOrEqual(2);
      }
      const again = new PromotionUsage();
      for (const event of promotion.log) again.take(event);
      const all = { limitId: "total", period: "", key: "" };
      const standing = ["a", "b", "c", "d", "e", "f", "g", "h"].filter((id) => again.countedOn(id) !== undefined);
      expect([again.usesOf(all), promotion.usage.usesOf(all)]).toEqual(Array(2).fill(standing.length));
    });
    fc.assert(law, { seed: 20_261_130, numRuns: 300 });
  });
});
