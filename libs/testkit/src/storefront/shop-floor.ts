import { kindName, type KindName, wire } from "@leastwise/contracts";
import type { CurrencyCode, Millis } from "@leastwise/vocabulary";
import type { RandomStreams } from "../random/xoshiro128.js";
import { Agenda } from "./agenda.js";
import { arrivals, type Arrival } from "./network.js";
import { anonymousIdOf, type Shopper } from "./shopper.js";
import type { DecideStep, RedeemStep, Step } from "./step.js";
import type { Visit } from "./visit.js";
import type { PlannedLine } from "./visit-plan.js";

/** What was sent so far. */
export interface Tally {
  /** Arrivals by kind, repeats included, broken copies not. */
  readonly byKind: ReadonlyMap<KindName, number>;
  /** Arrivals by what the way did to them. */
  readonly byFate: ReadonlyMap<Arrival["fate"], number>;
  readonly decides: number;
  readonly redeems: number;
}

/** A cart that stays from visit to visit. */
interface KeptCart {
  readonly lines: readonly PlannedLine[];
  /** Name of the visit that filled it. */
  readonly filledBy: string;
}

/** What the shop has of a shopper from visit to visit. */
interface Standing {
  /** Carts by the id under which the shopper is seen: the user's, or the browser's where they are not logged in. */
  readonly carts: Map<string, KeptCart>;
  /** Devices on which the shopper is logged in. */
  readonly loggedIn: Set<number>;
}

/** Something that happens when its time has come. */
export type Happening = (atMs: number) => void;

/** A question without its reply function, which the floor makes. */
type Question = Omit<DecideStep, "reply"> | Omit<RedeemStep, "reply">;

/**
 * Where a play takes place: its time, what is still to come, what the driver is to do next, and the shoppers' standing.
 * All that leaves it is a {@link Step}.
 */
export class ShopFloor {
  readonly streams: RandomStreams;
  readonly currency: CurrencyCode;
  /** Nothing happens after it. */
  readonly endMs: Millis;
  readonly #agenda = new Agenda<Happening>();
  readonly #ready: Step[] = [];
  readonly #standing = new Map<number, Standing>();
  readonly #byKind = new Map<KindName, number>();
  readonly #byFate = new Map<Arrival["fate"], number>();
  readonly #asked = { decide: 0, redeem: 0 };
  #awaits: Step | undefined;

  constructor(streams: RandomStreams, currency: CurrencyCode, endMs: Millis) {
    this.streams = streams;
    this.currency = currency;
    this.endMs = endMs;
  }

  /** Lets something happen at a time; after the end it does not. */
  at(atMs: number, happening: Happening): void {
    if (atMs <= this.endMs) this.#agenda.put(atMs, happening);
  }

  /** What the driver does next; undefined when the play is over. A question must be answered before. */
  next(): Step | undefined {
    if (this.#awaits !== undefined) throw new Error(`no reply to the ${this.#awaits.kind} at ${this.#awaits.atMs}`);
    for (;;) {
      const step = this.#ready.shift();
      if (step !== undefined) {
        if (step.kind === "decide" || step.kind === "redeem") this.#awaits = step;
        return step;
      }
      const due = this.#agenda.take();
      if (due === undefined) return undefined;
      due.item(due.atMs);
    }
  }

  tally(): Tally {
    const { decide, redeem } = this.#asked;
    return { byKind: new Map(this.#byKind), byFate: new Map(this.#byFate), decides: decide, redeems: redeem };
  }

  /** Puts goods that were delivered into the catalog. */
  deliver(atMs: number, products: readonly wire.Product[]): void {
    this.#ready.push({ kind: "delivery", atMs: atMs as Millis, products });
  }

  /** Tells of an order of before the play, as a shop that begins with Leastwise does: on time by its own system. */
  recall(atMs: number, event: wire.Event): void {
    this.#arrive({ event, afterMs: 0, fate: "on_time", flaw: undefined }, atMs);
  }

  /** Asks Decide. */
  askDecide(atMs: number, request: wire.DecideRequest, then: DecideStep["reply"]): void {
    this.#asked.decide += 1;
    const step: DecideStep = {
      kind: "decide",
      atMs: atMs as Millis,
      request,
      reply: (answer) => {
        this.#take(step);
        then(answer);
      },
    };
    this.#ready.push(step);
  }

  /** Asks Redeem. */
  askRedeem(atMs: number, request: wire.RedeemRequest, then: RedeemStep["reply"]): void {
    this.#asked.redeem += 1;
    const step: RedeemStep = {
      kind: "redeem",
      atMs: atMs as Millis,
      request,
      reply: (answer) => {
        this.#take(step);
        then(answer);
      },
    };
    this.#ready.push(step);
  }

  #take(step: Question): void {
    if (this.#awaits !== step) throw new Error(`an unexpected reply to the ${step.kind} at ${step.atMs}`);
    this.#awaits = undefined;
  }

  /** Sends what a visitor does on its way: it may arrive twice, late, without its id, or with a broken copy. */
  send(visit: Visit, atMs: number, parts: Partial<wire.Event> & { readonly kind: wire.EventKind }): void {
    const { channel, device, place } = visit.shopper;
    visit.events += 1;
    const event: wire.Event = {
      eventId: `e-${this.streams.hex(`event/${visit.name}/${visit.events}`)}`,
      occurredAtMs: BigInt(atMs),
      ...this.idsOf(visit),
      sessionId: visit.sessionId,
      channel,
      device,
      place,
      product: undefined,
      order: undefined,
      goodsReturn: undefined,
      content: undefined,
      ...parts,
    };
    for (const arrival of arrivals(this.streams, event)) {
      const arriveMs = Math.min(atMs + arrival.afterMs, this.endMs);
      if (arrival.afterMs === 0) this.#arrive(arrival, atMs);
      else
        this.at(arriveMs, (nowMs) => {
          this.#arrive(arrival, nowMs);
        });
    }
  }

  #arrive({ event, fate, flaw }: Arrival, atMs: number): void {
    const kind = kindName(event.kind);
    if (flaw === undefined && kind !== undefined) this.#byKind.set(kind, (this.#byKind.get(kind) ?? 0) + 1);
    this.#byFate.set(fate, (this.#byFate.get(fate) ?? 0) + 1);
    this.#ready.push({ kind: "event", atMs: atMs as Millis, event, flaw });
  }

  /** Name of the visit that filled the visitor's cart; undefined: it is empty. */
  cartFilledBy(visit: Visit): string | undefined {
    return this.#standingOf(visit.shopper).carts.get(this.#seenAs(visit))?.filledBy;
  }

  /** Takes out what an earlier visit left in the cart, and notes that it is now being filled by another. */
  replaceCart(visit: Visit, filledBy: string, atMs: number): void {
    const { carts } = this.#standingOf(visit.shopper);
    for (const line of carts.get(this.#seenAs(visit))?.lines ?? []) this.#takeOut(visit, line, atMs);
    carts.set(this.#seenAs(visit), { lines: visit.plan.cart, filledBy });
  }

  /** An order took what was in the visitor's cart. */
  clearCart(visit: Visit): void {
    this.#standingOf(visit.shopper).carts.delete(this.#seenAs(visit));
  }

  /** The visitor logs in, if they are a user and have not yet. The browser's cart takes the place of the user's. */
  logIn(visit: Visit, atMs: number): void {
    const { shopper, plan } = visit;
    const { carts, loggedIn } = this.#standingOf(shopper);
    if (shopper.identity === "anonymous" || loggedIn.has(plan.device)) return;
    const browser = this.#seenAs(visit);
    const brought = carts.get(browser);
    loggedIn.add(plan.device);
    this.send(visit, atMs, { kind: wire.EventKind.EVENT_KIND_LOGIN });
    for (const line of carts.get(shopper.userId)?.lines ?? []) this.#takeOut(visit, line, atMs);
    carts.delete(browser);
    if (brought === undefined) carts.delete(shopper.userId);
    else carts.set(shopper.userId, brought);
  }

  #takeOut(visit: Visit, { product, units }: PlannedLine, atMs: number): void {
    this.send(visit, atMs, { kind: wire.EventKind.EVENT_KIND_CART_REMOVE, product: eventProduct(product, units) });
  }

  #standingOf(shopper: Shopper): Standing {
    let standing = this.#standing.get(shopper.index);
    if (standing === undefined) {
      standing = { carts: new Map(), loggedIn: new Set(shopper.identity === "known" ? [0] : []) };
      this.#standing.set(shopper.index, standing);
    }
    return standing;
  }

  #seenAs(visit: Visit): string {
    const { userId, anonymousId } = this.idsOf(visit);
    return userId === "" ? anonymousId : userId;
  }

  /** The ids under which a visitor is seen now: the browser's always, the shopper's own once logged in there. */
  idsOf({ shopper, plan }: Visit): wire.SubjectRef {
    const isLoggedIn = this.#standingOf(shopper).loggedIn.has(plan.device);
    return {
      anonymousId: anonymousIdOf(this.streams, shopper, plan.device),
      userId: isLoggedIn ? shopper.userId : "",
    };
  }

  money(minor: number): wire.Money {
    return { minor: BigInt(minor), currency: this.currency };
  }
}

/** A line as it stands on the wire. */
export function wireLine({ product, units }: PlannedLine, discount?: wire.Money): wire.Line {
  return { productId: product.productId, quantity: BigInt(units), unitPrice: product.price, discount };
}

/** A product as it stands in an event. */
export function eventProduct({ productId, category, brand, price }: wire.Product, units: number): wire.EventProduct {
  return { productId, category, brand, unitPrice: price, quantity: BigInt(units) };
}
