import { aliveProbability, type BgNbd, type Orders } from "../approaches/bgnbd.js";

const WEEK_MS = 7 * 86_400_000;
/** Terms of the series at the most: it converges long before, but where a shopper is looked at for thousands of times as long as they are known. */
const TERMS_MAX = 10_000;
/** How near to where the formula divides by zero it is reckoned: its limit there is reached to within less than it is told by. */
const SINGULAR = 1e-7;

/**
 * How many days with an order a shopper is expected to have within some time from now, who was last seen to order as `orders` say (Fader, Hardie and Lee
 * 2005, equation 10). Euler's transformation of the hypergeometric function is summed, whose terms fall from the beginning, for whatever number of orders.
 *
 * It is never more than who does not leave would order, which is what it is held to where numbers of such parameters cannot say.
 *
 * @param aheadMs how far ahead, ms, not negative
 */
export function expectedOrders(process: BgNbd, orders: Orders, aheadMs: number): number {
  const { r, alpha } = process;
  const a = Math.abs(process.a - 1) < SINGULAR ? 1 + SINGULAR : process.a;
  const repeats = Math.max(0, orders.repeats);
  // Of who has ordered once it divides by a + b − 1 as well.
  const b = Math.abs(a + process.b + repeats - 1) < SINGULAR ? process.b + 2 * SINGULAR : process.b;
  const known = alpha + orders.ageMs / WEEK_MS;
  const ahead = aheadMs / WEEK_MS;
  const z = ahead / (known + ahead);
  const c = a + b + repeats - 1;
  const kept = (known / (known + ahead)) ** (a - 1) * hypergeometric(a + b - 1 - r, a - 1, c, z);
  const alive = aliveProbability({ r, alpha, a, b }, { ...orders, repeats });
  const whoStays = ((r + repeats) / known) * ahead;
  const whoMayLeave = Math.max(0, (c / (a - 1)) * (1 - kept));
  return alive * (Number.isNaN(whoMayLeave) ? whoStays : Math.min(whoStays, whoMayLeave));
}

/** Gauss's hypergeometric function ₂F₁(a, b; c; z) by its series, for z from 0 to below 1. */
function hypergeometric(a: number, b: number, c: number, z: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 0; n < TERMS_MAX; n += 1) {
    term *= (((a + n) * (b + n)) / ((c + n) * (n + 1))) * z;
    sum += term;
    if (Math.abs(term) <= 1e-16 * Math.abs(sum)) return sum;
  }
  return sum;
}
