import { wire } from "@leastwise/contracts";
import { PURCHASE_AFTER_MS, REDEEM_AFTER_MS, type Checkout } from "./checkout.js";
import { wireLine, type ShopFloor } from "./shop-floor.js";
import type { DecideAnswer, RedeemAnswer } from "./step.js";
import type { DecisionTruth, Want } from "./truth.js";
import type { Visit } from "./visit.js";

const { EventKind } = wire;

/** Who stands at the checkout, with what, and what for. */
export interface Standpoint {
  readonly visit: Visit;
  readonly checkout: Checkout;
  readonly want: Want;
  /** When Decide is asked. */
  readonly atMs: number;
}

/** A code that was taken. */
interface Used {
  readonly code: string;
  readonly answer: Exclude<RedeemAnswer, undefined>;
}

/** From the question to the order, or to the going away; and to the goods that come back. */
export class CheckoutScene {
  readonly #floor: ShopFloor;
  readonly #onLeave: (standpoint: Standpoint) => void;
  readonly #decisions: DecisionTruth[] = [];

  /** @param onLeave what happens when the shopper goes away without an order */
  constructor(floor: ShopFloor, onLeave: (standpoint: Standpoint) => void) {
    this.#floor = floor;
    this.#onLeave = onLeave;
  }

  get decisions(): readonly DecisionTruth[] {
    return this.#decisions;
  }

  /** Asks Decide; the rest follows from its answer. */
  begin(standpoint: Standpoint): void {
    const { visit, checkout, want, atMs } = standpoint;
    const { channel, device, place, custom } = visit.shopper;
    const { paymentMethod, language, partnerSegments } = custom;
    const requestId = `checkout-${this.#floor.streams.hex(`request/${visit.name}`)}`;
    want.requestIds.push(requestId);
    const request = wire.DecideRequest.create({
      requestId,
      caller: "storefront",
      subject: this.#floor.idsOf(visit),
      sessionId: visit.sessionId,
      cart: { lines: linesOf(checkout), ...this.#shippingOf(checkout), paymentMethod },
      channel,
      device,
      place,
      language,
      partnerSegments: [...partnerSegments],
    });
    this.#floor.askDecide(atMs, request, (answer) => {
      this.#makeUpMind(standpoint, requestId, answer);
    });
  }

  #makeUpMind(standpoint: Standpoint, requestId: string, { offer }: DecideAnswer): void {
    const { checkout } = standpoint;
    const offeredMinor = Number(offer?.faceValue?.minor ?? 0n);
    const buys = checkout.buysAt(offeredMinor);
    this.#remember(standpoint, requestId, offeredMinor);
    if (!buys) this.#onLeave(standpoint);
    else if (offer === undefined || offer.code === "") this.#buy(standpoint, undefined);
    else this.#redeem(standpoint, offer.code);
  }

  #remember({ visit, checkout, atMs }: Standpoint, requestId: string, offeredMinor: number): void {
    this.#decisions.push({
      requestId,
      shopper: visit.shopper.index,
      taste: visit.shopper.taste.kind,
      atMs,
      isReturn: visit.cameBackFor !== undefined,
      goodsMinor: checkout.goodsMinor,
      costMinor: checkout.costMinor,
      offeredMinor,
      chanceAt: (faceValueMinor) => checkout.chanceAt(faceValueMinor),
      buysAt: (faceValueMinor) => checkout.buysAt(faceValueMinor),
      marginAt: (faceValueMinor) => checkout.marginAt(faceValueMinor),
    });
  }

  #redeem(standpoint: Standpoint, code: string): void {
    const { visit, checkout } = standpoint;
    this.#floor.at(standpoint.atMs + REDEEM_AFTER_MS, (atMs) => {
      const orderId = this.#orderIdOf(visit);
      const request = wire.RedeemRequest.create({
        code,
        subject: this.#floor.idsOf(visit),
        orderId,
        lines: linesOf(checkout),
        ...this.#shippingOf(checkout),
        idempotencyKey: `redeem-${orderId}`,
        paymentMethod: visit.shopper.custom.paymentMethod,
      });
      this.#floor.askRedeem(atMs, request, (answer) => {
        if (answer !== undefined) this.#buy(standpoint, { code, answer });
        else if (checkout.buysAt(0)) this.#buy(standpoint, undefined);
        else this.#onLeave(standpoint);
      });
    });
  }

  #buy(standpoint: Standpoint, used: Used | undefined): void {
    const { visit, checkout, want } = standpoint;
    const shares = checkout.lines.map((_, index) => shareOf(used?.answer, index));
    this.#floor.at(standpoint.atMs + PURCHASE_AFTER_MS, (atMs) => {
      want.orders = 1;
      want.marginMinor = checkout.margin(Number(used?.answer.discount?.minor ?? 0n), shares);
      const order = this.#orderOf(visit, checkout, shares, used?.code);
      this.#floor.send(visit, atMs, { kind: EventKind.EVENT_KIND_PURCHASE, order });
      this.#floor.clearCart(visit);
      this.#sendBack(standpoint, order, atMs);
    });
  }

  #orderOf(visit: Visit, checkout: Checkout, shares: readonly number[], code: string | undefined): wire.Order {
    const paidMinor = checkout.goodsMinor - shares.reduce((sum, share) => sum + share, 0);
    return {
      orderId: this.#orderIdOf(visit),
      lines: checkout.lines.map((line, index) => {
        const share = shares[index] ?? 0;
        return wireLine(line, share === 0 ? undefined : this.#floor.money(share));
      }),
      total: this.#floor.money(paidMinor),
      discount: undefined,
      codes: code === undefined ? [] : [code],
    };
  }

  #sendBack({ visit, checkout }: Standpoint, order: wire.Order, boughtMs: number): void {
    const { goodsReturn } = checkout;
    const line = goodsReturn === undefined ? undefined : order.lines[goodsReturn.line];
    if (goodsReturn === undefined || line === undefined) return;
    const refundMinor = Number((line.unitPrice?.minor ?? 0n) * line.quantity - (line.discount?.minor ?? 0n));
    const later: Visit = { ...visit, sessionId: "", name: `${visit.name}/return`, events: 0 };
    this.#floor.at(boughtMs + goodsReturn.afterMs, (atMs) => {
      this.#floor.send(later, atMs, {
        kind: EventKind.EVENT_KIND_RETURN,
        goodsReturn: { orderId: order.orderId, lines: [line], refund: this.#floor.money(refundMinor) },
      });
    });
  }

  #orderIdOf(visit: Visit): string {
    return `order-${this.#floor.streams.hex(`order/${visit.name}`)}`;
  }

  #shippingOf({ shippingMinor }: Checkout): { shipping?: wire.Money } {
    return shippingMinor === 0 ? {} : { shipping: this.#floor.money(shippingMinor) };
  }
}

function linesOf(checkout: Checkout): wire.Line[] {
  return checkout.lines.map((line) => wireLine(line));
}

function shareOf(answer: RedeemAnswer, line: number): number {
  return Number(answer?.shares.find((share) => share.line === line)?.discount?.minor ?? 0n);
}
