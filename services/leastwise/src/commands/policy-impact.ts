import { MODEL } from "@leastwise/scorer";
import { compileWritten } from "@leastwise/references";
import { sayRefusal } from "@leastwise/vocabulary";
import { writeFile } from "node:fs/promises";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { compare, type Comparison } from "../impact/compare.js";
import { impactPage } from "../impact/impact-page.js";
import { IMPACT_NOTES, renderImpact } from "../impact/impact-table.js";
import { ReplayedShop } from "../impact/replayed-shop.js";
import { Progress } from "../play/progress.js";
import { byName, inSnakeCase } from "../play/summary.js";
import { currencyIn, openReplay } from "../play/replay-file.js";
import { PolicyClient } from "../policy/policy-client.js";
import type { CheckedPolicy } from "../policy/policy-file.js";
import { validOf, type AskingOptions } from "./policy.js";

/** What `leastwise policy impact` takes. */
export interface ImpactOptions extends AskingOptions {
  readonly replay: string;
  readonly format?: string;
  /** A document to compare with; absent: the policy in force. */
  readonly against?: string;
  readonly consent: "all" | "nobody";
  readonly html?: string;
}

/** Decides every cart of a clickstream again, under the policy in force or another document, and under a new one. */
export async function impactCommand(file: string, options: ImpactOptions): Promise<void> {
  const after = await validOf(file, options.json);
  const before = await comparedWith(options);
  const { currency } = after.compiled;
  if (before.currency !== currency)
    throw new StartFailure(
      `${before.version} is in ${before.currency}, and ${after.compiled.version} in ${currency}: they cannot be compared`,
    );
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const stream = await openReplay(options.replay, options.format, currency, say);
  const found = await currencyIn(stream);
  if (found !== undefined && found !== currency)
    throw new StartFailure(
      `the policies are in ${currency}, and the file's first price in ${found}: no cart of it could get anything`,
    );
  const shop = new ReplayedShop(stream, currency, options.consent === "all" ? ["personalization"] : []);
  const progress = new Progress({
    ...{ stream: process.stderr, unit: "events", total: stream.total },
    nowMs: () => performance.now(),
  });
  let carts = 0;
  const comparison = await compare(shop.moments(), { before, after: after.compiled }, MODEL, () => {
    carts += 1;
    progress.at(shop.events, () => `${carts.toLocaleString("en")} carts and orders`);
  });
  progress.finish(shop.events, `${comparison.report.decisions.toLocaleString("en")} carts`);
  if (comparison.report.decisions === 0) throw new ServiceFailure(sayNoCart(options.replay, shop.skipped));
  if (options.html !== undefined) await writePage(options.html, impactPage(comparison, currency), say);
  const text = options.json ? JSON.stringify(impactJson(comparison, currency)) : renderImpact(comparison, currency);
  process.stdout.write(`${text}\n`);
}

async function comparedWith({ against, address, json }: ImpactOptions): Promise<CheckedPolicy["compiled"]> {
  if (against !== undefined) return (await validOf(against, json)).compiled;
  const client = new PolicyClient(address);
  try {
    const compiled = compileWritten(await client.get());
    if (compiled.ok) return compiled.value;
    throw new ServiceFailure(`this build cannot run the policy in force: ${compiled.error.map(sayRefusal).join("; ")}`);
  } finally {
    client.close();
  }
}

async function writePage(file: string, page: string, say: (line: string) => void): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartFailure(`--html ${file} cannot be written (${why})`);
  }
  say(`The page is ${file}`);
}

function sayNoCart(file: string, skipped: ReadonlyMap<string, number>): string {
  const why = Object.entries(byName(skipped)).map(([reason, count]) => `${reason}: ${count}`);
  return `${file} has no cart that could be asked for${why.length === 0 ? "" : ` (${why.join(", ")})`}`;
}

/** The report for machines: amounts in minor units of the currency, not rounded where they are expected ones. */
function impactJson({ report, before, after }: Comparison, currency: string) {
  const usedOf = ({ offers, costMinor }: Comparison["before"]) => ({ offers, cost_minor: costMinor });
  return inSnakeCase({
    ...{ currency, ...report },
    before: { ...report.before, used: usedOf(before) },
    after: { ...report.after, used: usedOf(after) },
    notes: IMPACT_NOTES,
  });
}
