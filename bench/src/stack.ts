import { bestStack, EXACT_OFFERS_MAX, type StackCart, type StackObjective, type StackOffer } from "@leastwise/offers";
import { happens, oneOf, RandomStreams, wholeNumber, type Xoshiro128 } from "@leastwise/testkit";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { figuresOf, inTurnFor, inWords, percentile, spreadOf, type Bench, type Figures } from "./harness.js";

const SEED = "stack";
const STACKS = 1_000;
const LINES = 20;
const KINDS = [
  "item_percent",
  "item_amount",
  "cart_percent",
  "cart_amount",
  "payment_percent",
  "cashback_tiered",
] as const;
const TIERS = [
  { minimumMinor: 0, cashbackBp: 100 },
  { minimumMinor: 5_000, cashbackBp: 250 },
  { minimumMinor: 15_000, cashbackBp: 500 },
];

/** A cart with the offers that could be applied to it, and half of what the best set gives. */
interface Stack {
  readonly cart: StackCart;
  readonly offers: readonly StackOffer[];
  readonly gainMinMinor: number;
}

/** How long each of the stacks took, ms, at the percentiles. */
interface Round {
  readonly p50: number;
  readonly p99: number;
}

/**
 * The exactly best set of 12 offers on a cart of 20 lines, best for the shopper and cheapest for the merchant, in turn. Half of the stacks have
 * exclusion groups; in the other half every set is admissible, all 4,096 of them.
 */
export const stackBench: Bench = {
  name: "stack",
  summary: `the best set of ${EXACT_OFFERS_MAX} offers on a cart of ${LINES} lines, exact`,
  async run({ seconds, say }): Promise<Figures> {
    const random = new RandomStreams(SEED).stream("stacks");
    const stacks = Array.from({ length: STACKS }, (_, i) => stackOf(random, i % 2 === 0));
    const round = (objectiveOf: (stack: Stack) => StackObjective) => () => Promise.resolve(timed(stacks, objectiveOf));
    const { a: shopper, b: merchant } = await inTurnFor(
      seconds,
      round(() => ({ kind: "shopper_gain" })),
      round(({ gainMinMinor }) => ({ kind: "merchant_cost", gainMinMinor })),
    );
    const p99 = { shopper: spreadOf(shopper.map((r) => r.p99)), merchant: spreadOf(merchant.map((r) => r.p99)) };
    const p50 = { shopper: spreadOf(shopper.map((r) => r.p50)), merchant: spreadOf(merchant.map((r) => r.p50)) };
    say(`${STACKS} stacks a round, ${shopper.length} rounds, seed ${SEED}`);
    say(`best for the shopper: p50 ${inWords(p50.shopper, 3)} ms, p99 ${inWords(p99.shopper, 3)} ms`);
    say(`cheapest for the merchant: p50 ${inWords(p50.merchant, 3)} ms, p99 ${inWords(p99.merchant, 3)} ms`);
    return {
      ...figuresOf("p99_ms", p99.shopper.median > p99.merchant.median ? p99.shopper : p99.merchant),
      ...figuresOf("shopper_p99_ms", p99.shopper),
      ...figuresOf("merchant_p99_ms", p99.merchant),
      shopper_p50_ms: p50.shopper.median,
      merchant_p50_ms: p50.merchant.median,
    };
  },
};

function timed(stacks: readonly Stack[], objectiveOf: (stack: Stack) => StackObjective): Round {
  const tookMs = stacks.map((stack) => {
    const objective = objectiveOf(stack);
    const startedMs = performance.now();
    const { exact } = bestStack(stack.cart, stack.offers, objective);
    const took = performance.now() - startedMs;
    if (!exact) throw new Error(`a stack of ${stack.offers.length} offers was not exact`);
    return took;
  });
  return { p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99) };
}

function stackOf(random: Xoshiro128, hasGroups: boolean): Stack {
  const lines = Array.from({ length: LINES }, (_, i) => {
    const unitPriceMinor = wholeNumber(random, 199, 9_999);
    const floorPriceMinor = Math.floor((unitPriceMinor * wholeNumber(random, 3_000, 9_000)) / 10_000);
    return { productId: `p${i}`, quantity: wholeNumber(random, 1, 3), unitPriceMinor, floorPriceMinor };
  });
  const cart: StackCart = { currency: "EUR" as CurrencyCode, lines, shippingMinor: 499 };
  const offers = Array.from({ length: EXACT_OFFERS_MAX }, (_, i) => offerOf(random, `o${i}`, lines, hasGroups));
  const { gainMinor } = bestStack(cart, offers, { kind: "shopper_gain" });
  return { cart, offers, gainMinMinor: Math.ceil(gainMinor / 2) };
}

function offerOf(
  random: Xoshiro128,
  id: string,
  lines: readonly { readonly productId: string }[],
  hasGroups: boolean,
): StackOffer {
  const terms = {
    id,
    priority: wholeNumber(random, 0, 2),
    minBasketMinor: 0,
    partnerShareBp: oneOf(random, [0, 2_500, 5_000]),
    ...(hasGroups && happens(random, 0.5) ? { group: oneOf(random, ["coupon", "bank", "loyalty"]) } : {}),
  };
  const some = lines.flatMap(({ productId }) => (happens(random, 0.4) ? [productId] : []));
  const productIds = happens(random, 0.5) ? [] : some;
  const percentBp = wholeNumber(random, 200, 2_500);
  const amountMinor = wholeNumber(random, 100, 1_500);
  const maximum = happens(random, 0.5) ? { maximumMinor: wholeNumber(random, 300, 3_000) } : {};
  const kind = oneOf(random, KINDS);
  switch (kind) {
    case "item_percent":
      return { ...terms, kind, productIds, percentBp };
    case "item_amount":
      return { ...terms, kind, productIds, amountMinor };
    case "cart_percent":
      return { ...terms, kind, productIds: [], percentBp, ...maximum };
    case "cart_amount":
      return { ...terms, kind, productIds: [], amountMinor };
    case "payment_percent":
      return { ...terms, kind, percentBp, ...maximum };
    case "cashback_tiered":
      return { ...terms, kind, tiers: TIERS };
  }
}
