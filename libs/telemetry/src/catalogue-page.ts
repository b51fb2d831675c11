import { CATALOGUE, type MetricSpec } from "./catalogue.js";
import type { LabelBound } from "./label-sets.js";

/** The catalogue as a page for people (METRICS.md), in Markdown. */
export function renderCataloguePage(): string {
  const specs: readonly MetricSpec[] = Object.values(CATALOGUE);
  return `${INTRODUCTION}\n${specs.map(describeMetric).join("\n")}`;
}

const INTRODUCTION = `# Metrics

Generated from \`libs/telemetry/src/catalogue.ts\`; \`npm run generate -w libs/telemetry\` writes it anew, and a test fails while
it is stale. Beside these every process shows the usual \`process_*\` and \`nodejs_*\` metrics of prom-client.

A label's value outside of its bound shows as \`other\`, and is counted in \`leastwise_label_values_other_total\`. Counters are
of one process and start at 0 with it. A metric without series yet shows only its help.
`;

function describeMetric(spec: MetricSpec): string {
  const labels = Object.entries(spec.labels).map(([name, bound]) => `- \`${name}\`: ${describeBound(bound)}`);
  const buckets = spec.type === "histogram" ? [`- buckets up to: ${spec.buckets.join(", ")}`] : [];
  const facts = [...labels, ...buckets];
  return `## \`${spec.name}\`

A ${spec.type}. ${spec.help}
${facts.length === 0 ? "" : `\n${facts.join("\n")}\n`}`;
}

function describeBound(bound: LabelBound): string {
  if (bound.kind === "open") return `${bound.meaning}; at most ${bound.valuesMax} values a process`;
  return `one of ${bound.values.map((value) => `\`${value}\``).join(", ")}`;
}
