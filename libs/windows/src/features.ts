import {
  CLASS_OF_INPUT,
  PURPOSES_OF_CLASS,
  type NumericFeatureClass,
  type PersonalDataClass,
  type Purpose,
} from "@leastwise/vocabulary";
import { WINDOWS, type WindowName } from "./tiling.js";

/** What a feature's value counts. Money is in the shop's home currency's minor unit. */
export type FeatureUnit = "count" | "minor" | "ms" | "hour" | "flag";

/** The window's measures, each of which makes a feature per window. The order is the vector's. */
const MEASURES = [
  { measure: "page_views", unit: "count", says: "Pages viewed", data: "behaviour" },
  { measure: "product_views", unit: "count", says: "Product pages viewed", data: "behaviour" },
  { measure: "searches", unit: "count", says: "Searches made", data: "behaviour" },
  { measure: "cart_adds", unit: "count", says: "Times something was put into the cart", data: "behaviour" },
  { measure: "cart_removes", unit: "count", says: "Times something was taken out of the cart", data: "behaviour" },
  { measure: "checkout_starts", unit: "count", says: "Checkouts started", data: "behaviour" },
  { measure: "purchases", unit: "count", says: "Orders placed, whatever their number of lines", data: "purchase" },
  { measure: "units", unit: "count", says: "Pieces bought", data: "purchase" },
  { measure: "revenue_minor", unit: "minor", says: "Paid for orders in the home currency", data: "purchase" },
  {
    measure: "discount_minor",
    unit: "minor",
    says: "Discount received with orders in the home currency",
    data: "purchase",
  },
  {
    measure: "distinct_products",
    unit: "count",
    says: "Different products concerned: exact to 512, then estimated with a standard error of 4.43 %",
    data: "behaviour",
  },
  { measure: "content_engagements", unit: "count", says: "Engagements with content", data: "behaviour" },
] as const;

const RECENCIES = [
  { of: "page_view", says: "page view", data: "behaviour" },
  { of: "product_view", says: "product view", data: "behaviour" },
  { of: "search", says: "search", data: "behaviour" },
  { of: "cart_add", says: "product put into the cart", data: "behaviour" },
  { of: "cart_remove", says: "product taken out of the cart", data: "behaviour" },
  { of: "checkout_start", says: "start of a checkout", data: "behaviour" },
  { of: "purchase", says: "order", data: "purchase" },
  { of: "content_engagement", says: "engagement with content", data: "behaviour" },
  { of: "event", says: "event of any kind", data: "behaviour" },
] as const;

const MOMENTS = [
  {
    name: "session_age_ms",
    unit: "ms",
    meaning: "Since the current session began; absent when none is going on",
    data: "behaviour",
  },
  { name: "session_events", unit: "count", meaning: "Events of the current session; 0 when none", data: "behaviour" },
  {
    name: "session_page_views",
    unit: "count",
    meaning: "Pages viewed in the current session; 0 when none",
    data: "behaviour",
  },
  {
    name: "session_product_views",
    unit: "count",
    meaning: "Product pages viewed in the current session; 0 when none",
    data: "behaviour",
  },
  {
    name: "session_seq",
    unit: "count",
    meaning: "Which of the last 30 days' sessions the current one is, from 1; absent when none is going on",
    data: "behaviour",
  },
  { name: "cart_lines", unit: "count", meaning: "Different products in the open cart", data: "behaviour" },
  { name: "cart_units", unit: "count", meaning: "Pieces in the open cart", data: "behaviour" },
  {
    name: "cart_value_minor",
    unit: "minor",
    meaning: "Value of the open cart at the prices seen last; absent if one is unknown or in another currency",
    data: "behaviour",
  },
  {
    name: "cart_age_ms",
    unit: "ms",
    meaning: "Since the oldest add of what is still in the cart; absent when it is empty",
    data: "behaviour",
  },
  {
    name: "cart_abandoned",
    unit: "flag",
    meaning: "1 if the cart is not empty and did not change for more than 30 minutes, else 0",
    data: "behaviour",
  },
  { name: "hour_of_day", unit: "hour", meaning: "Hour of the day at t in UTC, 0 to 23", data: "none" },
] as const;

/** What is kept of all orders. Last in the vector, behind what earlier versions had: values on records are read by their place. */
const HISTORY = [
  {
    name: "purchases_all",
    unit: "count",
    meaning:
      "Orders placed, however long ago; this and the next three are absent where the log's beginning was gone before it was read",
  },
  {
    name: "purchase_days_all",
    unit: "count",
    meaning:
      "Different days, in UTC, with an order, however long ago; exact within the 64 days up to the newest order's, and at most one more for each order that comes in behind them, by itself or with a login",
  },
  { name: "revenue_minor_all", unit: "minor", meaning: "Paid for all orders in the home currency, however long ago" },
  { name: "since_first_purchase_ms", unit: "ms", meaning: "Since the first order; absent if there was none" },
] as const;

type Measure = (typeof MEASURES)[number]["measure"];

/** The name of a numeric feature: a key of the vector, of CEL expressions and of SQL columns alike. */
export type FeatureName =
  | `${Measure}_${WindowName}`
  | `since_${(typeof RECENCIES)[number]["of"]}_ms`
  | (typeof MOMENTS)[number]["name"]
  | (typeof HISTORY)[number]["name"];

/** One numeric feature. */
export interface Feature {
  readonly name: FeatureName;
  readonly unit: FeatureUnit;
  /** The window that it sums over; undefined if it speaks of a moment. */
  readonly window: WindowName | undefined;
  readonly meaning: string;
  readonly personalData: NumericFeatureClass;
  /** What must all be agreed to before it may be used; empty: it needs no consent beyond using the shop. */
  readonly consentPurposes: readonly Purpose[];
}

/** One text feature. */
export interface TextFeature {
  readonly name: TextFeatureName;
  readonly meaning: string;
  readonly personalData: PersonalDataClass;
  /** As of {@link Feature}. */
  readonly consentPurposes: readonly Purpose[];
}

/** The name of a text feature. */
export type TextFeatureName = "last_channel" | "last_device" | "last_place";

/**
 * Every numeric feature, in the order of the vector that `WindowStore.read` fills. Where a value is absent the vector
 * holds NaN. This list is the one source of the documentation, the CEL names and the model's input order.
 */
export const FEATURES: readonly Feature[] = [
  ...MEASURES.flatMap(({ measure, unit, says, data }) =>
    WINDOWS.map(({ name, inWords }) => feature(`${measure}_${name}`, unit, name, `${says}, last ${inWords}`, data)),
  ),
  ...RECENCIES.map(({ of, says, data }) =>
    feature(
      `since_${of}_ms`,
      "ms",
      undefined,
      `Since the newest ${says}, however long ago; absent if there was none`,
      data,
    ),
  ),
  ...MOMENTS.map(({ name, unit, meaning, data }) => feature(name, unit, undefined, meaning, data)),
  ...HISTORY.map(({ name, unit, meaning }) => feature(name, unit, undefined, meaning, "purchase")),
];

/** Every text feature. */
export const TEXT_FEATURES: readonly TextFeature[] = [
  textFeature("last_channel", "Channel of the newest event that told one"),
  textFeature("last_device", "Device of the newest event that told one"),
  textFeature("last_place", "Coarse place of the newest event that told one"),
];

const INDEX: ReadonlyMap<string, number> = new Map(FEATURES.map(({ name }, index) => [name, index]));

/** True if the text names a numeric feature. */
export function isFeatureName(text: string): text is FeatureName {
  return INDEX.has(text);
}

/** The feature's place in {@link FEATURES} and in every vector. */
export function featureIndex(name: FeatureName): number {
  const index = INDEX.get(name);
  if (index === undefined) throw new RangeError(`${name} is no feature`);
  return index;
}

function feature(
  name: FeatureName,
  unit: FeatureUnit,
  window: WindowName | undefined,
  meaning: string,
  personalData: NumericFeatureClass,
): Feature {
  return { name, unit, window, meaning, personalData, consentPurposes: PURPOSES_OF_CLASS[personalData] };
}

function textFeature(name: TextFeatureName, meaning: string): TextFeature {
  const personalData = CLASS_OF_INPUT[name];
  return { name, meaning, personalData, consentPurposes: PURPOSES_OF_CLASS[personalData] };
}
