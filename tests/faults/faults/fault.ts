import type { System } from "../system.js";

/** What was done, and how it is mended. */
export interface Struck {
  /** What was struck: `scorer-2`, `broker 1`. */
  readonly on: string;
  /** Resolves when all that was struck serves again. */
  heal(): Promise<void>;
}

/** One kind of fault. */
export interface Fault {
  readonly kind: string;
  /** What it takes away: two faults that take from the same are never done at once. */
  readonly takes: "scorer" | "broker" | "recorder" | "collector";
  /** For how long it lasts before it is mended, least and most, ms. */
  readonly lastsMs: readonly [number, number];
  /** Does it. `draw` chooses what is struck, 0 to 1 without 1. */
  strike(system: System, draw: number): Promise<Struck>;
}

/** The item that a draw chooses. */
export function chosen<T>(items: readonly T[], draw: number): T {
  const item = items[Math.floor(draw * items.length)];
  if (item === undefined) throw new RangeError("nothing to choose from");
  return item;
}
