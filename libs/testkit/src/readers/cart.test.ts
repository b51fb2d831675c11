import { wire } from "@leastwise/contracts";
import { describe, expect, it } from "@jest/globals";
import { CartTracker, type CartQuestion } from "./cart.js";
import { eventOf, lineOf, orderOf, productOf, UNKNOWN_PRODUCT_ID } from "./source-event.js";

const { EventKind } = wire;
const START_MS = Date.UTC(2024, 0, 1);
const usd = (minor: number): wire.Money => ({ minor: BigInt(minor), currency: "USD" });

let ids = 0;
function event(kind: wire.EventKind, given: Partial<wire.Event>): wire.Event {
  ids += 1;
  return eventOf(kind, START_MS + ids * 1_000, { eventId: `e${ids}`, userId: "ann", ...given });
}
const add = (productId: string, minor?: number, quantity = 1n, more: Partial<wire.Event> = {}) =>
  event(EventKind.EVENT_KIND_CART_ADD, {
    product: productOf(productId, minor === undefined ? undefined : usd(minor), { quantity }),
    ...more,
  });
const remove = (productId: string) =>
  event(EventKind.EVENT_KIND_CART_REMOVE, { product: productOf(productId, undefined) });
const purchase = (lines: wire.Line[]) => event(EventKind.EVENT_KIND_PURCHASE, { order: orderOf(`o${ids}`, lines) });
const cartOf = (question: CartQuestion | undefined) =>
  question?.request.cart?.lines.map((line) => [line.productId, Number(line.quantity), Number(line.unitPrice?.minor)]);

describe("CartTracker", () => {
  it("asks after each add with what is in the cart, adds and removes summed", () => {
    const carts = new CartTracker("cart");
    const first = carts.see(add("a", 500, 2n));
    expect([first?.when, cartOf(first)]).toEqual(["after_event", [["a", 2, 500]]]);
    expect(carts.see(remove("a"))).toBeUndefined();
    expect(cartOf(carts.see(add("b", 300)))).toEqual([
      ["a", 1, 500],
      ["b", 1, 300],
    ]);
    expect(carts.asked).toBe(2);
  });

  it("starts anew after a purchase", () => {
    const carts = new CartTracker("cart");
    carts.see(add("a", 500));
    expect(carts.see(purchase([lineOf("a", 1, usd(500))]))).toBeUndefined();
    expect(cartOf(carts.see(add("b", 300)))).toEqual([["b", 1, 300]]);
  });

  it("takes the price that the stream told of the product, and leaves out and counts a line without one", () => {
    const carts = new CartTracker("cart");
    carts.see(event(EventKind.EVENT_KIND_PRODUCT_VIEW, { userId: "bob", product: productOf("a", usd(700)) }));
    carts.see(event(EventKind.EVENT_KIND_PRODUCT_VIEW, { product: productOf(UNKNOWN_PRODUCT_ID, usd(100)) }));
    expect(carts.see(add(UNKNOWN_PRODUCT_ID))).toBeUndefined();
    expect(cartOf(carts.see(add("a")))).toEqual([["a", 1, 700]]);
    expect([...carts.skipped]).toEqual([["without_price", 1]]);
    expect(carts.linesWithoutPrice).toBe(1);
  });

  it("lets the lines of a checkout outrank what was added up", () => {
    const carts = new CartTracker("cart");
    carts.see(add("a", 500));
    const order = orderOf("", [lineOf("b", 2, usd(50))]);
    expect(cartOf(carts.see(event(EventKind.EVENT_KIND_CHECKOUT_START, { order })))).toEqual([["b", 2, 50]]);
    expect(cartOf(carts.see(event(EventKind.EVENT_KIND_CHECKOUT_START, {})))).toEqual([["b", 2, 50]]);
  });

  it("asks before an order, with its own lines, where a file holds purchases alone", () => {
    const carts = new CartTracker("order");
    const question = carts.see(purchase([lineOf("a", 3, usd(199))]));
    expect([question?.when, cartOf(question)]).toEqual(["before_event", [["a", 3, 199]]]);
    expect(
      carts.see(event(EventKind.EVENT_KIND_PURCHASE, { order: orderOf("o", [], { total: usd(0) }) })),
    ).toBeUndefined();
    expect([...carts.skipped]).toEqual([["cart_unknown", 1]]);
  });

  it("is moved neither by a repeat nor by an event that breaks its contract", () => {
    const carts = new CartTracker("cart");
    const once = add("a", 500);
    carts.see(once);
    expect(carts.see(once)).toBeUndefined();
    expect(carts.see(add("a", -1))).toBeUndefined();
    expect(cartOf(carts.see(add("b", 300)))?.[0]).toEqual(["a", 1, 500]);
  });

  it("brings an anonymous cart along when the visitor is known, and asks in no mixture of currencies", () => {
    const carts = new CartTracker("cart");
    carts.see(add("a", 500, 1n, { userId: "", anonymousId: "device" }));
    carts.see(event(EventKind.EVENT_KIND_LOGIN, { anonymousId: "device" }));
    const yen = productOf("y", { minor: 90n, currency: "JPY" });
    expect(carts.see(event(EventKind.EVENT_KIND_CART_ADD, { product: yen }))).toBeUndefined();
    expect([...carts.skipped]).toEqual([["mixed_currencies", 1]]);
    carts.see(remove("y"));
    expect(cartOf(carts.see(add("b", 1)))).toEqual([
      ["a", 1, 500],
      ["b", 1, 1],
    ]);
  });
});
