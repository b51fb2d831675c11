import { kindName, readEvent } from "@leastwise/contracts";
import type { Millis } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { NETWORK_RATES } from "./network.js";
import type { DecideStep, EventStep, RedeemStep, Step } from "./step.js";
import { Storefront, type StorefrontOptions } from "./storefront.js";

const START_MS = Date.UTC(2026, 0, 5) as Millis;
const SMALL: StorefrontOptions = { seed: "small", shoppers: 300, days: 14, startMs: START_MS };

interface Policy {
  readonly faceValueOf?: (step: DecideStep) => number;
  readonly refusesCodes?: boolean;
}

/** Plays to the end with a fixed way of answering; the steps as they came. */
function play(options: StorefrontOptions, { faceValueOf = () => 0, refusesCodes = false }: Policy = {}) {
  const shop = new Storefront(options);
  const steps: Step[] = [];
  for (let step = shop.next(); step !== undefined; step = shop.next()) {
    steps.push(step);
    if (step.kind === "decide") answerDecide(step, faceValueOf(step));
    if (step.kind === "redeem") step.reply(refusesCodes ? undefined : redeemed(step));
  }
  return { shop, steps };
}

function answerDecide(step: DecideStep, faceMinor: number): void {
  const faceValue = { minor: BigInt(faceMinor), currency: "USD" };
  step.reply({ offer: faceMinor === 0 ? undefined : { code: `c-${faceMinor}`, faceValue } });
}

/** All of the discount on the first line. */
function redeemed({ request }: RedeemStep) {
  const discount = { minor: BigInt(request.code.slice(2)), currency: "USD" };
  const [first] = request.lines;
  return { discount, shares: [{ line: 0, productId: first!.productId, quantity: first!.quantity, discount }] };
}

const tenPercent = ({ request }: DecideStep) =>
  Math.floor(
    (request.cart?.lines ?? []).reduce((sum, line) => sum + Number(line.unitPrice!.minor * line.quantity), 0) / 10,
  );
const digest = (steps: readonly Step[]) => createHash("sha256").update(JSON.stringify(steps, said)).digest("hex");

/** Bigints as text. When the digest below was written down, carts could not say their offers, nor questions a token; none of these has any. */
function said(name: string, value: unknown): unknown {
  if (name === "offers" && Array.isArray(value) && value.length === 0) return undefined;
  if (name === "offerToken" && value === "") return undefined;
  return typeof value === "bigint" ? String(value) : value;
}

describe("a play", () => {
  it("is the same again with the same seed and answers, and another with another seed", () => {
    const first = digest(play(SMALL, { faceValueOf: tenPercent }).steps);
    expect(digest(play(SMALL, { faceValueOf: tenPercent }).steps)).toBe(first);
    expect(digest(play({ ...SMALL, seed: "other" }, { faceValueOf: tenPercent }).steps)).not.toBe(first);
  });

  it("has by default the size that a demonstration wants", () => {
    const { shop, steps } = play({ seed: "default", startMs: START_MS });
    const events = steps.filter((step) => step.kind === "event").length;
    expect(events).toBeGreaterThan(40_000);
    expect(events).toBeLessThan(60_000);
    expect(shop.tally().decides).toBeGreaterThan(3_000);
    expect(shop.tally().decides).toBeLessThan(4_500);
  });

  it("comes in order of time and ends in time", () => {
    const { shop, steps } = play(SMALL);
    let newestMs: number = START_MS;
    for (const { atMs } of steps) {
      if (atMs < newestMs) throw new Error(`a step at ${atMs} comes after ${newestMs}`);
      newestMs = atMs;
    }
    expect(newestMs).toBeLessThanOrEqual(shop.endMs);
  });

  it("sends only events that the collector takes, but for the broken ones, each refused for its flaw", () => {
    const { steps } = play({ ...SMALL, shoppers: 1_500 }, { faceValueOf: tenPercent });
    const flaws = new Map<string, number>();
    for (const step of steps) {
      if (step.kind !== "event") continue;
      const read = readEvent(step.event, step.atMs);
      const reason = read.ok ? undefined : read.error.reason;
      if (reason !== step.flaw) throw new Error(`${reason ?? "taken"} instead of ${step.flaw ?? "taken"}`);
      if (reason !== undefined) flaws.set(reason, (flaws.get(reason) ?? 0) + 1);
    }
    expect(flaws.size).toBeGreaterThanOrEqual(4);
  });

  it("shows every kind of event, every identity, and the way's defects at about their rates", () => {
    const { shop, steps } = play({ ...SMALL, shoppers: 1_500 });
    const { byKind, byFate } = shop.tally();
    expect([...byKind.keys()].sort()).toEqual([
      "cart_add",
      "cart_remove",
      "checkout_start",
      "content_engagement",
      "login",
      "page_view",
      "product_view",
      "purchase",
      "return",
      "search",
    ]);
    const events = steps.filter((step) => step.kind === "event").length;
    const rate = (fate: "duplicate" | "late" | "without_id" | "malformed") => (byFate.get(fate) ?? 0) / events;
    expect(rate("duplicate")).toBeCloseTo(NETWORK_RATES.duplicate, 2);
    expect(rate("late")).toBeCloseTo(NETWORK_RATES.late, 2);
    expect(rate("without_id")).toBeCloseTo(NETWORK_RATES.withoutId, 2);
    expect(rate("malformed")).toBeGreaterThan(0);
    const subjects = steps.flatMap((step) => (step.kind === "decide" ? [step.request.subject!] : []));
    expect(subjects.some((subject) => subject.userId === "")).toBe(true);
    expect(subjects.some((subject) => subject.userId !== "")).toBe(true);
  });

  it("keeps the cart of the events equal to the cart of the question", () => {
    const { steps } = play(SMALL, { faceValueOf: tenPercent });
    // In the order in which things happened, not in which they arrived; each once.
    const happened = [...new Map(steps.flatMap(eventOnce)).values()];
    happened.sort((a, b) => a.order - b.order);
    const carts = new Map<string, Map<string, number>>();
    let compared = 0;
    for (const { step } of happened) {
      const { anonymousId, userId } = step.kind === "event" ? step.event : step.request.subject!;
      if (userId !== "" && step.kind === "event" && kindName(step.event.kind) === "login")
        bringAlong(carts, anonymousId, userId);
      const seenAs = userId === "" ? anonymousId : userId;
      const cart = carts.get(seenAs) ?? new Map<string, number>();
      carts.set(seenAs, cart);
      if (step.kind === "event") follow(cart, step);
      else {
        const asked = new Map(step.request.cart!.lines.map((line) => [line.productId, Number(line.quantity)]));
        if (sameCart(cart, asked)) compared += 1;
      }
    }
    expect(compared).toBe(steps.filter((step) => step.kind === "decide").length);
  });
});

interface Happened {
  readonly order: number;
  readonly step: EventStep | DecideStep;
}

function eventOnce(step: Step, order: number): [id: string, happened: Happened][] {
  if (step.kind === "redeem" || step.kind === "delivery") return [];
  if (step.kind === "decide") return [[`decide-${order}`, { order: step.atMs + 0.5, step }]];
  if (step.flaw !== undefined) return [];
  const id = step.event.eventId === "" ? `none-${order}` : step.event.eventId;
  return [[id, { order: Number(step.event.occurredAtMs), step }]];
}

function bringAlong(carts: Map<string, Map<string, number>>, from: string, to: string): void {
  const cart = carts.get(to) ?? new Map<string, number>();
  for (const [productId, units] of carts.get(from) ?? []) cart.set(productId, (cart.get(productId) ?? 0) + units);
  carts.set(to, cart);
  carts.delete(from);
}

function follow(cart: Map<string, number>, step: Step): void {
  if (step.kind !== "event") return;
  const { product } = step.event;
  const kind = kindName(step.event.kind);
  if (kind === "purchase") cart.clear();
  if (product === undefined || (kind !== "cart_add" && kind !== "cart_remove")) return;
  const units = (cart.get(product.productId) ?? 0) + Number(product.quantity) * (kind === "cart_add" ? 1 : -1);
  if (units === 0) cart.delete(product.productId);
  else cart.set(product.productId, units);
}

function sameCart(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([productId, units]) => b.get(productId) === units);
}

describe("the truth", () => {
  const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((acc, item) => acc + of(item), 0);

  it("is what happens when nothing is offered", () => {
    const { shop } = play(SMALL);
    const { wants } = shop.truth();
    expect(wants.length).toBeGreaterThan(100);
    for (const want of wants) {
      expect([want.orders, want.marginMinor]).toEqual([want.ordersUntouched, want.marginUntouchedMinor]);
    }
  });

  it("foresees in one play what another play does", () => {
    const nothing = play(SMALL).shop.truth();
    const offered = play(SMALL, { faceValueOf: tenPercent }).shop.truth();
    expect(sum(offered.wants, (want) => want.ordersUntouched)).toBe(sum(nothing.wants, (want) => want.orders));
    expect(sum(offered.wants, (want) => want.marginUntouchedMinor)).toBe(
      sum(nothing.wants, (want) => want.marginMinor),
    );
    const first = nothing.decisions.filter((decision) => !decision.isReturn);
    const faces = new Map(offered.decisions.map((decision) => [decision.requestId, decision]));
    for (const decision of first) {
      const other = faces.get(decision.requestId)!;
      expect(decision.buysAt(other.offeredMinor)).toBe(other.buysAt(other.offeredMinor));
    }
  });

  it("has discounts win some orders, lose none, and cost margin on those that would have come anyway", () => {
    const { wants, decisions } = play(SMALL, { faceValueOf: tenPercent }).shop.truth();
    expect(wants.every((want) => want.orders >= want.ordersUntouched)).toBe(true);
    expect(sum(wants, (want) => want.orders)).toBeGreaterThan(sum(wants, (want) => want.ordersUntouched));
    for (const kind of ["sure_thing", "persuadable", "lost_cause", "bargain_waiter"] as const) {
      expect(decisions.some((decision) => decision.taste === kind)).toBe(true);
    }
    for (const decision of decisions) {
      let chance = 0;
      for (let face = 0; face <= decision.goodsMinor; face += 500) {
        expect(decision.chanceAt(face)).toBeGreaterThanOrEqual(chance);
        chance = decision.chanceAt(face);
      }
    }
  });

  it("lets whoever the code is refused to think again, without the offer", () => {
    const { shop } = play(SMALL, { faceValueOf: tenPercent, refusesCodes: true });
    const { wants } = shop.truth();
    expect(shop.tally().redeems).toBeGreaterThan(50);
    expect(sum(wants, (want) => want.orders)).toBe(sum(wants, (want) => want.ordersUntouched));
    expect(sum(wants, (want) => want.marginMinor)).toBe(sum(wants, (want) => want.marginUntouchedMinor));
  });

  it("agrees with the orders on the wire, to the cent", () => {
    const { shop, steps } = play({ ...SMALL, shoppers: 800 }, { faceValueOf: tenPercent });
    const costs = new Map(shop.products.map((product) => [product.productId, product.unitCost!.minor]));
    let margin = 0n;
    const seen = new Set<string>();
    for (const step of steps) {
      if (step.kind !== "event" || step.flaw !== undefined) continue;
      const { order, goodsReturn } = step.event;
      const once = order?.total === undefined ? `return-${goodsReturn?.orderId ?? ""}` : order.orderId;
      if ((order?.total === undefined && goodsReturn === undefined) || seen.has(once)) continue;
      seen.add(once);
      const cost = (order ?? goodsReturn)!.lines.reduce(
        (acc, line) => acc + costs.get(line.productId)! * line.quantity,
        0n,
      );
      margin += order === undefined ? cost - goodsReturn!.refund!.minor : order.total!.minor - cost;
    }
    expect(seen.size).toBeGreaterThan(300);
    expect(Number(margin)).toBe(sum(shop.truth().wants, (want) => want.marginMinor));
  });
});

describe("an assortment", () => {
  it("that is not named is the one that it always was, to the last byte", () => {
    const shop = play(SMALL, { faceValueOf: () => 100 });
    expect(digest(shop.steps)).toBe(
      digest(play({ ...SMALL, assortment: "general" }, { faceValueOf: () => 100 }).steps),
    );
    expect(digest(shop.steps)).toBe("ebd6242b5c4ef112a27b8b6319776ef38e22185fd07ce359311f0a8f7d1fe40b");
  });

  it("of groceries perishes within days, and is delivered anew at that moment", () => {
    const { shop, steps } = play({ ...SMALL, assortment: "grocery" });
    const until = new Map(shop.products.map(({ productId, perishableUntilMs }) => [productId, perishableUntilMs]));
    const delivered = steps.flatMap((step) => (step.kind === "delivery" ? [step] : []));
    expect(delivered.length).toBeGreaterThan(100);
    for (const { atMs, products } of delivered)
      for (const { productId, perishableUntilMs } of products) {
        expect(until.get(productId)).toBe(BigInt(atMs));
        expect(perishableUntilMs!).toBeGreaterThan(BigInt(atMs));
        until.set(productId, perishableUntilMs);
      }
    for (const at of until.values()) expect(at === undefined || at > BigInt(shop.endMs) - 1n).toBe(true);
  });

  it("of electronics has an outgoing generation that is worth nothing when the next comes, within the play", () => {
    const { products, endMs } = new Storefront({ ...SMALL, assortment: "electronics" });
    const outgoing = products.filter(({ category }) => category === "last-generation");
    expect(outgoing.length).toBeGreaterThan(5);
    expect(outgoing.every(({ perishableUntilMs }) => perishableUntilMs! < BigInt(endMs))).toBe(true);
    expect(products.filter(({ perishableUntilMs }) => perishableUntilMs !== undefined)).toEqual(outgoing);
  });

  it("of fashion says who is a partner's customer, how they pay and in which language, and who bought before", () => {
    const { steps } = play({ ...SMALL, assortment: "fashion" }, { faceValueOf: tenPercent });
    const asked = steps.flatMap((step) => (step.kind === "decide" ? [step.request] : []));
    expect(new Set(asked.flatMap(({ partnerSegments }) => partnerSegments))).toEqual(
      new Set(["bank-gold", "bank-classic"]),
    );
    expect(new Set(asked.map(({ cart }) => cart!.paymentMethod))).toEqual(new Set(["card", "sepa", "wallet"]));
    expect(new Set(asked.map(({ language }) => language))).toEqual(new Set(["en", "de"]));
    const redeemed = steps.flatMap((step) => (step.kind === "redeem" ? [step.request] : []));
    expect(redeemed.every(({ paymentMethod }) => paymentMethod !== "")).toBe(true);
    const before = steps.flatMap((step) =>
      step.kind === "event" && step.event.occurredAtMs < BigInt(START_MS) ? [step.event] : [],
    );
    expect(before.length).toBeGreaterThan(50);
    expect(before.every(({ kind, userId }) => kindName(kind) === "purchase" && userId !== "")).toBe(true);
  });
});

describe("the driver", () => {
  it("is told when it forgets to answer, or answers twice", () => {
    const shop = new Storefront(SMALL);
    let step = shop.next();
    while (step !== undefined && step.kind !== "decide") step = shop.next();
    expect(() => shop.next()).toThrow("no reply");
    step?.reply({ offer: undefined });
    expect(() => {
      step?.reply({ offer: undefined });
    }).toThrow("unexpected reply");
  });
});
