import type { Clock, Millis } from "@leastwise/vocabulary";

/** The wall clock: production's. */
export const WALL_CLOCK: Clock = {
  nowMs: () => Date.now() as Millis,
};

/** The log as the clock: the newest event's time is now. For replay and simulation, where a month plays in seconds. */
export class EventClock implements Clock {
  #nowMs: Millis;

  constructor(startMs: Millis) {
    this.#nowMs = startMs;
  }

  nowMs(): Millis {
    return this.#nowMs;
  }

  /** Moves on to an event's time; never back. */
  advance(toMs: Millis): void {
    if (toMs > this.#nowMs) this.#nowMs = toMs;
  }
}
