import { cpus, totalmem } from "node:os";

/** A figure of a benchmark: a number with its unit last in the name, or null where it could not be measured. */
export type Figures = Readonly<Record<string, number | null>>;

export interface BenchOptions {
  /** How long the measured part may take, all rounds together. */
  readonly seconds: number;
  /** Prints a line for people, on standard error. */
  readonly say: (line: string) => void;
}

/** One benchmark: measures, in one run and in turn, and returns its figures. */
export interface Bench {
  readonly name: string;
  /** One line for `--list`. */
  readonly summary: string;
  run(options: BenchOptions): Promise<Figures>;
}

/** Smallest, middle and largest of some measurements. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** The spread of at least one measurement. */
export function spreadOf(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new RangeError("no samples");
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { min: at(0), median, max: at(sorted.length - 1) };
}

/** The value that a share of at least one measurement does not exceed: nearest rank. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = Float64Array.from(samples).sort();
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError("no samples");
  return value;
}

/** The three figures of a spread under one name. */
export function figuresOf(name: string, { min, median, max }: Spread): Figures {
  return { [name]: median, [`${name}_min`]: min, [`${name}_max`]: max };
}

/** Runs A and B in turn, so that a machine whose speed drifts is unfair to neither. */
export async function inTurn<T>(rounds: number, a: () => Promise<T>, b: () => Promise<T>): Promise<{ a: T[]; b: T[] }> {
  const results: { a: T[]; b: T[] } = { a: [], b: [] };
  for (let round = 0; round < rounds; round += 1) {
    results.a.push(await a());
    results.b.push(await b());
  }
  return results;
}

/** What the figures were measured on. */
export function machine(): Record<string, string | number> {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memory_bytes: totalmem(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
  };
}
