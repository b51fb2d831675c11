import { SECOND_MS } from "@leastwise/vocabulary";
import { RandomStreams, type Xoshiro128 } from "./random/xoshiro128.js";

/**
 * The published figures of the RetailRocket log, whose shape is reproduced: 4.5 months, most visitors with one event, a
 * heavy tail, many products of which few are looked at often.
 */
export const RETAIL_ROCKET = {
  visitors: 1_407_580,
  views: 2_664_312,
  cartAdds: 69_332,
  purchases: 22_457,
  products: 235_061,
  /** 4.5 months. */
  spanMs: 137 * 24 * 3_600 * SECOND_MS,
  /** Share of visitors with one event. */
  singles: 0.71,
} as const;

/** Events of one visitor at most: the tail is cut there. */
const EVENTS_PER_VISITOR_MAX = 5_000;

/** Silence between a visitor's events that belong together, in the mean. */
const GAP_MEAN_MS = 90 * SECOND_MS;
/** Chance that the visitor's next event is of another visit. */
const NEW_VISIT_CHANCE = 0.2;

const SUBJECTS_MAX = 2 ** 27;

/** What happens in a shape. */
type ShapeKind = "product_view" | "cart_add" | "purchase";

/** One event of a shape. The generator yields the same object again and again: take what you need before going on. */
export interface ShapeEvent {
  /** Index of the visitor, from 0. */
  subject: number;
  kind: ShapeKind;
  /** Index of the product, from 0; 0 is the most looked at. */
  product: number;
  /** Unix milliseconds, never falling. */
  atMs: number;
}

export interface ShapeOptions {
  readonly seed: string;
  /** 1 to 2^27. */
  readonly visitors: number;
  readonly startMs: number;
  /** Absent: RetailRocket's 137 days. */
  readonly spanMs?: number;
  /** Absent: RetailRocket's 235 061. */
  readonly products?: number;
}

/** A clickstream's shape, ready to be gone through. */
export interface ClickstreamShape {
  /** How many events it has. */
  readonly total: number;
  /** In order of time; the same at every pass. */
  readonly events: () => Iterable<Readonly<ShapeEvent>>;
}

/**
 * A clickstream of millions of events for benchmarks: counts per visitor, kinds and the popularity of products as in
 * RetailRocket's log; the times of a visitor's events come in visits. Kinds and products are drawn independently of one
 * another, so it is no clickstream to learn from. Costs 8 bytes an event and a sort when it is made, and nothing on the
 * heap as it is gone through.
 */
export function clickstreamShape(options: ShapeOptions): ClickstreamShape {
  const { seed, visitors, startMs, spanMs = RETAIL_ROCKET.spanMs, products = RETAIL_ROCKET.products } = options;
  if (!(Number.isInteger(visitors) && visitors >= 1 && visitors <= SUBJECTS_MAX)) {
    throw new RangeError(`visitors ${visitors} is no integer from 1 to ${SUBJECTS_MAX}`);
  }
  const streams = new RandomStreams(seed);
  const moments = drawMoments(streams.stream("moments"), visitors, Math.floor(spanMs / SECOND_MS));
  return { total: moments.length, events: () => walk(moments, streams.stream("kinds"), startMs, products) };
}

/** Seconds and visitors in one number each, so that one native sort puts them in order. */
function drawMoments(random: Xoshiro128, visitors: number, spanSeconds: number): Float64Array {
  const counts = new Uint16Array(visitors);
  const cumulative = eventCountDistribution();
  let total = 0;
  for (let visitor = 0; visitor < visitors; visitor += 1) {
    const count = 1 + lowerBound(cumulative, random.nextUnit());
    counts[visitor] = count;
    total += count;
  }
  const moments = new Float64Array(total);
  let place = 0;
  for (let visitor = 0; visitor < visitors; visitor += 1) {
    let second = Math.floor(random.nextUnit() * spanSeconds);
    for (let left = counts[visitor] ?? 0; left > 0; left -= 1) {
      moments[place] = second * SUBJECTS_MAX + visitor;
      place += 1;
      second = nextSecond(random, second, spanSeconds);
    }
  }
  return moments.sort();
}

function nextSecond(random: Xoshiro128, second: number, spanSeconds: number): number {
  if (random.nextUnit() < NEW_VISIT_CHANCE) return Math.floor(random.nextUnit() * spanSeconds);
  const gap = 1 - Math.floor((Math.log1p(-random.nextUnit()) * GAP_MEAN_MS) / SECOND_MS);
  return Math.min(spanSeconds - 1, second + gap);
}

function* walk(
  moments: Float64Array,
  random: Xoshiro128,
  startMs: number,
  products: number,
): Generator<Readonly<ShapeEvent>> {
  const { views, cartAdds, purchases } = RETAIL_ROCKET;
  const all = views + cartAdds + purchases;
  const event: ShapeEvent = { subject: 0, kind: "product_view", product: 0, atMs: startMs };
  for (const moment of moments) {
    const second = Math.floor(moment / SUBJECTS_MAX);
    const which = random.nextUnit() * all;
    event.subject = moment - second * SUBJECTS_MAX;
    event.kind = which < views ? "product_view" : which < views + cartAdds ? "cart_add" : "purchase";
    // Log-uniform over the ranks: the continuous form of Zipf's law with exponent 1.
    event.product = Math.min(products - 1, Math.floor((products + 1) ** random.nextUnit()) - 1);
    event.atMs = startMs + second * SECOND_MS;
    yield event;
  }
}

/**
 * Cumulative shares of visitors with 1, 2, … events: 71 % have one; from two on a power law, with the exponent that gives
 * the log's mean number of events a visitor.
 */
function eventCountDistribution(): Float64Array {
  const { views, cartAdds, purchases, visitors, singles } = RETAIL_ROCKET;
  const mean = (views + cartAdds + purchases) / visitors;
  const exponent = exponentForMean((mean - singles) / (1 - singles));
  const cumulative = new Float64Array(EVENTS_PER_VISITOR_MAX);
  const { weight } = tail(exponent);
  let sum = singles;
  cumulative[0] = sum;
  for (let count = 2; count <= EVENTS_PER_VISITOR_MAX; count += 1) {
    sum += ((1 - singles) * count ** -exponent) / weight;
    cumulative[count - 1] = sum;
  }
  return cumulative;
}

/** The exponent at which the tail from 2 on has the mean, by bisection: the mean falls as the exponent rises. */
function exponentForMean(mean: number): number {
  let low = 1;
  let high = 6;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    const { weight, moment } = tail(middle);
    if (moment / weight > mean) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function tail(exponent: number): { readonly weight: number; readonly moment: number } {
  let weight = 0;
  let moment = 0;
  for (let count = 2; count <= EVENTS_PER_VISITOR_MAX; count += 1) {
    weight += count ** -exponent;
    moment += count ** (1 - exponent);
  }
  return { weight, moment };
}

/** Index of the first value above the number, the last index at most. */
function lowerBound(ascending: Float64Array, number: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 1) > number) high = middle;
    else low = middle + 1;
  }
  return low;
}
