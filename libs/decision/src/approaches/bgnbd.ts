import { DAY_MS } from "@leastwise/vocabulary";

/**
 * Parameters of the BG/NBD model, in weeks: how often shoppers order, by a gamma distribution over shoppers (shape `r`, rate `alpha`), and with which
 * chance each is gone for good after an order, by a beta distribution (`a`, `b`). All positive.
 */
export interface BgNbd {
  readonly r: number;
  readonly alpha: number;
  readonly a: number;
  readonly b: number;
}

/**
 * What is assumed until a model brings its own: the estimates of Fader, Hardie and Lee (2005) for CDNOW, a shop for music in 1997: 2,357 customers over
 * 39 weeks.
 */
export const BGNBD_PRIOR: BgNbd = { r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 };

/** A shopper's own orders, as the model sees them. */
export interface Orders {
  /** Days with an order after the first: orders of one day are one. */
  readonly repeats: number;
  /** From the first order to the newest, ms. */
  readonly recencyMs: number;
  /** From the first order until now, ms, at least `recencyMs`. */
  readonly ageMs: number;
}

/** A shopper's orders by the features that tell of them. Clocks of events may cross: the newest order is never before the first. */
export function ordersOf(purchaseDays: number, sinceFirstPurchaseMs: number, sincePurchaseMs: number): Orders {
  return {
    repeats: purchaseDays - 1,
    recencyMs: Math.max(0, sinceFirstPurchaseMs - sincePurchaseMs),
    ageMs: sinceFirstPurchaseMs,
  };
}

const WEEK_MS = 7 * DAY_MS;

/**
 * Chance that a shopper will order again at some time, 0 to 1 (Fader, Hardie and Lee 2005, "Counting your customers the easy way", Marketing Science 24;
 * P(alive) in their note of 2008). Who has ordered once is alive by this model, as nobody leaves before the first repeat.
 */
export function aliveProbability({ r, alpha, a, b }: BgNbd, { repeats, recencyMs, ageMs }: Orders): number {
  if (repeats <= 0) return 1;
  const silence = (alpha + ageMs / WEEK_MS) / (alpha + recencyMs / WEEK_MS);
  // Infinite for who ordered often and is silent for years: then nothing is left of the chance.
  return 1 / (1 + (a / (b + repeats - 1)) * silence ** (r + repeats));
}
