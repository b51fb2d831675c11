import type { CurrencyCode, Millis } from "@leastwise/vocabulary";
import { liftReport, type LiftReport, type Warehouse } from "@leastwise/warehouse";
import type { Ports } from "../host/host.js";
import type { Tally } from "./tally.js";

/** What a play came to: what the table shows, and `--json` prints. Money is in minor units of `currency`. */
export interface Summary {
  readonly mode: "storefront" | "replay";
  /** File and format of a replay; assortment, seed, shoppers and days of the storefront. */
  readonly source: Readonly<Record<string, string | number>>;
  readonly policy_version: string;
  readonly currency: CurrencyCode;
  readonly seconds: number;
  readonly events: {
    readonly sent: number;
    readonly accepted: number;
    readonly by_kind: Readonly<Record<string, number>>;
    readonly refused: Readonly<Record<string, number>>;
    readonly warnings: Readonly<Record<string, number>>;
    /** Windows' verdicts: how many counted, how many were repeats. */
    readonly verdicts: Readonly<Record<string, number>>;
  };
  /** What the reader of a file says of its rows; empty for the storefront. */
  readonly file: Readonly<Record<string, number>>;
  readonly subjects: number;
  readonly decisions: {
    readonly answered: number;
    readonly by_reason: Readonly<Record<string, number>>;
    readonly degraded: Readonly<Record<string, number>>;
    readonly latency_ms: { readonly p50: number | null; readonly p99: number | null };
  };
  /** What was given or, in a replay and for held-out subjects, would have been. */
  readonly incentives: readonly IncentiveRow[];
  /** The same by campaign, and what was owed; a campaign from which nothing came has no row. */
  readonly campaigns: readonly CampaignRow[];
  readonly spend: { readonly held_minor: number; readonly redeemed_minor: number; readonly redeemed: number };
  /** Null: the policy has no experiment, so that nobody was held out to compare with. */
  readonly lift: LiftReport | null;
  /** True for a replay: nothing was offered, so that any difference of the arms is chance. */
  readonly is_aa_check: boolean;
  readonly ports: Ports;
}

/** Incentives of one kind and depth. */
export interface IncentiveRow {
  readonly kind: string;
  /** Share of the cart's goods, whole per cent, from … */
  readonly depth_from_percent: number;
  /** Given. */
  readonly granted: number;
  /** Would have been given: held-out subjects, replays. */
  readonly withheld: number;
  readonly face_value_minor: number;
}

/** Incentives of one kind of a campaign; `entitlement`: what was owed. */
export interface CampaignRow extends Pick<IncentiveRow, "kind" | "granted" | "withheld" | "face_value_minor"> {
  readonly campaign: string;
}

export interface SummaryFacts {
  readonly mode: Summary["mode"];
  readonly source: Summary["source"];
  readonly policyVersion: string;
  /** Of which the lift is told; undefined: of none. */
  readonly experiment: string | undefined;
  readonly currency: CurrencyCode;
  readonly seconds: number;
  readonly tally: Tally;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly file: Readonly<Record<string, number>>;
  readonly subjects: number;
  readonly fromMs: Millis;
  readonly toMs: Millis;
  readonly ports: Ports;
}

/** Sums a play up: counts from what was seen at the doors, the rest from SQL, as a data team would ask it. */
export async function summarize(warehouse: Warehouse, facts: SummaryFacts): Promise<Summary> {
  const { tally, currency } = facts;
  const [spend] = await warehouse.query<{ held: string; redeemed: string }>(
    `SELECT toString(sumIf(cost_minor, kind = 'issued')) AS held, toString(sumIf(cost_minor, kind = 'redeemed')) AS redeemed
     FROM (SELECT * FROM offers ORDER BY at LIMIT 1 BY offer_id, kind)`,
  );
  return {
    mode: facts.mode,
    source: facts.source,
    policy_version: facts.policyVersion,
    currency,
    seconds: facts.seconds,
    events: {
      sent: tally.sent,
      accepted: tally.accepted,
      by_kind: byName(tally.sentByKind),
      refused: byName(tally.refusedByReason),
      warnings: byName(tally.warnings),
      verdicts: facts.verdicts,
    },
    file: facts.file,
    subjects: facts.subjects,
    decisions: {
      answered: tally.decisions,
      by_reason: await decisionsByReason(warehouse),
      degraded: byName(tally.degradedByReason),
      latency_ms: {
        p50: tally.decideLatencies.quantile(0.5) ?? null,
        p99: tally.decideLatencies.quantile(0.99) ?? null,
      },
    },
    incentives: await incentives(warehouse),
    campaigns: await campaigns(warehouse),
    spend: {
      held_minor: Number(spend?.held ?? 0),
      redeemed_minor: Number(spend?.redeemed ?? 0),
      redeemed: tally.redeemed,
    },
    lift: await liftOf(warehouse, facts),
    is_aa_check: facts.mode === "replay",
    ports: facts.ports,
  };
}

async function liftOf(
  warehouse: Warehouse,
  { experiment, fromMs, toMs, currency }: SummaryFacts,
): Promise<LiftReport | null> {
  if (experiment === undefined) return null;
  const endMs = (toMs + 1) as Millis;
  return liftReport(warehouse, { experiment, fromMs, toMs: endMs, asOfMs: endMs, currency });
}

async function decisionsByReason(warehouse: Warehouse): Promise<Record<string, number>> {
  const rows = await warehouse.query<{ reason: string; decisions: string }>(
    "SELECT reason, toString(count()) AS decisions FROM decisions GROUP BY reason ORDER BY count() DESC, reason",
  );
  return Object.fromEntries(rows.map(({ reason, decisions }) => [reason, Number(decisions)]));
}

/** A 64-bit sum or count comes as text. */
interface IncentiveCounts {
  readonly kind: string;
  readonly depth: number;
  readonly granted: string;
  readonly withheld: string;
  readonly face: string;
}

async function incentives(warehouse: Warehouse): Promise<IncentiveRow[]> {
  const rows = await warehouse.query<IncentiveCounts>(
    `SELECT incentive_kind AS kind, toUInt32(intDiv(depth_bp, 500) * 5) AS depth,
            toString(countIf(reason = 'granted')) AS granted, toString(countIf(reason != 'granted')) AS withheld,
            toString(sum(face_value_minor)) AS face
     FROM decisions WHERE reason IN ('granted', 'holdout', 'observe_only') GROUP BY kind, depth ORDER BY kind, depth`,
  );
  return rows.map(({ kind, depth, granted, withheld, face }) => ({
    kind,
    depth_from_percent: depth,
    granted: Number(granted),
    withheld: Number(withheld),
    face_value_minor: Number(face),
  }));
}

/** What is owed stands on no rung: the tables have it as offers that were issued though no rung of their campaign was chosen. */
async function campaigns(warehouse: Warehouse): Promise<CampaignRow[]> {
  const rows = await warehouse.query<Omit<IncentiveCounts, "depth"> & { readonly campaign: string }>(
    `SELECT campaign, kind, toString(sum(given)) AS granted, toString(sum(kept)) AS withheld, toString(sum(minor)) AS face FROM (
       SELECT campaign, incentive_kind AS kind, toUInt64(reason = 'granted') AS given, toUInt64(reason != 'granted') AS kept,
              face_value_minor AS minor
       FROM decisions WHERE reason IN ('granted', 'holdout', 'observe_only')
       UNION ALL
       SELECT campaign, 'entitlement' AS kind, toUInt64(1) AS given, toUInt64(0) AS kept, face_value_minor AS minor
       FROM (SELECT * FROM offers WHERE kind = 'issued' ORDER BY at LIMIT 1 BY offer_id)
       WHERE decision_id IN (SELECT decision_id FROM decisions WHERE reason != 'granted')
     ) GROUP BY campaign, kind ORDER BY campaign, kind`,
  );
  return rows.map(({ campaign, kind, granted, withheld, face }) => ({
    campaign,
    kind,
    granted: Number(granted),
    withheld: Number(withheld),
    face_value_minor: Number(face),
  }));
}

/** What is printed as JSON, with the names of its parts as SQL has them. */
export function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, part]): [string, unknown] => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    inSnakeCase(part),
  ]);
  return Object.fromEntries(entries);
}

/** Counts by name, the largest first. */
export function byName(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)));
}

/** The summary as one JSON object: bigints as numbers where they are safe, else as text. */
export function summaryJson(summary: Summary): string {
  return JSON.stringify({ ...summary, lift: inSnakeCase(summary.lift) }, (_, value: unknown) => {
    if (typeof value !== "bigint") return value;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  });
}
