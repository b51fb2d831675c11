import { wire } from "@leastwise/contracts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { RandomStreams, type Xoshiro128 } from "../random/xoshiro128.js";
import { oneOf } from "../random/draws.js";
import { assortmentOf, type Assortment, type AssortmentName } from "./assortment.js";
import { createCatalog, deliveryOf, shelfOf } from "./catalog.js";
import { CheckoutScene, type Standpoint } from "./checkout-scene.js";
import { Checkout, PURCHASE_AFTER_MS } from "./checkout.js";
import { eventProduct, ShopFloor, wireLine, type Tally } from "./shop-floor.js";
import { createShopper, personOf, type Person, type Shopper } from "./shopper.js";
import type { Step } from "./step.js";
import { Want, type Truth } from "./truth.js";
import { visitOf, type Visit } from "./visit.js";
import { planVisit, type PlannedAct } from "./visit-plan.js";
import { nextVisitMs } from "./visit-times.js";

const { EventKind } = wire;
const USD = "USD" as CurrencyCode;

export interface StorefrontOptions {
  /** The same seed gives the same play, as long as the answers are the same. */
  readonly seed: string;
  /** 1 and up. Absent: 2 000. */
  readonly shoppers?: number;
  /** Length of the play. Absent: 14. */
  readonly days?: number;
  /** When it begins, by its own clock. */
  readonly startMs: Millis;
  /** Absent: USD. */
  readonly currency?: CurrencyCode;
  /** What the shop sells, and to whom. Absent: `general`. */
  readonly assortment?: AssortmentName;
}

/** Silence between two visits of a shopper at least, so that they do not run into one another. */
const VISITS_APART_MS = 2 * HOUR_MS;
/** From coming back to a cart to the checkout. */
const CHECKOUT_AFTER_COMING_BACK_MS = 2 * MINUTE_MS;

/**
 * A shop with simulated shoppers, driven from outside: `next()` says what happens, the driver does it and tells the
 * answer. No clock, no socket, no chance but the seed's. Shoppers browse, abandon, log in, ask Decide at the checkout,
 * and buy by tastes that stay inside; `truth()` says what they would have done otherwise.
 */
export class Storefront {
  /** The shop's goods, for the catalog. */
  readonly products: readonly wire.Product[];
  /** What the shop knows of its shoppers before the play. */
  readonly people: readonly Person[];
  readonly startMs: Millis;
  /** Nothing happens after it. */
  readonly endMs: Millis;
  readonly #floor: ShopFloor;
  readonly #scene: CheckoutScene;
  readonly #wants: Want[] = [];

  constructor(options: StorefrontOptions) {
    const { seed, shoppers = 2_000, days = 14, startMs, currency = USD } = options;
    const assortment = assortmentOf(options.assortment ?? "general");
    if (!(shoppers >= 1 && days > 0)) throw new RangeError("a play needs a shopper and some time");
    const streams = new RandomStreams(seed);
    this.startMs = startMs;
    this.endMs = (startMs + Math.floor(days * DAY_MS)) as Millis;
    this.#floor = new ShopFloor(streams, currency, this.endMs);
    this.#scene = new CheckoutScene(this.#floor, (standpoint) => {
      this.#leave(standpoint);
    });
    this.products = createCatalog(streams, startMs, currency, assortment);
    this.products.forEach((product, index) => {
      this.#planDelivery(product, index, assortment);
    });
    const people: Person[] = [];
    for (let index = 0; index < shoppers; index += 1) {
      const shopper = createShopper(streams, index, assortment.clientele);
      const person = personOf(streams, shopper, startMs);
      if (person !== undefined) people.push(person);
      this.#recallOrder(shopper);
      this.#planNextVisit(shopper, streams.stream(`visits/${index}`), startMs, 0);
    }
    this.people = people;
  }

  /** What happens next, in order of time; undefined when the play is over. The step before must have been answered. */
  next(): Step | undefined {
    return this.#floor.next();
  }

  /** What was sent so far. */
  tally(): Tally {
    return this.#floor.tally();
  }

  /** What the system under test cannot know. */
  truth(): Truth {
    return { decisions: this.#scene.decisions, wants: this.#wants };
  }

  #planDelivery(product: wire.Product, index: number, assortment: Assortment): void {
    const random = this.#floor.streams.stream(`delivery/${product.productId}/${product.perishableUntilMs ?? 0n}`);
    const delivered = deliveryOf(random, product, shelfOf(assortment, index), assortment);
    if (delivered === undefined) return;
    this.#floor.at(Number(product.perishableUntilMs), (atMs) => {
      this.#floor.deliver(atMs, [delivered]);
      this.#planDelivery(delivered, index, assortment);
    });
  }

  /** An order of before the play is told when it begins. */
  #recallOrder({ index, userId, channel, device, place, custom }: Shopper): void {
    if (custom.boughtDaysAgo === undefined) return;
    const boughtMs = this.startMs - custom.boughtDaysAgo * DAY_MS;
    const name = this.#floor.streams.hex(`recalled/${index}`);
    const product = oneOf(this.#floor.streams.stream(`recalled/${index}`), this.products);
    const order = { orderId: `order-${name}`, lines: [wireLine({ product, units: 1 })], total: product.price };
    const event = wire.Event.fromPartial({
      ...{ eventId: `e-${name}`, kind: EventKind.EVENT_KIND_PURCHASE, occurredAtMs: BigInt(boughtMs) },
      ...{ userId, channel, device, place, order },
    });
    this.#floor.at(this.startMs, (atMs) => {
      this.#floor.recall(atMs, event);
    });
  }

  #planNextVisit(shopper: Shopper, times: Xoshiro128, afterMs: number, count: number): void {
    const nextMs = nextVisitMs(times, afterMs, shopper.visitsPerDay);
    if (nextMs > this.#lastVisitMs) return;
    this.#floor.at(nextMs, (atMs) => {
      this.#planNextVisit(shopper, times, atMs + VISITS_APART_MS, count + 1);
      this.#begin(shopper, `${shopper.index}/${count}`, atMs);
    });
  }

  /** Visits that begin later might not come to their end within the play. */
  get #lastVisitMs(): number {
    return this.endMs - VISITS_APART_MS;
  }

  #begin(shopper: Shopper, name: string, atMs: number): void {
    const plan = planVisit(this.#floor.streams.stream(`visit/${name}`), this.products);
    const visit = visitOf(shopper, plan, name);
    if (plan.cart.length > 0) this.#floor.replaceCart(visit, name, atMs);
    for (const act of plan.acts) {
      this.#floor.at(atMs + act.afterMs, (nowMs) => {
        this.#floor.send(visit, nowMs, partsOf(act, shopper));
      });
    }
    if (plan.checkoutAfterMs === undefined) return;
    this.#floor.at(atMs + plan.checkoutAfterMs, (nowMs) => {
      this.#reachCheckout(visit, nowMs);
    });
  }

  /** Comes back to the cart that the visit left, puts it together again if it is gone, and goes to the checkout. */
  #comeBack(left: Visit, want: Want, atMs: number): void {
    const { shopper, plan } = left;
    const visit = visitOf(shopper, plan, nameOfComingBack(left), want);
    this.#floor.send(visit, atMs, { kind: EventKind.EVENT_KIND_PAGE_VIEW });
    if (this.#floor.cartFilledBy(visit) !== left.name) {
      this.#floor.replaceCart(visit, left.name, atMs);
      for (const line of plan.cart) this.#floor.send(visit, atMs, partsOf({ afterMs: 0, act: "add", line }, shopper));
    }
    this.#floor.at(atMs + CHECKOUT_AFTER_COMING_BACK_MS, (nowMs) => {
      this.#reachCheckout(visit, nowMs);
    });
  }

  #reachCheckout(visit: Visit, atMs: number): void {
    const { plan } = visit;
    if (plan.logsIn) this.#floor.logIn(visit, atMs);
    const lines = plan.cart.map((line) => wireLine(line));
    this.#floor.send(visit, atMs, {
      kind: EventKind.EVENT_KIND_CHECKOUT_START,
      order: { orderId: "", lines, total: undefined, discount: undefined, codes: [] },
    });
    const checkout = this.#checkoutOf(visit, atMs);
    const want = visit.cameBackFor ?? this.#openWant(visit, checkout, atMs);
    this.#scene.begin({ visit, checkout, want, atMs });
  }

  #checkoutOf({ shopper, plan, name, cameBackFor }: Visit, atMs: number): Checkout {
    const line = plan.returnedLine;
    const isBackInTime = atMs + PURCHASE_AFTER_MS + plan.returnedAfterMs <= this.endMs;
    const goodsReturn = line !== undefined && isBackInTime ? { line, afterMs: plan.returnedAfterMs } : undefined;
    const unit = this.#floor.streams.unit(`buy/${name}`);
    const isReturn = cameBackFor !== undefined;
    return new Checkout(plan.cart, this.#floor.currency, { taste: shopper.taste, isReturn, unit }, goodsReturn);
  }

  /** Opens a want, looking ahead to what becomes of it if nothing is offered. */
  #openWant(visit: Visit, checkout: Checkout, atMs: number): Want {
    const want = new Want(visit.shopper.index, atMs);
    const backMs = this.#comesBackMs(visit, atMs);
    const later = visitOf(visit.shopper, visit.plan, nameOfComingBack(visit), want);
    const back = backMs === undefined ? [] : [this.#checkoutOf(later, backMs + CHECKOUT_AFTER_COMING_BACK_MS)];
    want.foresee([checkout, ...back]);
    this.#wants.push(want);
    return want;
  }

  #leave({ visit, want, atMs }: Standpoint): void {
    const backMs = this.#comesBackMs(visit, atMs);
    if (backMs === undefined) return;
    this.#floor.at(backMs, (nowMs) => {
      this.#comeBack(visit, want, nowMs);
    });
  }

  /** When a visitor who goes away at that time comes back; undefined if they do not, or not within the play. */
  #comesBackMs({ shopper, plan, cameBackFor }: Visit, atMs: number): number | undefined {
    if (cameBackFor !== undefined || plan.comesBackUnit >= shopper.taste.returnChance) return undefined;
    const backMs = atMs + plan.comesBackAfterMs;
    return backMs > this.#lastVisitMs ? undefined : backMs;
  }
}

function nameOfComingBack(visit: Visit): string {
  return `${visit.name}/back`;
}

function partsOf(act: PlannedAct, shopper: Shopper): Partial<wire.Event> & { readonly kind: wire.EventKind } {
  switch (act.act) {
    case "page":
      return { kind: EventKind.EVENT_KIND_PAGE_VIEW };
    case "search":
      return { kind: EventKind.EVENT_KIND_SEARCH };
    case "engage": {
      const content = { contentId: `guide-${shopper.index % 12}`, contentKind: "guide" };
      return { kind: EventKind.EVENT_KIND_CONTENT_ENGAGEMENT, content };
    }
    case "view":
      return { kind: EventKind.EVENT_KIND_PRODUCT_VIEW, product: eventProduct(act.product, 1) };
    case "add":
      return { kind: EventKind.EVENT_KIND_CART_ADD, product: eventProduct(act.line.product, act.line.units) };
    case "remove":
      return { kind: EventKind.EVENT_KIND_CART_REMOVE, product: eventProduct(act.product, 1) };
  }
}
