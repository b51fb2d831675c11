import { between, normal, weighted } from "../random/draws.js";
import type { Xoshiro128 } from "../random/xoshiro128.js";

/**
 * What moves a shopper at the checkout: `sure_thing` buys anyway, `persuadable` may be won by a discount, `lost_cause`
 * never buys, `bargain_waiter` goes away in the hope of one, and may come back and pay the full price.
 */
export type TasteKind = "sure_thing" | "persuadable" | "lost_cause" | "bargain_waiter";

/** A taste, in terms of the log-odds of buying. The system under test never sees it. */
export interface Taste {
  readonly kind: TasteKind;
  /** Log-odds of buying when nothing is offered. */
  readonly baseLogit: number;
  /** Log-odds that the deepest discount adds. Not negative: nobody is put off by a better price. */
  readonly sensitivity: number;
  /** Depth, as a share of the goods, at which 63 % of that is reached: small for those whom any token wins. */
  readonly depthScale: number;
  /** Chance of coming back within some days after going away with a full cart. */
  readonly returnChance: number;
  /** Log-odds that coming back adds. */
  readonly returnLogit: number;
}

const SHARES: readonly (readonly [TasteKind, number])[] = [
  ["sure_thing", 0.18],
  ["persuadable", 0.45],
  ["lost_cause", 0.2],
  ["bargain_waiter", 0.17],
];

/** A taste by chance. */
export function drawTaste(random: Xoshiro128): Taste {
  const kind = weighted(random, SHARES);
  const spread = normal(random);
  const depthScale = between(random, 0.03, 0.12);
  const leaves = { returnChance: 0, returnLogit: 0 };
  switch (kind) {
    case "sure_thing":
      return { kind, baseLogit: 2.2 + 0.3 * spread, sensitivity: 0.3, depthScale, ...leaves };
    case "persuadable":
      return { kind, baseLogit: -1.2 + 0.4 * spread, sensitivity: between(random, 1.2, 3.4), depthScale, ...leaves };
    case "lost_cause":
      return { kind, baseLogit: -4 + 0.3 * spread, sensitivity: 0.2, depthScale, ...leaves };
    case "bargain_waiter":
      return { kind, baseLogit: -1.8 + 0.3 * spread, sensitivity: 3, depthScale, returnChance: 0.7, returnLogit: 2.4 };
  }
}

/**
 * Chance of buying goods of that value at that face value: the logistic function of the base log-odds and a part of the
 * sensitivity that rises with depth and levels off. Never falls as the face value rises.
 *
 * @param isReturn the shopper went away from these goods before, and came back
 */
export function buyChance(taste: Taste, faceValueMinor: number, goodsMinor: number, isReturn: boolean): number {
  const depth = goodsMinor > 0 ? Math.max(0, faceValueMinor) / goodsMinor : 0;
  const gain = taste.sensitivity * (1 - Math.exp(-depth / taste.depthScale));
  return 1 / (1 + Math.exp(-(taste.baseLogit + gain + (isReturn ? taste.returnLogit : 0))));
}
