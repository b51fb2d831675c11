import type { SignalContext } from "../device/signal-expressions.js";
import type { ExpressionContext } from "./expressions.js";

/** What a field of an expression can hold, where it holds anything. */
export type FieldType =
  | NumberType
  | TextType
  | { readonly kind: "bool" | "texts" | "texts_by_name" }
  /** A number, a text or a bool: what a device says. */
  | { readonly kind: "signal" };

/** Numbers: which there can be. */
export interface NumberType {
  readonly kind: "number";
  readonly isWhole: boolean;
  /** The least that there is. Absent: none is the least. */
  readonly least?: number;
  /** The greatest that there is. Absent: none is the greatest. */
  readonly most?: number;
}

/** Texts: which there can be. */
export interface TextType {
  readonly kind: "text";
  /** All that there are. Absent: as `form` says. */
  readonly values?: readonly string[];
  /** What each looks like. Absent: any text. */
  readonly form?: { readonly pattern: RegExp; readonly inWords: string };
}

/** A field that expressions read. */
export interface ExpressionField {
  readonly type: FieldType;
  /** True if it can be null beside others that are there: it may be held against null. */
  readonly mayBeAbsent: boolean;
  readonly meaning: string;
}

/** Units of the feature catalogue. */
export const FEATURE_UNITS = ["count", "minor", "ms", "hour", "flag"] as const;
/** A unit of the feature catalogue. */
export type FeatureUnit = (typeof FEATURE_UNITS)[number];

const NUMBER: FieldType = { kind: "number", isWhole: false };
const COUNT: FieldType = { kind: "number", isWhole: true, least: 0 };
const HOUR: FieldType = { kind: "number", isWhole: true, least: 0, most: 23 };
const FLAG: FieldType = { kind: "number", isWhole: true, least: 0, most: 1 };
const CLASS: FieldType = { kind: "number", isWhole: true, least: 1, most: 5 };
const TEXT: FieldType = { kind: "text" };
const TEXTS: FieldType = { kind: "texts" };
const CHANNEL: FieldType = { kind: "text", values: ["web", "app", "store", "email", "push", "social"] };
const DEVICE: FieldType = { kind: "text", values: ["desktop", "mobile", "tablet", "other"] };
const CURRENCY: FieldType = {
  kind: "text",
  form: { pattern: /^[A-Z]{3}$/, inWords: "a currency's three capitals, such as EUR" },
};
const DAY_OF_YEAR: FieldType = {
  kind: "text",
  form: { pattern: /^(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/, inWords: "a day as MM-DD, such as 02-29" },
};

const OF_UNIT: Readonly<Record<FeatureUnit, FieldType>> = {
  count: COUNT,
  minor: NUMBER,
  ms: NUMBER,
  hour: HOUR,
  flag: FLAG,
};
const OF_TEXT_FEATURE: ReadonlyMap<string, FieldType> = new Map([
  ["last_channel", CHANNEL],
  ["last_device", DEVICE],
]);

const there = (type: FieldType, meaning: string): ExpressionField => ({ type, mayBeAbsent: false, meaning });
const orAbsent = (type: FieldType, meaning: string): ExpressionField => ({ type, mayBeAbsent: true, meaning });

/** By name, what an object that expressions read has. */
export type ExpressionFields = Readonly<Record<string, ExpressionField>>;

/** Objects of which an expression reads fields that are known beforehand. */
type Declared = Exclude<keyof ExpressionContext, "features">;

/** Of the cart, what a device knows too. */
const CART_ON_DEVICE = {
  value_minor: there(COUNT, "Worth of the goods, in the currency's minor unit"),
  units: there(COUNT, "Pieces"),
  lines: there(COUNT, "Lines"),
  currency: there(CURRENCY, "Currency"),
  product_ids: there(TEXTS, "Products"),
  payment_method: orAbsent(TEXT, "How it will be paid, in the shop's words"),
};

/** Of the moment, what a device knows too. */
const CONTEXT_ON_DEVICE = {
  channel: orAbsent(CHANNEL, "Where the shopper is"),
  device: orAbsent(DEVICE, "What the shopper holds"),
  // Whoever asks for a decision says them, in whatever form.
  country: orAbsent(TEXT, "Country, ISO 3166-1, as the caller writes it: `DE`"),
  region: orAbsent(TEXT, "Region, ISO 3166-2 without the country, as the caller writes it: `BY`"),
  hour: there(HOUR, "Hour of the day, in the policy's time zone"),
  weekday: there({ kind: "number", isWhole: true, least: 1, most: 7 }, "Day of the week there, 1 Monday to 7 Sunday"),
};

/**
 * Every field that expressions read but the features, and what it can hold. This list is the one source of what they are checked by, of what the library that
 * evaluates them is told, and of the page EXPRESSIONS.md.
 */
export const EXPRESSION_FIELDS = {
  profile: {
    loyalty_tier: orAbsent(TEXT, "Tier of the loyalty programme, in the shop's words"),
    member: there({ kind: "bool" }, "Whether the shopper is a member"),
    tags: there(TEXTS, "The shop's own tags"),
    attributes: there({ kind: "texts_by_name" }, "The shop's own attributes, whatever their names"),
    birthday: orAbsent(DAY_OF_YEAR, "Day of the birthday"),
    days_to_birthday: orAbsent(
      { kind: "number", isWhole: true, least: 0, most: 365 },
      "Days to the birthday by the calendar of the policy's time zone, 0 on the day",
    ),
    customer_since_ms: orAbsent(NUMBER, "When the shopper became a customer, Unix ms"),
  },
  cart: {
    ...CART_ON_DEVICE,
    categories: there(TEXTS, "Categories of the products, as the catalog has them"),
    brands: there(TEXTS, "Brands of the products, as the catalog has them"),
  },
  context: {
    ...CONTEXT_ON_DEVICE,
    partner_segments: there(TEXTS, "Groups that partners say the shopper is in"),
  },
  rfm: {
    recency: orAbsent(CLASS, "Class by the time since the newest order, 1 the worst to 5 the best"),
    frequency: orAbsent(CLASS, "Class by the number of orders"),
    monetary: orAbsent(CLASS, "Class by what was paid for all orders"),
  },
  lifetime: {
    alive: orAbsent(
      { kind: "number", isWhole: false, least: 0, most: 1 },
      "Chance that the shopper will order again at some time, by their own orders (BG/NBD)",
    ),
    orders: orAbsent(
      { kind: "number", isWhole: false, least: 0 },
      "Days with an order that are expected within 365 days, by their own orders (BG/NBD)",
    ),
    value_minor: orAbsent(
      NUMBER,
      "What is expected to be spent within twelve months, later months discounted by 1 % each, in the home currency's minor unit (BG/NBD and gamma-gamma)",
    ),
  },
} as const satisfies {
  [Name in Declared]: Readonly<Record<keyof NonNullable<ExpressionContext[Name]>, ExpressionField>>;
};

/** The same of expressions on a device, but the signals. */
export const DEVICE_EXPRESSION_FIELDS = {
  cart: CART_ON_DEVICE,
  context: CONTEXT_ON_DEVICE,
} as const satisfies {
  [Name in Exclude<keyof SignalContext, "local">]: Readonly<Record<keyof SignalContext[Name], ExpressionField>>;
};

/** What a feature of that unit can be. */
export function typeOfUnit(unit: FeatureUnit): FieldType {
  return OF_UNIT[unit];
}

/** Features by their names. Each may be absent. */
export function featureFields({
  names,
  units = [],
  textNames = [],
}: {
  readonly names: readonly string[];
  readonly units?: readonly FeatureUnit[];
  readonly textNames?: readonly string[];
}): ExpressionFields {
  const numbers = names.map((name, place) => {
    const unit = units[place];
    return [name, orAbsent(unit === undefined ? NUMBER : typeOfUnit(unit), "")] as const;
  });
  const texts = textNames.map((name) => [name, orAbsent(OF_TEXT_FEATURE.get(name) ?? TEXT, "")] as const);
  return Object.fromEntries([...numbers, ...texts]);
}

/** Signals by their names: each is a number, a text or a bool, or absent. */
export function signalFields(names: Iterable<string>): ExpressionFields {
  return Object.fromEntries([...names].map((name) => [name, orAbsent({ kind: "signal" }, "")]));
}

/** What a field can hold, in words: `a whole number from 0 to 23`, `one of web, app`. */
export function typeInWords(type: FieldType): string {
  switch (type.kind) {
    case "number":
      return numbersInWords(type);
    case "text":
      return type.values === undefined ? (type.form?.inWords ?? "a text") : `one of ${type.values.join(", ")}`;
    case "bool":
      return "true or false";
    case "texts":
      return "a list of texts";
    case "texts_by_name":
      return "texts by name";
    case "signal":
      return "a number, a text or a bool";
  }
}

function numbersInWords({ isWhole, least, most }: NumberType): string {
  const number = isWhole ? "a whole number" : "a number";
  if (least === undefined || most === undefined)
    return least === undefined ? number : `${number} from ${String(least)} on`;
  return isWhole && most - least === 1
    ? `${String(least)} or ${String(most)}`
    : `${number} from ${String(least)} to ${String(most)}`;
}
