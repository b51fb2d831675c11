import type { CompiledPolicy } from "@leastwise/decision";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { writeFile } from "node:fs/promises";
import { StartFailure } from "../host/start-failure.js";
import { inSnakeCase } from "../play/summary.js";
import type { Comparison } from "./compare.js";
import { impactPage } from "./impact-page.js";
import { renderImpact } from "./impact-table.js";

/** What two policies come to, as it is told. */
export interface ImpactAnswer {
  readonly comparison: Comparison;
  /** What it does not tell. */
  readonly notes: readonly string[];
  /** What machines are told beside it. */
  readonly besides?: Readonly<Record<string, unknown>>;
}

/** Refuses policies whose amounts cannot be compared. */
export function checkCurrencies(before: CompiledPolicy, after: CompiledPolicy): void {
  if (before.currency === after.currency) return;
  throw new StartFailure(
    `${before.version} is in ${before.currency}, and ${after.version} in ${after.currency}: they cannot be compared`,
  );
}

/** Prints the answer as a table, or as one JSON object, and writes it as a page where one is asked for. */
export async function tell(
  { comparison, notes, besides = {} }: ImpactAnswer,
  currency: CurrencyCode,
  { html, json }: { readonly html?: string; readonly json: boolean },
): Promise<void> {
  if (html !== undefined) await writePage(html, impactPage(comparison, currency, notes));
  const text = json
    ? JSON.stringify(impactJson(comparison, currency, { notes, ...besides }))
    : renderImpact(comparison, currency, notes);
  process.stdout.write(`${text}\n`);
}

async function writePage(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartFailure(`--html ${file} cannot be written (${why})`);
  }
  process.stderr.write(`The page is ${file}\n`);
}

/** The report for machines: amounts in minor units of the currency, not rounded where they are expected ones. */
function impactJson({ report, before, after }: Comparison, currency: string, besides: object) {
  const usedOf = ({ offers, costMinor }: Comparison["before"]) => ({ offers, cost_minor: costMinor });
  return inSnakeCase({
    ...{ currency, ...report },
    before: { ...report.before, used: usedOf(before) },
    after: { ...report.after, used: usedOf(after) },
    ...besides,
  });
}
