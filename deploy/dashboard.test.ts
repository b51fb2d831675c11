import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { CATALOGUE, type MetricSpec } from "@leastwise/telemetry";
import { parse } from "yaml";
import { complaintsAbout, namesIn } from "./promql.js";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string }[];
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const { panels } = JSON.parse(read("grafana/dashboards/leastwise.json")) as { panels: Panel[] };
const sources = parse(read("grafana/provisioning/datasources/prometheus.yml")) as { datasources: { uid: string }[] };
const recording = read("prometheus/rules/recording.yml");
const charts = panels.filter(({ type }) => type !== "row").map((panel) => [panel.title, panel] as const);

/** What only a person at a prompt asks for; everything else has a panel. */
const WITHOUT_PANEL = ["leastwise_build_info", "leastwise_label_values_other_total"];

describe("the dashboard", () => {
  it("gives each panel an id, a title and a place of its own", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it.each(charts)("%s asks a source that is provisioned, for what there is", (_title, { datasource, targets = [] }) => {
    expect(sources.datasources.map(({ uid }) => uid)).toContain(datasource?.uid);
    expect(targets.length).toBeGreaterThan(0);
    for (const { expr } of targets) {
      expect(complaintsAbout(expr)).toEqual([]);
      for (const name of namesIn(expr).recorded) expect(recording).toContain(`record: ${name}\n`);
    }
  });

  it("shows every metric of the catalogue, but those for a prompt", () => {
    const shown = JSON.stringify(panels);
    const missing = Object.values<MetricSpec>(CATALOGUE)
      .map(({ name }) => name)
      .filter((name) => !shown.includes(name));
    expect(missing.sort()).toEqual([...WITHOUT_PANEL].sort());
  });
});

it("alerts that send to a panel send to one that is there", () => {
  const titles = panels.map(({ title }) => title);
  const mentioned = [...read("prometheus/rules/alerts.yml").matchAll(/[Pp]anel \\?"([^"\\]+)\\?"/g)].map(
    ([, title = ""]) => title,
  );
  expect(mentioned.length).toBeGreaterThan(0);
  for (const title of mentioned) expect(titles).toContain(title);
});
