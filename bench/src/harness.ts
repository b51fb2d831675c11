import { cpus, totalmem } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

const ROUNDS_MIN = 3;
const ROUNDS_MAX = 20;

/** Why a benchmark cannot run on this machine, in words for people. */
export class CannotRun extends Error {}

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
export async function inTurn<A, B = A>(
  rounds: number,
  a: () => Promise<A>,
  b: () => Promise<B>,
): Promise<{ a: A[]; b: B[] }> {
  const results: { a: A[]; b: B[] } = { a: [], b: [] };
  for (let round = 0; round < rounds; round += 1) {
    results.a.push(await a());
    results.b.push(await b());
  }
  return results;
}

/** One pair that does not count, then as many rounds in turn as fit into the time: at least 3, at most 20. */
export async function inTurnFor<A, B = A>(
  seconds: number,
  a: () => Promise<A>,
  b: () => Promise<B>,
): Promise<{ a: A[]; b: B[] }> {
  const startedMs = performance.now();
  await inTurn(1, a, b);
  const pairMs = performance.now() - startedMs;
  return inTurn(Math.min(ROUNDS_MAX, Math.max(ROUNDS_MIN, Math.floor((seconds * 1_000) / pairMs))), a, b);
}

/** A rate with its spread, for people. */
export function inWords({ min, median, max }: Spread, digits = 0): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
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

/** Node's garbage collector, which a flag makes known to contexts that are made after it. */
export function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this Node does not let its collector be called");
  return () => void Reflect.apply(collect, undefined, []);
}
