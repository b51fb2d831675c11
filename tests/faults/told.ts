import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** Who acts: as a shop names them to a door. */
export interface Ids {
  readonly userId?: string;
  readonly anonymousId?: string;
}

/** From when to when, Unix ms of the process that drives the run. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** An event, and what its sender knows of it. */
export interface EventTold extends Span {
  readonly told: "event";
  /** `http`: the collector's. `raw`: the shop wrote it to the log itself, and the brokers acknowledged it. */
  readonly door: "http" | "raw";
  readonly eventId: string;
  readonly kind: string;
  readonly ids: Ids;
  /** `unknown`: no answer was heard to the last try. `refused`: the door found something wrong with it, which is no fault's doing. */
  readonly outcome: "acknowledged" | "unknown" | "refused";
  /** Where it stands, as the collector said; empty unless it acknowledged it. */
  readonly position: string;
}

/** One try of one Decide at one scorer. A client tries elsewhere after a failure: each try is a line. */
export interface DecideTold extends Span {
  readonly told: "decide";
  /** The scorer that was asked. */
  readonly at: string;
  readonly requestId: string;
  readonly ids: Ids;
  readonly answer?: AnswerTold;
  readonly failure?: FailureTold;
}

/** What of an answer can be held against the log. */
export interface AnswerTold {
  /** Empty: nothing was recorded of it. */
  readonly decisionId: string;
  readonly freshness: "fresh" | "stale" | "degraded";
  readonly degradedReason: string;
  readonly staleMs: number;
  readonly offer?: OfferTold;
}

/** An offer as the shopper was told it. */
export interface OfferTold {
  readonly offerId: string;
  readonly code: string;
  readonly campaignId: string;
}

/** Why a call brought no answer. */
export interface FailureTold {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
}

/** One try of one redemption. */
export interface RedeemTold extends Span {
  readonly told: "redeem";
  readonly at: string;
  readonly offerId: string;
  readonly orderId: string;
  readonly key: string;
  /** What it took off, minor units, and whether it was a repeat; absent where it failed. */
  readonly taken?: { readonly discountMinor: number; readonly replayed: boolean };
  readonly failure?: FailureTold;
}

/** A fault, from its blow until all that it struck is mended. */
export interface FaultTold extends Span {
  readonly told: "fault";
  readonly kind: string;
  /** What it struck. */
  readonly on: string;
}

/** A moment in a process's life, as it was done to it or seen of it. */
export interface ServiceTold {
  readonly told: "service";
  readonly service: string;
  readonly atMs: number;
  /** `failed`: it ended by itself. `serves`: it has said so, or goes on after a pause. */
  readonly what: "killed" | "paused" | "stopping" | "failed" | "serves";
}

/** The load has begun or ended. */
export interface LoadTold {
  readonly told: "load";
  readonly atMs: number;
  readonly what: "begins" | "ends";
}

/** A line of what was told. */
export type Told = EventTold | DecideTold | RedeemTold | FaultTold | ServiceTold | LoadTold;

/** What callers were told and what was done to whom, line by line as it happens: each stands in the file before anything follows from it. */
export class ToldFile {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  add(line: Told): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** All lines of a file, as they were written. */
export function readTold(path: string): readonly Told[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Told);
}
