import type { Checkout } from "./checkout.js";
import type { TasteKind } from "./taste.js";

/** What the simulator knows of one Decide, and the system cannot: the potential outcomes. */
export interface DecisionTruth {
  readonly requestId: string;
  /** Index of the shopper. */
  readonly shopper: number;
  readonly taste: TasteKind;
  readonly atMs: number;
  /** The shopper went away from this cart before. */
  readonly isReturn: boolean;
  readonly goodsMinor: number;
  readonly costMinor: number;
  /** Face value of what was offered; 0: nothing. */
  readonly offeredMinor: number;
  /** Chance of buying at this checkout at that face value. */
  readonly chanceAt: (faceValueMinor: number) => number;
  /** What the shopper would do, or would have done, at this checkout at that face value. */
  readonly buysAt: (faceValueMinor: number) => boolean;
  /** Margin of this checkout's order at that face value, returns within the play taken off; 0 without an order. */
  readonly marginAt: (faceValueMinor: number) => number;
}

/**
 * One thing that a shopper wanted: the cart of a visit, and the coming back to it if they went away undecided. Wants are
 * independent of one another, so that the difference of the two outcomes is the whole true effect of what was offered,
 * pulled-forward orders included.
 */
export interface WantTruth {
  readonly shopper: number;
  /** Decides asked for it: one or two. */
  readonly requestIds: readonly string[];
  readonly openedAtMs: number;
  /** What happened: orders (0 or 1) and margin, minor units. */
  readonly orders: number;
  readonly marginMinor: number;
  /** What would have happened had nothing been offered. */
  readonly ordersUntouched: number;
  readonly marginUntouchedMinor: number;
}

/** What is true of the play so far. */
export interface Truth {
  readonly decisions: readonly DecisionTruth[];
  readonly wants: readonly WantTruth[];
}

/** A want while it is still open. */
export class Want implements WantTruth {
  readonly shopper: number;
  readonly openedAtMs: number;
  readonly requestIds: string[] = [];
  orders = 0;
  marginMinor = 0;
  ordersUntouched = 0;
  marginUntouchedMinor = 0;

  constructor(shopper: number, openedAtMs: number) {
    this.shopper = shopper;
    this.openedAtMs = openedAtMs;
  }

  /** @param untouched the checkouts that take place if nothing is offered, the second only if the first does not buy */
  foresee(untouched: readonly Checkout[]): void {
    const buying = untouched.find((checkout) => checkout.buysAt(0));
    this.ordersUntouched = buying === undefined ? 0 : 1;
    this.marginUntouchedMinor = buying?.marginAt(0) ?? 0;
  }
}
