import { clickstreamShape } from "@leastwise/testkit";
import { DAY_MS, isSubjectId, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { EVENT_KINDS, ProductMarks, type EventKind, type OrderLine, type SlabEvent } from "@leastwise/windows";

const START_MS = Date.UTC(2026, 0, 1);
const SPAN_MS = 30 * DAY_MS;
const PRICE_MINOR = 1_999;

/** What a shop's clickstream is made of; the shares sum to 1. */
const SHOP_MIX = [
  ["product_view", 0.5],
  ["page_view", 0.3],
  ["search", 0.07],
  ["content_engagement", 0.05],
  ["cart_add", 0.04],
  ["checkout_start", 0.02],
  ["cart_remove", 0.01],
  ["purchase", 0.01],
] as const satisfies readonly (readonly [EventKind, number])[];

const kindOf = (kind: EventKind): number => EVENT_KINDS.indexOf(kind);
const PRODUCT_VIEW = kindOf("product_view");
const CART_ADD = kindOf("cart_add");
const CART_REMOVE = kindOf("cart_remove");
const PURCHASE = kindOf("purchase");
const NONE = -1;

/** Events in the order of their time, as the decoder of records hands them to the windows; all ids are distinct. */
export interface EventStream {
  readonly count: number;
  /** By index, the most active first where activity has ranks. */
  readonly subjects: readonly SubjectId[];
  /** Four words of each subject. */
  readonly subjectWords: Int32Array;
  readonly products: ProductTable;
  readonly subjectAt: Int32Array;
  /** The subject's four words again, of each event: what is decoded lies in the order of the events. */
  readonly wordsAt: Int32Array;
  /** Place in `EVENT_KINDS`. */
  readonly kindAt: Uint8Array;
  /** Index of the product; −1 where an event concerns none. */
  readonly productAt: Int32Array;
  readonly productMarkAt: Float64Array;
  readonly timeAt: Float64Array;
  readonly idMarkAt: Float64Array;
  /** Time of the last event. */
  readonly endMs: Millis;
}

interface ProductTable {
  readonly ids: readonly string[];
  /** An order of the product, for those that are bought. */
  readonly orders: ReadonlyMap<number, readonly OrderLine[]>;
}

/** Fills the event with that of the index, as the decoder does. */
export function fillFrom(stream: EventStream, index: number, event: SlabEvent): void {
  const { wordsAt, products } = stream;
  const word = 4 * index;
  const kind = stream.kindAt[index] ?? 0;
  const product = stream.productAt[index] ?? NONE;
  event.clear();
  event.s0 = wordsAt[word] ?? 0;
  event.s1 = wordsAt[word + 1] ?? 0;
  event.s2 = wordsAt[word + 2] ?? 0;
  event.s3 = wordsAt[word + 3] ?? 0;
  event.kind = kind;
  event.atMs = event.receivedAtMs = stream.timeAt[index] ?? 0;
  event.idMark = stream.idMarkAt[index] ?? 0;
  if (product === NONE) return;
  if (kind === PURCHASE) {
    event.lines = products.orders.get(product) ?? [];
    event.revenueMinor = PRICE_MINOR;
    return;
  }
  event.productMark = stream.productMarkAt[index] ?? NONE;
  if (kind !== CART_ADD && kind !== CART_REMOVE) return;
  event.productId = products.ids[product];
  event.units = 1;
  event.unitPriceMinor = PRICE_MINOR;
}

/**
 * A shop whose subjects' activity follows Zipf's law with exponent 1, over 30 days: each subject has one event, the others are drawn by rank,
 * and all are in random order. Products follow Zipf's law too; what is taken out of a cart is what was put in last.
 */
export function zipfStream(subjectCount: number, eventCount: number, productCount: number): EventStream {
  const draws = new Draws(1);
  const subjectAt = zipfSubjects(draws, subjectCount, eventCount);
  const kindAt = new Uint8Array(eventCount);
  const productAt = new Int32Array(eventCount).fill(NONE);
  const timeAt = new Float64Array(eventCount);
  const kinds = SHOP_MIX.map(([kind]) => kindOf(kind));
  const drawKind = drawerOf(SHOP_MIX.map(([, share]) => share));
  const drawProduct = drawerOf(zipfWeights(productCount));
  const putInLast = new Int32Array(subjectCount).fill(NONE);
  for (let index = 0; index < eventCount; index += 1) {
    const subject = subjectAt[index] ?? 0;
    timeAt[index] = START_MS + Math.floor((index * SPAN_MS) / eventCount);
    let kind = kinds[drawKind(draws.nextUnit())] ?? PRODUCT_VIEW;
    if (kind === CART_REMOVE && putInLast[subject] === NONE) kind = PRODUCT_VIEW;
    kindAt[index] = kind;
    if (kind === CART_REMOVE) {
      productAt[index] = putInLast[subject] ?? NONE;
      putInLast[subject] = NONE;
    } else if (kind === PRODUCT_VIEW || kind === CART_ADD || kind === PURCHASE) {
      productAt[index] = drawProduct(draws.nextUnit());
      if (kind === CART_ADD) putInLast[subject] = productAt[index] ?? NONE;
      if (kind === PURCHASE) putInLast[subject] = NONE;
    }
  }
  return finished(subjectCount, productCount, { subjectAt, kindAt, productAt, timeAt });
}

/** The shape of a real clickstream, brought into 30 days: most visitors have one event. */
export function shapeStream(visitors: number): EventStream {
  const shape = clickstreamShape({ seed: "windows", visitors, startMs: START_MS, spanMs: SPAN_MS });
  const subjectAt = new Int32Array(shape.total);
  const kindAt = new Uint8Array(shape.total);
  const productAt = new Int32Array(shape.total);
  const timeAt = new Float64Array(shape.total);
  let index = 0;
  let productCount = 0;
  for (const { subject, kind, product, atMs } of shape.events()) {
    subjectAt[index] = subject;
    kindAt[index] = kindOf(kind);
    productAt[index] = product;
    timeAt[index] = atMs;
    productCount = Math.max(productCount, product + 1);
    index += 1;
  }
  return finished(visitors, productCount, { subjectAt, kindAt, productAt, timeAt });
}

/** Subjects to read, by Zipf's law over their ranks: texts of their own, as requests bring them. */
export function zipfReads(stream: EventStream, count: number): readonly SubjectId[] {
  const draws = new Draws(2);
  const draw = drawerOf(zipfWeights(stream.subjects.length));
  return Array.from({ length: count }, () => subjectIdAt(stream.subjectWords, draw(draws.nextUnit())));
}

/** Subjects to read, all as likely, in the same form. */
export function uniformReads({ subjectWords, subjects }: EventStream, count: number): readonly SubjectId[] {
  const draws = new Draws(4);
  return Array.from({ length: count }, () => subjectIdAt(subjectWords, Math.floor(draws.nextUnit() * subjects.length)));
}

/** Every subject once, the other events by Zipf's law, shuffled (Fisher and Yates). */
function zipfSubjects(draws: Draws, subjectCount: number, eventCount: number): Int32Array {
  const draw = drawerOf(zipfWeights(subjectCount));
  const subjectAt = Int32Array.from({ length: eventCount }, (_, index) =>
    index < subjectCount ? index : draw(draws.nextUnit()),
  );
  for (let last = eventCount - 1; last > 0; last -= 1) {
    const other = Math.floor(draws.nextUnit() * (last + 1));
    const subject = subjectAt[last] ?? 0;
    subjectAt[last] = subjectAt[other] ?? 0;
    subjectAt[other] = subject;
  }
  return subjectAt;
}

type Columns = Pick<EventStream, "subjectAt" | "kindAt" | "productAt" | "timeAt">;

function finished(subjectCount: number, productCount: number, columns: Columns): EventStream {
  const draws = new Draws(3);
  const count = columns.subjectAt.length;
  const subjectWords = Int32Array.from({ length: 4 * subjectCount }, () => draws.nextWord());
  const ids = Array.from({ length: productCount }, (_, product) => `product-${product}`);
  const marks = new ProductMarks();
  const markOf = Float64Array.from(ids, (id) => marks.of(id));
  const wordsAt = new Int32Array(4 * count);
  columns.subjectAt.forEach((subject, index) => {
    wordsAt.set(subjectWords.subarray(4 * subject, 4 * subject + 4), 4 * index);
  });
  return {
    ...columns,
    count,
    subjectWords,
    wordsAt,
    subjects: Array.from({ length: subjectCount }, (_, index) => subjectIdAt(subjectWords, index)),
    products: { ids, orders: ordersOf(ids, columns) },
    productMarkAt: Float64Array.from(columns.productAt, (product) => markOf[product] ?? NONE),
    // The lower 32 bits are each index's own, so that no two marks are equal.
    idMarkAt: Float64Array.from({ length: count }, (_, index) => (draws.nextWord() >>> 11) * 2 ** 32 + mixed(index)),
    endMs: (columns.timeAt[count - 1] ?? START_MS) as Millis,
  };
}

/** An order of each product that is bought: one piece of it. */
function ordersOf(ids: readonly string[], { kindAt, productAt }: Columns): ReadonlyMap<number, readonly OrderLine[]> {
  const orders = new Map<number, readonly OrderLine[]>();
  kindAt.forEach((kind, index) => {
    const product = productAt[index] ?? NONE;
    if (kind !== PURCHASE || orders.has(product)) return;
    orders.set(product, [{ productId: ids[product] ?? "", units: 1, unitPriceMinor: PRICE_MINOR }]);
  });
  return orders;
}

function subjectIdAt(words: Int32Array, subject: number): SubjectId {
  let text = "";
  for (let word = 4 * subject; word < 4 * subject + 4; word += 1) {
    text += ((words[word] ?? 0) >>> 0).toString(16).padStart(8, "0");
  }
  if (!isSubjectId(text)) throw new Error("four words make a subject");
  return text;
}

function zipfWeights(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, rank) => 1 / (rank + 1));
}

/** Gives the index that a uniform number stands for, by weight. */
function drawerOf(weights: ArrayLike<number>): (unit: number) => number {
  let sum = 0;
  const cumulative = Float64Array.from(weights, (weight) => (sum += weight));
  return (unit) => {
    const wanted = unit * sum;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((cumulative[middle] ?? sum) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Chance for benchmarks: SplitMix32, so that every run has the same events. */
class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = mixed(seed);
  }

  nextWord(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return mixed(this.#state) | 0;
  }

  nextUnit(): number {
    return (this.nextWord() >>> 0) / 2 ** 32;
  }
}

/** The finish of MurmurHash3 (Appleby 2011): a permutation of the 32-bit words. */
function mixed(word: number): number {
  let hash = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
