/** Basis points, to two decimals: `12.50 %`. */
export function percent(bp: number): string {
  return `${(bp / 100).toFixed(2)} %`;
}

/** To three decimals, with its sign. */
export function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}
