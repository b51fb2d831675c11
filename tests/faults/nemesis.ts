import { happens, oneOf, RandomStreams, wholeNumber, type Xoshiro128 } from "@leastwise/testkit";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault, Struck } from "./faults/fault.js";
import type { System } from "./system.js";
import type { ToldFile } from "./told.js";

/** Between one fault's end and the next one's blow, ms: longer than the verifier's grace, so that there are moments at which all must be well. */
const CALM_MS = 9_000;

/** How often a second fault is done beside the first, after each kind has had its turn. */
const TOGETHER = 0.3;

/** A blow to come. */
export interface Blow {
  readonly fault: Fault;
  /** Chooses what is struck. */
  readonly draw: number;
  readonly lastsMs: number;
  /** One that is done at the same time, of something else. */
  readonly beside: Blow | undefined;
}

export interface NemesisOptions {
  readonly seed: string;
  readonly faults: readonly Fault[];
  /** No blow begins later, save that each kind has its turn once. */
  readonly forMs: number;
  readonly system: System;
  readonly told: ToldFile;
  readonly onProgress: (line: string) => void;
}

/** The blows of a seed, without end: all kinds in a drawn order, and again in another. */
export function* blows(seed: string, faults: readonly Fault[]): Generator<Blow, never, undefined> {
  const random = new RandomStreams(seed).stream("nemesis");
  for (let round = 0; ; round += 1) {
    for (const fault of shuffled(random, faults)) {
      const others = faults.filter(({ takes }) => takes !== fault.takes);
      const isAlone = round === 0 || others.length === 0 || !happens(random, TOGETHER);
      yield blow(random, fault, isAlone ? undefined : blow(random, oneOf(random, others), undefined));
    }
  }
}

function blow(random: Xoshiro128, fault: Fault, beside: Blow | undefined): Blow {
  return { fault, draw: random.nextUnit(), lastsMs: wholeNumber(random, ...fault.lastsMs), beside };
}

function shuffled<T>(random: Xoshiro128, items: readonly T[]): readonly T[] {
  const left = [...items];
  return items.map(() => left.splice(wholeNumber(random, 0, left.length - 1), 1)[0]!);
}

/** Strikes, waits, mends and leaves alone, again and again. Resolves when all is mended. Rejects when something does not come back. */
export async function torment(options: NemesisOptions): Promise<void> {
  const untilMs = performance.now() + options.forMs;
  let done = 0;
  await delay(CALM_MS);
  for (const next of blows(options.seed, options.faults)) {
    if (performance.now() > untilMs && done >= options.faults.length) return;
    await Promise.all([next, ...(next.beside === undefined ? [] : [next.beside])].map((one) => strike(one, options)));
    await delay(CALM_MS);
    done += 1;
  }
}

async function strike({ fault, draw, lastsMs }: Blow, { system, told, onProgress }: NemesisOptions): Promise<void> {
  const fromMs = Date.now();
  let struck: Struck | undefined;
  try {
    struck = await fault.strike(system, draw);
    onProgress(`${fault.kind}: ${struck.on}`);
    await delay(lastsMs);
    await struck.heal();
    onProgress(`${fault.kind}: mended after ${Math.round((Date.now() - fromMs) / 100) / 10} s`);
  } finally {
    told.add({ told: "fault", kind: fault.kind, on: struck?.on ?? "", fromMs, toMs: Date.now() });
  }
}
