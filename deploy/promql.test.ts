import { describe, expect, it } from "@jest/globals";
import { complaintsAbout, namesIn } from "./promql.js";

describe("complaintsAbout", () => {
  it.each([
    'sum by (method, code) (rate(leastwise_rpc_requests_total{code!="OK",job="scorer"}[5m]))',
    'histogram_quantile(0.99, sum by (le) (rate(leastwise_freshness_seconds_bucket{le="5"}[5m])))',
    'up{job="leastwise_nothing_total"}',
    'leastwise_consumer_lag_seconds{consumer!~"recorder.*"} > 30',
  ])("finds nothing wrong with %s", (expression) => {
    expect(complaintsAbout(expression)).toEqual([]);
  });

  it.each([
    ["rate(leastwise_rpc_request_total[5m])", "leastwise_rpc_request_total is not in the catalogue"],
    ["rate(leastwise_freshness_seconds[5m])", "leastwise_freshness_seconds is not in the catalogue"],
    ["leastwise_subjects_bucket", "leastwise_subjects_bucket is not in the catalogue"],
    ['leastwise_degraded_total{why="x"}', "leastwise_degraded_total has no label why"],
    ['leastwise_degraded_total{reason="moon"}', "reason of leastwise_degraded_total is never moon"],
    ['leastwise_rpc_requests_total{code=~"OK|FINE"}', "code of leastwise_rpc_requests_total is never FINE"],
    ['leastwise_rpc_duration_seconds_bucket{le="0.026"}', "leastwise_rpc_duration_seconds has no bucket up to 0.026"],
    ["sum by (colour) (leastwise_window_subjects)", "no metric here has the label colour"],
  ])("%s: %s", (expression, complaint) => {
    expect(complaintsAbout(expression)).toContain(complaint);
  });
});

it("namesIn tells metrics from recorded series", () => {
  expect(namesIn("leastwise:degraded:ratio_rate5m > leastwise_window_subjects")).toEqual({
    metrics: ["leastwise_window_subjects"],
    recorded: ["leastwise:degraded:ratio_rate5m"],
  });
});
