import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Metrics } from "./metrics.js";

/** A reading covers at least this long, so that a person who looks at the page does not empty it for Prometheus. */
const READING_MIN_MS = 5_000;
const NANOSECONDS = 1e9;

/** Watches how late the event loop runs what was due. */
export interface EventLoopDelay {
  /** Brings the gauges up to date; called when the page is asked for. */
  refresh(): void;
  /** Stops watching. */
  stop(): void;
}

/**
 * Starts watching with Node's own histogram (`perf_hooks.monitorEventLoopDelay`, 10 ms resolution). The monitor's
 * regular interval is part of what it measures, so it is taken off: an idle loop shows about 0.
 *
 * @param nowMs a monotonic clock, in milliseconds
 */
export function watchEventLoopDelay(metrics: Metrics, nowMs: () => number = () => performance.now()): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const p50 = metrics.eventLoopDelay.with({ figure: "p50" });
  const p99 = metrics.eventLoopDelay.with({ figure: "p99" });
  const max = metrics.eventLoopDelay.with({ figure: "max" });
  let sinceMs = nowMs();
  histogram.enable();
  return {
    refresh() {
      if (histogram.count > 0) {
        p50.set(delaySeconds(histogram.percentile(50)));
        p99.set(delaySeconds(histogram.percentile(99)));
        max.set(delaySeconds(histogram.max));
      }
      if (nowMs() - sinceMs < READING_MIN_MS) return;
      histogram.reset();
      sinceMs = nowMs();
    },
    stop() {
      histogram.disable();
    },
  };
}

const RESOLUTION_MS = 10;

function delaySeconds(intervalNanoseconds: number): number {
  return Math.max(0, intervalNanoseconds / NANOSECONDS - RESOLUTION_MS / 1_000);
}
