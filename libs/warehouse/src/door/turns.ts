import { DoorError } from "./door-error.js";

/** Lets so many run at once, has so many wait in order, and refuses the rest (202). */
export class Turns {
  #running = 0;
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];

  constructor(runningMax: number, waitingMax: number) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#runningMax) this.#running += 1;
    else {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new DoorError(202, "TOO_MANY_SIMULTANEOUS_QUERIES", "Too many simultaneous queries; try again later.");
      }
      // The one who leaves hands its place over, so that nobody who comes later gets ahead.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
