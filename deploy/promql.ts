import { CATALOGUE, type MetricSpec } from "@leastwise/telemetry";

/** Labels that Prometheus or a scrape adds to every series. */
const SCRAPE_LABELS = ["job", "instance"];
/** What a histogram is stored as. */
const HISTOGRAM_SUFFIXES = ["_bucket", "_sum", "_count"];

const SPECS: ReadonlyMap<string, MetricSpec> = new Map(
  Object.values<MetricSpec>(CATALOGUE).map((spec) => [spec.name, spec]),
);

/** Names of this project that an expression uses: metrics (`leastwise_…`) and recorded series (`leastwise:…`). */
export function namesIn(expression: string): { readonly metrics: string[]; readonly recorded: string[] } {
  const names = withoutTexts(expression).match(/\bleastwise[_:][A-Za-z0-9_:]+/g) ?? [];
  return {
    metrics: names.filter((name) => name.startsWith("leastwise_")),
    recorded: names.filter((name) => name.startsWith("leastwise:")),
  };
}

/** What an expression says that the catalogue does not bear out, in words. */
export function complaintsAbout(expression: string): string[] {
  return [
    ...namesIn(expression)
      .metrics.filter((name) => specOf(name) === undefined)
      .map((name) => `${name} is not in the catalogue`),
    ...complaintsAboutSelectors(expression),
    ...complaintsAboutGroupings(expression),
  ];
}

function complaintsAboutSelectors(expression: string): string[] {
  const complaints: string[] = [];
  for (const [, name = "", matchers = ""] of expression.matchAll(/\b(leastwise_\w+)\{((?:[^"}]|"[^"]*")*)\}/g)) {
    const spec = specOf(name);
    if (spec === undefined) continue;
    for (const [, label = "", operator = "", value = ""] of matchers.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)) {
      if (!labelsOf(name).includes(label)) complaints.push(`${name} has no label ${label}`);
      const bound = spec.labels[label];
      const isPlain = operator.includes("~") ? /^[\w|]+$/.test(value) : true;
      if (bound?.kind !== "closed" || !isPlain) continue;
      const values = operator.includes("~") ? value.split("|") : [value];
      for (const each of values.filter((each) => !bound.values.includes(each))) {
        complaints.push(`${label} of ${name} is never ${each}`);
      }
    }
    if (name.endsWith("_bucket")) complaints.push(...complaintsAboutBounds(spec, matchers));
  }
  return complaints;
}

function complaintsAboutBounds(spec: MetricSpec, matchers: string): string[] {
  const bound = /\ble="([^"]*)"/.exec(matchers)?.[1];
  if (bound === undefined || spec.type !== "histogram" || spec.buckets.includes(Number(bound))) return [];
  return [`${spec.name} has no bucket up to ${bound}`];
}

/** A label that an expression groups by must be one of some metric in it. */
function complaintsAboutGroupings(expression: string): string[] {
  const { metrics } = namesIn(expression);
  if (metrics.length === 0) return [];
  const known = new Set(metrics.flatMap(labelsOf));
  const grouped = [...expression.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, labels = ""]) =>
    labels.split(",").map((label) => label.trim()),
  );
  return grouped.filter((label) => !known.has(label)).map((label) => `no metric here has the label ${label}`);
}

function labelsOf(name: string): string[] {
  const spec = specOf(name);
  const own = spec === undefined ? [] : Object.keys(spec.labels);
  return [...own, ...SCRAPE_LABELS, ...(name.endsWith("_bucket") ? ["le"] : [])];
}

function specOf(name: string): MetricSpec | undefined {
  const suffix = HISTOGRAM_SUFFIXES.find((each) => name.endsWith(each) && SPECS.has(name.slice(0, -each.length)));
  const spec = SPECS.get(suffix === undefined ? name : name.slice(0, -suffix.length));
  // The name of a histogram alone is no series.
  return spec !== undefined && (spec.type === "histogram") === (suffix !== undefined) ? spec : undefined;
}

function withoutTexts(expression: string): string {
  return expression.replace(/"[^"]*"/g, '""');
}
