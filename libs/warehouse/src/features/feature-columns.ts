import {
  AHEAD_MAX_MS,
  CART_SILENCE_MAX_MS,
  DISTINCT_EXACT_MAX,
  EVENT_KINDS,
  FEATURES,
  TEXT_FEATURES,
  WINDOWS,
  type EventKind,
  type Feature,
  type FeatureName,
  type TextFeatureName,
  type WindowName,
} from "@leastwise/windows";
import { DAY_MS, HOUR_MS } from "@leastwise/vocabulary";

/*
 * How SQL says each feature of the catalogue. The lists of columns are made from `FEATURES` and `TEXT_FEATURES`: a feature that is added
 * there and not here does not compile, and fails a test.
 */

type MeasureOf<Name> = Name extends `${infer Measure}_${WindowName}` ? Measure : never;

/** A feature's name without its window. */
type WindowMeasure = MeasureOf<FeatureName>;

/** A feature that speaks of a moment. */
type MomentName = Exclude<FeatureName, `${WindowMeasure}_${WindowName}`>;

const [, , , , LONGEST] = WINDOWS;

/** Sums go no further, as in the windows. */
const SUM_MAX = Number.MAX_SAFE_INTEGER;

const counted = (kind: EventKind) => (window: WindowName) => `countIf(kind = '${kind}' AND in_${window})`;
const summed = (amount: string) => (window: WindowName) =>
  `toInt64(least(sumIf(toInt128(${amount}), in_${window}), ${SUM_MAX}))`;

/** Each measure of a window, over the events that a probe sees. */
const MEASURES: Readonly<Record<WindowMeasure, (window: WindowName) => string>> = {
  page_views: counted("page_view"),
  product_views: counted("product_view"),
  searches: counted("search"),
  cart_adds: counted("cart_add"),
  cart_removes: counted("cart_remove"),
  checkout_starts: counted("checkout_start"),
  purchases: counted("purchase"),
  units: summed("units_bought"),
  revenue_minor: summed("home_revenue_minor"),
  discount_minor: summed("home_discount_minor"),
  // Exact to 512, then by the K-minimum-values formula that stands in the windows' distinct.ts.
  distinct_products: (window) =>
    `if(length(groupUniqArrayArrayIf(product_marks, in_${window}) AS marks_${window}) <= ${DISTINCT_EXACT_MAX}, ` +
    `length(marks_${window}), ` +
    `toUInt64(floor(${DISTINCT_EXACT_MAX - 1} * pow(2, 53) / arraySort(marks_${window})[${DISTINCT_EXACT_MAX}])))`,
  content_engagements: counted("content_engagement"),
};

/** Time since a newest moment: one up to 5 minutes ahead of t counts as now, beyond that what was before it is not told. */
const since = (newestMs: string) =>
  `if(f.${newestMs} > 0 AND f.${newestMs} <= p.at_ms + ${AHEAD_MAX_MS}, greatest(0, p.at_ms - f.${newestMs}), NULL)`;

const ofCurrentSession = (value: string) => `if(f.has_session, ${value}, NULL)`;

/** Counts of the current session: 0 where none is going on, and absent where the newest event is too far ahead of t to say. */
const inSession = (count: string) =>
  `multiIf(f.has_session, f.${count}, f.newest_event_ms > p.at_ms + ${AHEAD_MAX_MS}, NULL, 0)`;

/** The cart is absent where it changed too far ahead of t. */
const ofCart = (value: string) => `if(f.newest_cart_ms > p.at_ms + ${AHEAD_MAX_MS}, NULL, ${value})`;

/** What all orders come to is absent where the newest is too far ahead of t. */
const ofOrders = (value: string) => `if(f.newest_order_ms > p.at_ms + ${AHEAD_MAX_MS}, NULL, ${value})`;

const kindRecencies = Object.fromEntries(
  EVENT_KINDS.map((kind) => [`since_${kind}_ms`, since(`newest_${kind}_ms`)]),
) as Record<`since_${EventKind}_ms`, string>;

/** Each feature of a moment: `p` is the probe, `f` what the subject's events came to. */
const MOMENTS: Readonly<Record<MomentName, string>> = {
  ...kindRecencies,
  since_event_ms: since("newest_event_ms"),
  session_age_ms: ofCurrentSession("greatest(0, p.at_ms - f.last_session_start_ms)"),
  session_events: inSession("last_session_events"),
  session_page_views: inSession("last_session_page_views"),
  session_product_views: inSession("last_session_product_views"),
  // A session that began just ahead of t may stand in the tile after t's own.
  session_seq: ofCurrentSession(
    `if(intDiv(f.last_session_start_ms, ${LONGEST.tileMs}) > intDiv(p.at_ms, ${LONGEST.tileMs}), ` +
      "f.sessions_begun_to_next_tile, f.sessions_begun)",
  ),
  cart_lines: ofCart("length(f.cart)"),
  cart_units: ofCart("arraySum(line -> arraySum(change -> change.units, line), f.cart)"),
  cart_value_minor: ofCart("if(empty(f.cart), 0, f.cart_value_minor)"),
  cart_age_ms: ofCart(
    "if(empty(f.cart), NULL, greatest(0, p.at_ms - " +
      "arrayMin(line -> arrayFirst(change -> change.units > 0, line).at_ms, f.cart)))",
  ),
  cart_abandoned: ofCart(`notEmpty(f.cart) AND p.at_ms - f.cart_changed_ms > ${CART_SILENCE_MAX_MS}`),
  purchases_all: ofOrders("f.orders"),
  purchase_days_all: ofOrders("f.order_days"),
  revenue_minor_all: ofOrders("f.orders_revenue_minor"),
  since_first_purchase_ms: ofOrders("if(f.first_order_ms > 0, greatest(0, p.at_ms - f.first_order_ms), NULL)"),
  hour_of_day: `intDiv(p.at_ms, ${HOUR_MS}) % 24`,
};

const textOf = (name: TextFeatureName) => {
  const text = name.replace("last_", "");
  return `if(f.newest_${text}_ms > p.at_ms + ${AHEAD_MAX_MS}, NULL, nullIf(f.newest_${text}, ''))`;
};

/** Whether an event is in a window at t: its tile is one of the window's newest, t's own included. */
export const IN_WINDOWS: readonly string[] = WINDOWS.map(
  ({ name, tileMs, tileCount }) =>
    `intDiv(p.probe_ms, ${tileMs}) - intDiv(e.at_ms, ${tileMs}) BETWEEN 0 AND ${tileCount - 1} AS in_${name}`,
);

/** The sums of each window, each under its feature's name. */
export const WINDOW_SUMS: readonly string[] = FEATURES.flatMap(({ name, window }) =>
  window === undefined ? [] : [`${measureSql(name, window)} AS ${name}`],
);

/** The newest moment of each kind of event, and each text with its moment. A late event moves none of them. */
export const NEWEST: readonly string[] = [
  ...EVENT_KINDS.map((kind) => `maxIf(at_ms, kind = '${kind}' AND NOT is_late) AS newest_${kind}_ms`),
  ...TEXT_FEATURES.map(({ name }) => name.replace("last_", "")).flatMap((text) => [
    `maxIf(at_ms, ${text} != '' AND NOT is_late) AS newest_${text}_ms`,
    `argMaxIf(${text}, (at_ms, ${text}), ${text} != '' AND NOT is_late) AS newest_${text}`,
  ]),
];

/** What all orders come to, the late ones among them. */
export const ORDERS: readonly string[] = [
  "countIf(kind = 'purchase') AS orders",
  `uniqExactIf(intDiv(at_ms, ${DAY_MS}), kind = 'purchase') AS order_days`,
  `toInt64(least(sum(toInt128(home_revenue_minor)), ${SUM_MAX})) AS orders_revenue_minor`,
  "minIf(at_ms, kind = 'purchase') AS first_order_ms",
  "maxIf(at_ms, kind = 'purchase') AS newest_order_ms",
];

/** Every feature of the catalogue, in its order, under its name. */
export const FEATURE_COLUMNS: readonly string[] = [
  ...FEATURES.map((feature) => `${featureSql(feature)} AS ${feature.name}`),
  ...TEXT_FEATURES.map(({ name }) => `${textOf(name)} AS ${name}`),
];

function featureSql({ name, window }: Feature): string {
  return window === undefined ? known(MOMENTS[name as MomentName], name) : `f.${name}`;
}

function measureSql(name: FeatureName, window: WindowName): string {
  const measure = name.slice(0, -`_${window}`.length) as WindowMeasure;
  return known(MEASURES[measure], name)(window);
}

/** The types see to it; that a catalogue is made by hand somewhere they do not. */
function known<Value>(found: Value | undefined, name: string): Value {
  if (found === undefined) throw new RangeError(`${name} is in the catalogue of features and not in SQL`);
  return found;
}
