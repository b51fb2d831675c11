/** Durations kept for quantiles. A play has some ten thousand decisions, so all are kept; beyond the bound, none. */
const SAMPLES_MAX = 1_000_000;

/** Latencies of one kind of call, in milliseconds. */
export class Latencies {
  readonly #samples: number[] = [];

  add(durationMs: number): void {
    if (this.#samples.length < SAMPLES_MAX) this.#samples.push(durationMs);
  }

  get count(): number {
    return this.#samples.length;
  }

  /** The nearest-rank quantile; undefined without a sample. */
  quantile(q: number): number | undefined {
    const sorted = [...this.#samples].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  }
}
