import type { Writable } from "node:stream";

/** Least time between two plain lines: a log file wants few. */
const PLAIN_INTERVAL_MS = 2_000;
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

  /** Shows how far it is, if it is time to. Cheap enough to call for every event. */
  at(done: number, remark: () => string): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#shownMs < this.#intervalMs) return;
    this.#shownMs = nowMs;
    this.#show(this.#line(done, remark(), nowMs));
  }

  /** Shows the end, whatever the time. */
  finish(done: number, remark: string): void {
    this.#show(this.#line(done, remark, this.#options.nowMs()));
    if (this.#options.stream.isTTY === true) this.#options.stream.write("\n");
  }

  #line(done: number, remark: string, nowMs: number): string {
    const { total, unit } = this.#options;
    const elapsedSeconds = Math.max(nowMs - this.#startedMs, 1) / 1_000;
    const rate = done / elapsedSeconds;
    const share = total === undefined || total === 0 ? "" : ` ${Math.min(100, Math.floor((100 * done) / total))} %`;
    const left =
      total === undefined || rate === 0 || done >= total ? "" : `, ${sayDuration((total - done) / rate)} left`;
    return `${done.toLocaleString("en")} ${unit}${share}, ${Math.round(rate).toLocaleString("en")}/s${left}${remark === "" ? "" : ` · ${remark}`}`;
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
