import { describe, expect, it } from "@jest/globals";
import { Registry } from "prom-client";
import { CATALOGUE, type MetricSpec } from "./catalogue.js";
import { createMetrics } from "./metrics.js";

const CALL = { service: "leastwise.v1.DecisionService", method: "Decide" };

async function pageOf(count: (metrics: ReturnType<typeof createMetrics>) => void): Promise<string[]> {
  const registry = new Registry();
  count(createMetrics(registry));
  return (await registry.metrics()).split("\n");
}

describe("the catalogue", () => {
  const specs: readonly MetricSpec[] = Object.values(CATALOGUE);

  it("names every metric once, by Prometheus' naming practice", () => {
    expect(new Set(specs.map(({ name }) => name)).size).toBe(specs.length);
    for (const { name, type, help } of specs) {
      expect(name).toMatch(/^leastwise_[a-z][a-z0-9_]*$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
      expect(help).toMatch(/^\S.*\.$/);
    }
  });

  it("bounds every label, and no set is empty or holds a value twice", () => {
    for (const { labels } of specs) {
      for (const bound of Object.values(labels)) {
        if (bound.kind === "open") expect(bound.valuesMax).toBeGreaterThan(0);
        else expect(new Set(bound.values).size).toBe(bound.values.length);
        if (bound.kind === "closed") expect(bound.values.length).toBeGreaterThan(0);
      }
    }
  });

  it("has buckets that rise", () => {
    for (const spec of specs) {
      if (spec.type !== "histogram") continue;
      expect([...spec.buckets].sort((a, b) => a - b)).toEqual([...spec.buckets]);
    }
  });
});

describe("metrics", () => {
  it("count under the catalogue's name and labels", async () => {
    const page = await pageOf((metrics) => {
      metrics.rpcRequests.with({ ...CALL, code: "OK" }).add();
      metrics.rpcRequests.with({ ...CALL, code: "OK" }).add(2);
      metrics.subjects.with({}).add(3);
      metrics.subjects.with({}).add(-1);
      metrics.consumerLagSeconds.with({ consumer: "scorer", topic: "clickstream" }).set(1.5);
      metrics.rpcDuration.with(CALL).observe(0.02);
    });
    const call = 'service="leastwise.v1.DecisionService",method="Decide"';
    expect(page).toContain(`leastwise_rpc_requests_total{${call},code="OK"} 3`);
    expect(page).toContain("leastwise_window_subjects 2");
    expect(page).toContain('leastwise_consumer_lag_seconds{consumer="scorer",topic="clickstream"} 1.5');
    expect(page).toContain(`leastwise_rpc_duration_seconds_count{${call}} 1`);
  });

  it("show a value outside of a closed set as other, and count that", async () => {
    const page = await pageOf((metrics) => {
      metrics.degraded.with({ reason: "the moon" }).add();
    });
    expect(page).toContain('leastwise_degraded_total{reason="other"} 1');
    expect(page).toContain('leastwise_label_values_other_total{metric="leastwise_degraded_total",label="reason"} 1');
  });

  it("show other once an open label has as many values as it may", async () => {
    const page = await pageOf((metrics) => {
      for (let index = 0; index < 70; index += 1) metrics.eventsRefused.with({ reason: `reason_${index}` }).add();
      metrics.eventsRefused.with({ reason: "reason_3" }).add();
    });
    const series = page.filter((line) => line.startsWith("leastwise_events_refused_total{"));
    expect(series).toHaveLength(65);
    expect(page).toContain('leastwise_events_refused_total{reason="reason_3"} 2');
    expect(page).toContain('leastwise_events_refused_total{reason="other"} 6');
  });

  it("show no sentence, e-mail or line break as a label", async () => {
    const page = await pageOf((metrics) => {
      metrics.eventsRefused.with({ reason: "jo@example.com" }).add();
      metrics.eventsRefused.with({ reason: 'a"\nb' }).add();
    });
    expect(page.join("\n")).not.toContain("example.com");
    expect(page).toContain('leastwise_events_refused_total{reason="other"} 2');
  });

  it("forget the series of a cleared metric, and go on with the ones still held", async () => {
    const page = await pageOf((metrics) => {
      const held = metrics.consumerLagRecords.with({ consumer: "scorer", topic: "clickstream" });
      metrics.consumerLagRecords.with({ consumer: "scorer", topic: "links" }).set(7);
      metrics.consumerLagRecords.clear();
      held.set(4);
    });
    expect(page.filter((line) => line.startsWith("leastwise_consumer_lag_records{"))).toEqual([
      'leastwise_consumer_lag_records{consumer="scorer",topic="clickstream"} 4',
    ]);
  });
});
