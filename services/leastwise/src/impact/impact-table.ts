import type { ImpactReport, KindCount } from "@leastwise/decision";
import { formatMoney, type CurrencyCode } from "@leastwise/vocabulary";
import type { Comparison } from "./compare.js";

/** A table of what changes: a title, heads, and rows of as many cells. */
export interface ImpactTable {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Segments that are shown to people; `--json` has all. */
const SEGMENTS_SHOWN_MAX = 40;

/** What no replay knows. */
const ALWAYS_NOTES: readonly string[] = [
  'Shoppers act as they did: nobody buys, or waits, because of an offer. "used" counts offers that were good when their shopper bought anyhow.',
  "Expected cost is by the model's conversion; without a learned model that is a prior.",
];

/** What a clickstream does not tell. */
export const REPLAY_NOTES: readonly string[] = [
  ...ALWAYS_NOTES,
  "The file says nothing of profiles, consent, the catalog or partners: who had agreed is an option, and campaigns that need the rest give nothing.",
  "Arms are drawn with another key than the shop's: shares of shoppers are right, single shoppers are not.",
];

/** What a period of the log does not tell. */
export const LOG_NOTES: readonly string[] = [
  ...ALWAYS_NOTES,
  "Who bought is known of those who redeemed a code of ours: their orders are taken to be their newest carts, and orders without one use nothing.",
  "Budgets, caps and offers begin empty where the period begins, on both sides, and each side goes on with its own.",
];

/** The tables of a comparison, for the screen and for a page. */
export function impactTables({ report, before, after }: Comparison, currency: CurrencyCode): readonly ImpactTable[] {
  const money = (minor: number): string => formatMoney({ minor: Math.round(minor), currency });
  const { before: old, after: new_, decisions } = report;
  const count = (n: number): string => n.toLocaleString("en");
  const sides = (name: string, a: number, b: number, say: (n: number) => string) => [
    name,
    say(a),
    say(b),
    signed(b - a, say),
  ];
  return [
    {
      title: `${count(decisions)} carts`,
      heads: ["", old.policyVersion, new_.policyVersion, "change"],
      rows: [
        sides("decisions that offer something", old.offered, new_.offered, count),
        sides("withheld, to measure", old.withheld, new_.withheld, count),
        sides("offers issued", old.issued, new_.issued, count),
        sides("held for them at most", old.heldMinor, new_.heldMinor, money),
        sides("expected cost", old.expectedCostMinor, new_.expectedCostMinor, money),
        sides("used by who bought anyhow", before.offers, after.offers, count),
        sides("cost of those", before.costMinor, after.costMinor, money),
      ],
    },
    {
      title: "what is offered, by kind and depth",
      heads: ["", old.policyVersion, new_.policyVersion, "change"],
      rows: kindsOf(report).map(([name, a, b]) => sides(name, a, b, count)),
    },
    {
      title: "what blocked a rung, in decisions",
      heads: ["", old.policyVersion, new_.policyVersion, "change"],
      rows: blocksOf(report).map(([name, a, b]) => sides(name, a, b, count)),
    },
    {
      title: "who gains and who loses, by the new policy's segments",
      heads: ["", "decisions", "more", "less", "face value"],
      rows: report.segments
        .slice(0, SEGMENTS_SHOWN_MAX)
        .map(({ segment, decisions: of, gain, lose, faceValueChangeMinor }) => [
          segment === "" ? "all carts" : segment,
          ...[of, gain, lose].map(count),
          signed(faceValueChangeMinor, money),
        ]),
    },
  ].filter(({ rows }) => rows.length > 0);
}

/** The tables as lines for a person, and what they do not tell. */
export function renderImpact(comparison: Comparison, currency: CurrencyCode, notes: readonly string[]): string {
  const lines = impactTables(comparison, currency).flatMap(({ title, heads, rows }) => {
    const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? "").length)));
    const line = (cells: readonly string[]) =>
      cells
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ");
    return ["", title, `  ${line(heads)}`.trimEnd(), ...rows.map((row) => `  ${line(row)}`)];
  });
  return [...lines, "", "what this does not tell", ...notes.map((note) => `  - ${note}`)].join("\n");
}

function signed(change: number, say: (n: number) => string): string {
  return change > 0 ? `+${say(change)}` : change < 0 ? `−${say(-change)}` : "0";
}

type Pair = readonly [name: string, before: number, after: number];

function kindsOf({ before, after }: ImpactReport): readonly Pair[] {
  const nameOf = ({ kind, depthFromPercent }: KindCount) => `${kind} ${depthFromPercent}–${depthFromPercent + 5} %`;
  return pairs(
    before.kinds.map((one) => [nameOf(one), one.decisions] as const),
    after.kinds.map((one) => [nameOf(one), one.decisions] as const),
  );
}

function blocksOf({ before, after }: ImpactReport): readonly Pair[] {
  return pairs(
    before.blocked.map(({ reason, decisions }) => [reason, decisions] as const),
    after.blocked.map(({ reason, decisions }) => [reason, decisions] as const),
  );
}

function pairs(before: readonly (readonly [string, number])[], after: readonly (readonly [string, number])[]): Pair[] {
  const [old, new_] = [new Map(before), new Map(after)];
  return [...new Set([...old.keys(), ...new_.keys()])].map((name) => [name, old.get(name) ?? 0, new_.get(name) ?? 0]);
}
