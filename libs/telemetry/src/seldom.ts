/** Lines that come at once, and then once so often while it goes on: a log line for each of thousands of failures a minute helps nobody, and their number is a metric. */
export class Seldom {
  readonly #everyMs: number;
  readonly #nowMs: () => number;
  readonly #said = new Map<string, { atMs: number; leftOut: number }>();

  /** @param nowMs a clock that never goes back, ms */
  constructor(everyMs: number, nowMs: () => number = () => performance.now()) {
    this.#everyMs = everyMs;
    this.#nowMs = nowMs;
  }

  /**
   * @param kind what lines of one kind share; one of a small closed set, such as an error's code: each is remembered
   * @param say says the line; `leftOut` is how many of its kind have not been said since the last, 0 at the first
   */
  say(kind: string, say: (leftOut: number) => void): void {
    const nowMs = this.#nowMs();
    const said = this.#said.get(kind);
    if (said !== undefined && nowMs - said.atMs < this.#everyMs) {
      said.leftOut += 1;
      return;
    }
    this.#said.set(kind, { atMs: nowMs, leftOut: 0 });
    say(said?.leftOut ?? 0);
  }
}
