import { LogError } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";
import type { WindowCounts } from "@leastwise/windows";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { FeedMetrics } from "./feed-metrics.js";
import { counted, quietTelemetry } from "./given/shop.js";

const NOW = 100_000 as Millis;

let telemetry: ReturnType<typeof quietTelemetry>;
beforeEach(() => {
  telemetry = quietTelemetry();
});
afterEach(() => {
  telemetry.close();
});

interface Given {
  readonly progress: readonly { readonly nextOffset: number; readonly newestMs: number }[];
  readonly ends: readonly number[];
  readonly counts?: Partial<WindowCounts>;
}

function metricsOf({ progress, ends, counts = {} }: Given): FeedMetrics {
  const places = progress.map((place, partition) => ({ partition, ...place }));
  return new FeedMetrics({
    feed: { progress: () => places, subjectCount: 7, bytesInUse: 4_096, counted: (name) => counts[name] ?? 0 },
    log: { offsets: (_, partition) => Promise.resolve({ begin: 0, end: ends[partition]! }) },
    clock: { nowMs: () => NOW },
    metrics: telemetry.metrics,
  });
}

const NOTHING = { subjectCount: 7, bytesInUse: 0, counted: () => 0 };

const lag = async () => [
  await counted(telemetry, "leastwise_consumer_lag_records", "scorer-windows"),
  await counted(telemetry, "leastwise_consumer_lag_seconds", "scorer-windows"),
];

describe("how far the windows are behind", () => {
  it("is what the log has and they have not, and how long the oldest of it may have waited", async () => {
    const progress = [
      { nextOffset: 5, newestMs: NOW - 90_000 },
      { nextOffset: 8, newestMs: NOW - 4_000 },
    ];
    await metricsOf({ progress, ends: [5, 11] }).measure();
    expect(await lag()).toEqual([3, 4]);
  });

  it("is nothing in a shop where nothing happens, however long ago the last thing did", async () => {
    await metricsOf({ progress: [{ nextOffset: 5, newestMs: 0 }], ends: [5] }).measure();
    expect(await lag()).toEqual([0, 0]);
  });

  it("is of the partitions that are held alone", async () => {
    const ends = [100, 11];
    await new FeedMetrics({
      feed: { ...NOTHING, progress: () => [{ partition: 1, nextOffset: 8, newestMs: NOW - 4_000 }] },
      log: { offsets: (_, partition) => Promise.resolve({ begin: 0, end: ends[partition]! }) },
      clock: { nowMs: () => NOW },
      metrics: telemetry.metrics,
    }).measure();
    expect(await lag()).toEqual([3, 4]);
  });

  it("stays as it was while the log does not answer", async () => {
    await metricsOf({ progress: [{ nextOffset: 1, newestMs: NOW - 2_000 }], ends: [3] }).measure();
    const away = new FeedMetrics({
      feed: { ...NOTHING, progress: () => [{ partition: 0, nextOffset: 1, newestMs: 0 }] },
      log: { offsets: () => Promise.reject(new LogError("log_unavailable", "away", "retry")) },
      clock: { nowMs: () => NOW },
      metrics: telemetry.metrics,
    });
    await away.measure();
    expect(await lag()).toEqual([2, 2]);
  });
});

describe("what the windows hold", () => {
  it("is subjects, and ids that were forgotten too early, each counted once", async () => {
    const measured = metricsOf({ progress: [], ends: [], counts: { dedupOverflow: 3, evicted: 2, noRoom: 1 } });
    await measured.measure();
    await measured.measure();
    const page = await telemetry.render();
    expect(page).toContain("leastwise_window_subjects 7");
    expect(page).toContain("leastwise_window_bytes 4096");
    expect(page).toContain("leastwise_dedup_overflow_total 3");
    expect(page).toContain('leastwise_window_subjects_forgotten_total{reason="evicted"} 2');
    expect(page).toContain('leastwise_window_subjects_forgotten_total{reason="no_room"} 1');
  });
});
