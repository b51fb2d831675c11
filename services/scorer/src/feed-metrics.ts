import { TOPICS } from "@leastwise/contracts";
import { LogError, type EventLog } from "@leastwise/eventlog";
import type { Telemetry } from "@leastwise/telemetry";
import type { Clock } from "@leastwise/vocabulary";
import type { WindowCounts } from "@leastwise/windows";
import { CONSUMER, type WindowsFeed } from "./windows-feed.js";

/** What is measured, and with what. */
export interface FeedMetricsOptions {
  readonly feed: Pick<WindowsFeed, "progress" | "subjectCount" | "bytesInUse" | "counted">;
  readonly log: Pick<EventLog, "offsets">;
  readonly clock: Clock;
  readonly metrics: Telemetry["metrics"];
}

/**
 * Shows how far the windows are behind the log, and what they hold. It asks the log for its end: a consumer that stands still says so
 * nowhere itself. How long a record has waited at the most is the time since the newest one that is in the windows.
 */
export class FeedMetrics {
  readonly #options: FeedMetricsOptions;
  /** What was shown of each counter so far: the windows count from their beginning. */
  readonly #shown = new Map<keyof WindowCounts, number>();

  constructor(options: FeedMetricsOptions) {
    this.#options = options;
  }

  /** Measures once. A log that does not answer leaves the figures as they are: its own metrics tell of that. */
  async measure(): Promise<void> {
    const { feed, metrics } = this.#options;
    metrics.subjects.with({}).set(feed.subjectCount);
    metrics.windowBytes.with({}).set(feed.bytesInUse);
    metrics.dedupOverflow.with({}).add(this.#sinceShown("dedupOverflow"));
    metrics.subjectsForgotten.with({ reason: "expired" }).add(this.#sinceShown("expired"));
    metrics.subjectsForgotten.with({ reason: "evicted" }).add(this.#sinceShown("evicted"));
    metrics.subjectsForgotten.with({ reason: "no_room" }).add(this.#sinceShown("noRoom"));
    try {
      await this.#showLag();
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
    }
  }

  #sinceShown(name: keyof WindowCounts): number {
    const counted = this.#options.feed.counted(name);
    const more = counted - (this.#shown.get(name) ?? 0);
    this.#shown.set(name, counted);
    return more;
  }

  async #showLag(): Promise<void> {
    const { feed, log, clock, metrics } = this.#options;
    let records = 0;
    let waitedMs = 0;
    for (const { partition, nextOffset, newestMs } of feed.progress()) {
      const { begin, end } = await log.offsets(TOPICS.clickstream, partition);
      const behind = Math.max(0, end - Math.max(begin, nextOffset));
      records += behind;
      if (behind > 0 && Number.isFinite(newestMs)) waitedMs = Math.max(waitedMs, clock.nowMs() - newestMs);
    }
    const labels = { consumer: CONSUMER, topic: TOPICS.clickstream };
    metrics.consumerLagRecords.with(labels).set(records);
    metrics.consumerLagSeconds.with(labels).set(waitedMs / 1_000);
  }
}
