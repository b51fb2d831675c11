/** What a simulated shop sells, and to whom. */
export interface Assortment {
  /** For a person: one line. */
  readonly help: string;
  /** Products stand on them in turn. */
  readonly shelves: readonly Shelf[];
  readonly brands: readonly string[];
  /** Log-normal, in units of the currency: the logarithm of the median, its spread, and the least. */
  readonly price: { readonly logMedian: number; readonly spread: number; readonly least: number };
  /** Units in stock, from … to …, where stock is tracked. */
  readonly inventory: readonly [least: number, most: number];
  /** Absent: nothing is known of shoppers but what every shop knows. */
  readonly clientele?: Clientele;
}

/** Goods of one category. */
export interface Shelf {
  readonly category: string;
  /** Hours from the beginning of the play, or from a delivery, until they are worth nothing. Absent: they keep. */
  readonly keepsHours?: readonly [least: number, most: number];
  /** True: what has perished is replaced by a delivery at that moment. Absent: it is not. */
  readonly isDelivered?: true;
}

/** What such a shop knows of its shoppers besides, as shares of them. */
export interface Clientele {
  /** Groups of a partner, one at most for each shopper; the others are in none. */
  readonly partnerSegments: readonly Share[];
  /** How they pay. */
  readonly paymentMethods: readonly Share[];
  /** Language of the checkout. */
  readonly languages: readonly Share[];
  /** Known shoppers with an order before the play began. */
  readonly boughtBefore: number;
  /** How long before it, days. */
  readonly boughtDaysAgo: readonly [least: number, most: number];
}

/** A value and the share of shoppers who have it. */
export type Share = readonly [value: string, share: number];

/** The shops that can be played. The first is the one of a play that names none. */
export const ASSORTMENTS = {
  general: {
    help: "clothes, shoes, things for the home, and delicatessen that perishes",
    shelves: [
      { category: "outerwear" },
      { category: "shoes" },
      { category: "accessories" },
      { category: "home" },
      { category: "delicatessen", keepsHours: [3 * 24, 30 * 24] },
    ],
    brands: ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir"],
    price: { logMedian: 3.4, spread: 0.6, least: 5 },
    inventory: [20, 5_000],
  },
  grocery: {
    help: "bread, dairy, produce and meat that perish within days and are delivered anew, and a pantry that keeps",
    shelves: [
      { category: "bakery", keepsHours: [24, 3 * 24], isDelivered: true },
      { category: "dairy", keepsHours: [3 * 24, 10 * 24], isDelivered: true },
      { category: "produce", keepsHours: [2 * 24, 6 * 24], isDelivered: true },
      { category: "meat", keepsHours: [2 * 24, 5 * 24], isDelivered: true },
      { category: "pantry" },
      { category: "beverages" },
    ],
    brands: ["Farmhouse", "Meadow", "Orchard", "Harbour", "Mill"],
    price: { logMedian: 2.2, spread: 0.5, least: 2 },
    inventory: [5, 240],
  },
  electronics: {
    help: "devices and what goes with them; the outgoing generation loses its worth when the next is launched",
    shelves: [
      { category: "last-generation", keepsHours: [10 * 24, 12 * 24] },
      { category: "phones" },
      { category: "laptops" },
      { category: "audio" },
      { category: "accessories" },
    ],
    brands: ["Pinnacle", "Vertex", "Summit", "Crest"],
    price: { logMedian: 4.8, spread: 0.7, least: 10 },
    inventory: [10, 800],
  },
  fashion: {
    help: "clothes and shoes; some shoppers are customers of a partner bank, pay in several ways, and bought before",
    shelves: [
      { category: "outerwear" },
      { category: "dresses" },
      { category: "knitwear" },
      { category: "shoes" },
      { category: "accessories" },
    ],
    brands: ["Alder", "Birch", "Cedar", "Dogwood", "Elm"],
    price: { logMedian: 3.9, spread: 0.5, least: 10 },
    inventory: [5, 600],
    clientele: {
      partnerSegments: [
        ["bank-gold", 0.15],
        ["bank-classic", 0.2],
      ],
      paymentMethods: [
        ["card", 0.5],
        ["sepa", 0.3],
        ["wallet", 0.2],
      ],
      languages: [
        ["en", 0.6],
        ["de", 0.4],
      ],
      boughtBefore: 0.5,
      boughtDaysAgo: [35, 120],
    },
  },
} as const satisfies Readonly<Record<string, Assortment>>;

/** Name of a shop that can be played. */
export type AssortmentName = keyof typeof ASSORTMENTS;

/** The assortment of that name. */
export function assortmentOf(name: AssortmentName): Assortment {
  return ASSORTMENTS[name];
}
