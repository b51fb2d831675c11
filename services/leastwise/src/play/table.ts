import { exponentOf, formatMoney, type CurrencyCode } from "@leastwise/vocabulary";
import type { LiftReportMetric } from "@leastwise/warehouse";
import type { Summary } from "./summary.js";

const LABEL_WIDTH = 22;

/** The table that a play ends with, as lines for a person. */
export function renderTable(summary: Summary): string {
  return [
    ...heading(summary),
    ...countsSection("events", summary.events.by_kind),
    ...countsSection("refused, by reason", summary.events.refused),
    ...countsSection("remarks", summary.events.warnings),
    ...countsSection("windows' verdicts", summary.events.verdicts),
    ...countsSection("the file", summary.file),
    "",
    row("subjects", count(summary.subjects)),
    ...decisions(summary),
    ...incentives(summary),
    ...campaigns(summary),
    ...lift(summary),
  ].join("\n");
}

function heading({ mode, source, policy_version: policy, seconds, events }: Summary): string[] {
  const what = Object.entries(source).map(([name, value]) => `${name} ${value}`);
  const title = mode === "replay" ? "Replay" : "Storefront";
  return [
    "",
    `${title} · ${what.join(" · ")}`,
    row("policy", policy),
    row("took", `${seconds.toFixed(1)} s`),
    row("events sent", count(events.sent)),
  ];
}

function countsSection(title: string, counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts);
  if (entries.length === 0) return [];
  return [
    "",
    title,
    ...entries.map(([name, value]) => `  ${name.padEnd(LABEL_WIDTH + 8)}${count(value).padStart(12)}`),
  ];
}

function decisions({ decisions: { answered, by_reason, degraded, latency_ms } }: Summary): string[] {
  return [
    row("decisions", count(answered)),
    row("latency, seen by us", `p50 ${millis(latency_ms.p50)}, p99 ${millis(latency_ms.p99)}`),
    ...countsSection("decisions, by outcome", by_reason),
    ...countsSection("degraded, by reason", degraded),
  ];
}

function incentives({ incentives: rows, spend, currency, mode }: Summary): string[] {
  const money = (minor: number) => formatMoney({ minor, currency });
  const title = mode === "replay" ? "what would have been offered" : "incentives, by kind and depth";
  const head = `  ${"kind".padEnd(18)}${"depth".padStart(9)}${"granted".padStart(10)}${"withheld".padStart(10)}${"face value".padStart(18)}`;
  const lines = rows.map(({ kind, depth_from_percent: from, granted, withheld, face_value_minor: face }) => {
    const depth = `${from}–${from + 5} %`;
    return `  ${kind.padEnd(18)}${depth.padStart(9)}${count(granted).padStart(10)}${count(withheld).padStart(10)}${money(face).padStart(18)}`;
  });
  return [
    "",
    title,
    head,
    ...(lines.length === 0 ? ["  none"] : lines),
    row("held for offers", money(spend.held_minor)),
    row("redeemed", `${count(spend.redeemed)} offers, ${money(spend.redeemed_minor)}`),
  ];
}

function campaigns({ campaigns: rows, currency }: Summary): string[] {
  if (rows.length === 0) return [];
  const head = `  ${"campaign".padEnd(22)}${"kind".padEnd(19)}${"granted".padStart(9)}${"withheld".padStart(10)}${"face value".padStart(18)}`;
  const lines = rows.map(({ campaign, kind, granted, withheld, face_value_minor: minor }) => {
    const face = formatMoney({ minor, currency }).padStart(18);
    return `  ${campaign.padEnd(22)}${kind.padEnd(19)}${count(granted).padStart(9)}${count(withheld).padStart(10)}${face}`;
  });
  return ["", "by campaign", head, ...lines];
}

function lift({ lift: report, is_aa_check: isCheck, currency }: Summary): string[] {
  if (report === null) return ["", "lift: no campaign of the policy names an experiment, so nobody was held out"];
  const { treatment, holdout } = report.subjects;
  const { sampleRatio } = report;
  const ratio = sampleRatio.pValue === undefined ? (sampleRatio.reason ?? "") : `p = ${sampleRatio.pValue.toFixed(3)}`;
  const alarm = sampleRatio.alarm ? "ALARM: believe no figure below" : "no alarm";
  return [
    "",
    isCheck
      ? "A/A check: no offer was made"
      : `lift, treatment − holdout, per enrolled subject, 95 % intervals, money in ${currency}`,
    row("subjects", `${count(treatment)} treatment, ${count(holdout)} holdout`),
    row("sample ratio", `${ratio} (${alarm})`),
    row(
      "mature",
      `${count(report.matureSubjects)}: their time to buy and to return is over, for the others more may come`,
    ),
    ...(report.ordersWithoutCost > 0
      ? [row("orders without cost", `${count(report.ordersWithoutCost)}, their revenue counted as margin`)]
      : []),
    `  ${"metric".padEnd(18)}${"treatment".padStart(12)}${"holdout".padStart(12)}${"difference".padStart(12)}${"interval".padStart(24)}${"relative".padStart(28)}`,
    ...report.metrics.map((metric) => liftRow(metric, currency)),
  ];
}

/** Metrics that are money, in minor units. */
const MONEY: ReadonlySet<string> = new Set(["revenue", "incentive_cost", "returns", "margin"]);

function liftRow({ metric, arms, difference, relative }: LiftReportMetric, currency: CurrencyCode): string {
  const digits = MONEY.has(metric) ? exponentOf(currency) : 0;
  const figure = (value: number | undefined) =>
    value === undefined ? "–" : (value / 10 ** digits).toFixed(digits === 0 ? 4 : digits);
  const change = percent(relative.estimate);
  const relativeText =
    relative.interval === undefined
      ? (relative.reason ?? "")
      : `${change} [${percent(relative.interval[0])}, ${percent(relative.interval[1])}]`;
  const interval =
    difference.interval === undefined
      ? (difference.reason ?? "")
      : `[${figure(difference.interval[0])}, ${figure(difference.interval[1])}]`;
  const means = [arms.treatment.mean, arms.holdout.mean, difference.estimate].map((mean) => figure(mean).padStart(12));
  return `  ${metric.padEnd(18)}${means.join("")}${interval.padStart(24)}${relativeText.padStart(28)}`;
}

function percent(share: number | undefined): string {
  return share === undefined ? "–" : `${(share * 100).toFixed(1)} %`;
}

function millis(value: number | null): string {
  return value === null ? "–" : `${value.toFixed(2)} ms`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${text}`;
}
