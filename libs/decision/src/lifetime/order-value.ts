/**
 * Parameters of the gamma-gamma model of what shoppers spend on a day with an order: amounts of one shopper are gamma distributed with shape `p`, and their
 * rates over shoppers gamma distributed with shape `q` and rate `v`, which is an amount in minor units. All positive, `q` above 1.
 */
export interface GammaGamma {
  readonly p: number;
  readonly q: number;
  readonly v: number;
}

/**
 * What a shopper is expected to spend on a day with an order, minor units: their own mean, drawn towards that of all by as much as little is known of them
 * (Fader and Hardie 2013, "The gamma-gamma model of monetary value", equation 5).
 *
 * @param days days with an order that the mean is of, 0 or more
 * @param meanMinor mean of what was spent on them, minor units; of none, whatever it is
 */
export function expectedSpendMinor({ p, q, v }: GammaGamma, days: number, meanMinor: number): number {
  if (days <= 0) return (p * v) / (q - 1);
  return (p * (v + days * meanMinor)) / (p * days + q - 1);
}
