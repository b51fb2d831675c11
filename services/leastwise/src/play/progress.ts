import type { Writable } from "node:stream";

/** Least time between two plain lines: a log file wants few, and fewer the longer it takes. */
const PLAIN_INTERVAL_MS = 2_000;
const PLAIN_INTERVAL_SHARE = 0.1;
/** Least time between two updates of a terminal's line. */
const TERMINAL_INTERVAL_MS = 100;

export interface ProgressOptions {
  /** Where it is shown: standard error, so that standard output stays the result's. */
  readonly stream: Writable & { readonly isTTY?: boolean };
  /** What is counted, in the plural: `events`. */
  readonly unit: string;
  /** How many there will be; undefined if nobody knows yet. */
  readonly total: number | undefined;
  /** A monotonic clock in milliseconds. */
  readonly nowMs: () => number;
}

/** Progress with rate and time left: one line that rewrites itself on a terminal, plain lines elsewhere. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #startedMs: number;
  readonly #intervalMs: number;
  #shownMs: number;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#startedMs = options.nowMs();
    this.#intervalMs = options.stream.isTTY === true ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS;
    this.#shownMs = this.#startedMs;
  }

  /**
   * Shows how far it is, if it is time to. Cheap enough to call for every event.
   *
   * @param share how much is over, 0 to 1, where that is not told by the number of what is done
   */
  at(done: number, remark: () => string, share?: number): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#shownMs < this.#intervalAt(nowMs)) return;
    this.#shownMs = nowMs;
    this.#show(this.#line(done, remark(), nowMs, share ?? this.#shareOf(done)));
  }

  /** Shows the end, whatever the time. */
  finish(done: number, remark: string): void {
    this.#show(this.#line(done, remark, this.#options.nowMs(), 1));
    if (this.#options.stream.isTTY === true) this.#options.stream.write("\n");
  }

  #intervalAt(nowMs: number): number {
    if (this.#options.stream.isTTY === true) return this.#intervalMs;
    return Math.max(this.#intervalMs, PLAIN_INTERVAL_SHARE * (nowMs - this.#startedMs));
  }

  #shareOf(done: number): number | undefined {
    const { total } = this.#options;
    return total === undefined || total === 0 ? undefined : done / total;
  }

  #line(done: number, remark: string, nowMs: number, share: number | undefined): string {
    const elapsedSeconds = Math.max(nowMs - this.#startedMs, 1) / 1_000;
    const rate = `${Math.round(done / elapsedSeconds).toLocaleString("en")}/s`;
    const percent = share === undefined ? "" : ` ${Math.floor(100 * Math.min(1, share))} %`;
    const isUnderWay = share !== undefined && share > 0 && share < 1;
    const left = isUnderWay ? `, ${sayDuration((elapsedSeconds * (1 - share)) / share)} left` : "";
    return `${done.toLocaleString("en")} ${this.#options.unit}${percent}, ${rate}${left}${remark === "" ? "" : ` · ${remark}`}`;
  }

  #show(line: string): void {
    const { stream } = this.#options;
    stream.write(stream.isTTY === true ? `\r\u001b[2K${line}` : `${line}\n`);
  }
}

function sayDuration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return `${Math.ceil(seconds / 60)} min`;
}
