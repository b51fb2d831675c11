import { COMPILED_PRIOR, compileWritten } from "@leastwise/references";
import { PURPOSES, sayRefusal } from "@leastwise/vocabulary";
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { compare } from "../impact/compare.js";
import { checkCurrencies, tell, type ImpactAnswer } from "../impact/impact-answer.js";
import { REPLAY_NOTES } from "../impact/impact-table.js";
import { ReplayedShop } from "../impact/replayed-shop.js";
import { isSameFile } from "../host/same-file.js";
import { Progress } from "../play/progress.js";
import { currencyIn, fileCounts, openReplay } from "../play/replay-file.js";
import { PolicyClient } from "../policy/policy-client.js";
import type { CheckedPolicy } from "../policy/policy-file.js";
import { loggedImpact, type LoggedImpactOptions } from "./policy-impact-log.js";
import { comparableOf, validOf, type AskingOptions } from "./policy.js";

/** What `leastwise policy impact` takes. */
export interface ImpactOptions extends AskingOptions, LoggedImpactOptions {
  /** A clickstream; absent: the log is gone through. */
  readonly replay?: string;
  readonly log: boolean;
  readonly format?: string;
  /** A document to compare with; absent: the policy in force. */
  readonly against?: string;
  readonly consent: "all" | "nobody";
  readonly html?: string;
}

/**
 * Decides every cart of a clickstream, or of a period of the log, again: under the policy in force or another document, and under a new one.
 */
export async function impactCommand(file: string, options: ImpactOptions): Promise<void> {
  if (options.log === (options.replay !== undefined))
    throw new StartFailure("expected --replay with a clickstream, or --log for what stands on the log: one of them");
  const { replay, html } = options;
  if (html !== undefined) await checkPage(html, [file, options.replay, options.against, options.config]);
  const after = await validOf(file, options.json);
  const answer =
    replay === undefined ? await loggedImpact(after, options) : await replayedImpact(after, { ...options, replay });
  await tell(answer, after.compiled.currency, options);
}

/** Says before anything is gone through that the page could not be written, or would be written over what is read. */
async function checkPage(html: string, read: readonly (string | undefined)[]): Promise<void> {
  const overwritten = read.find((path) => path !== undefined && isSameFile(html, path));
  if (overwritten !== undefined)
    throw new StartFailure(`--html ${html}: expected another file than ${overwritten}, which is read`);
  try {
    await access(dirname(html), constants.W_OK);
  } catch (error) {
    throw new StartFailure(
      `--html ${html} cannot be written (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

async function replayedImpact(
  { compiled: after }: CheckedPolicy,
  options: ImpactOptions & { readonly replay: string },
): Promise<ImpactAnswer> {
  const before = await comparedWith(options);
  checkCurrencies(before, after);
  const { currency } = after;
  const stream = await openReplay(options.replay, options.format, currency, say);
  const found = await currencyIn(stream);
  if (found !== undefined && found !== currency)
    throw new StartFailure(
      `the policies are in ${currency}, and the file's first price in ${found}: no cart of it could get anything`,
    );
  const shop = new ReplayedShop(stream, currency, options.consent === "all" ? PURPOSES : []);
  const progress = new Progress({
    ...{ stream: process.stderr, unit: "events", total: stream.total },
    nowMs: () => performance.now(),
  });
  let carts = 0;
  const comparison = await compare(shop.moments(), { before, after }, COMPILED_PRIOR, () => {
    carts += 1;
    progress.at(shop.events, () => `${carts.toLocaleString("en")} carts and orders`);
  });
  progress.finish(shop.events, `${comparison.report.decisions.toLocaleString("en")} carts`);
  const file = fileCounts(stream, shop.carts);
  if (comparison.report.decisions === 0) throw new ServiceFailure(sayNoCart(options.replay, file));
  for (const [what, count] of leftOut(file)) say(`${what}: ${count.toLocaleString("en")}`);
  return { comparison, notes: REPLAY_NOTES, besides: { file } };
}

/** What of the file was not compared, and why. */
function leftOut(file: Readonly<Record<string, number>>): readonly (readonly [string, number])[] {
  return Object.entries(file).filter(([what]) => /^(refused|cart not asked for|lines left out)/.test(what));
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function comparedWith({ against, address, json }: ImpactOptions): Promise<CheckedPolicy["compiled"]> {
  if (against !== undefined) return (await comparableOf(against, json)).compiled;
  const client = new PolicyClient(address);
  try {
    const compiled = compileWritten(await client.get());
    if (compiled.ok) return compiled.value;
    throw new ServiceFailure(`this build cannot run the policy in force: ${compiled.error.map(sayRefusal).join("; ")}`);
  } finally {
    client.close();
  }
}

function sayNoCart(path: string, file: Readonly<Record<string, number>>): string {
  const why = leftOut(file).map(([what, count]) => `${what}: ${count}`);
  return `${path} has no cart that could be asked for${why.length === 0 ? "" : ` (${why.join(", ")})`}`;
}
