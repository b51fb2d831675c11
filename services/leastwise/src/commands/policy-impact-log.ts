import { TOPICS } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import { readInstant } from "@leastwise/policy";
import { printable, refusal, sayRefusal } from "@leastwise/vocabulary";
import { foundConfig, foundModels, onFoundLog, policyVersions, type FoundLogOptions } from "../host/found-log.js";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { compare } from "../impact/compare.js";
import { checkCurrencies, type ImpactAnswer } from "../impact/impact-answer.js";
import { LOG_NOTES } from "../impact/impact-table.js";
import { LoggedActs, type Unreadable } from "../impact/logged-acts.js";
import { LoggedShop, type Period } from "../impact/logged-shop.js";
import { Progress } from "../play/progress.js";
import { byName } from "../play/summary.js";
import type { CheckedPolicy } from "../policy/policy-file.js";
import { comparableOf } from "./policy.js";

/** What `leastwise policy impact --log` takes. */
export interface LoggedImpactOptions extends FoundLogOptions {
  readonly json: boolean;
  /** Half-open; dates and civil times are those of the new policy's zone. */
  readonly from?: string;
  readonly to?: string;
  readonly against?: string;
}

/** Records that are named one by one; the rest are counted. */
const UNREADABLE_NAMED_MAX = 5;

/** Decides what was decided in a period of the log again. */
export async function loggedImpact(after: CheckedPolicy, options: LoggedImpactOptions): Promise<ImpactAnswer> {
  const period = periodOf(options, after.policy.timeZone === "" ? "UTC" : after.policy.timeZone);
  const against =
    options.against === undefined ? undefined : (await comparableOf(options.against, options.json)).compiled;
  if (against !== undefined) checkCurrencies(against, after.compiled);
  const { compiled } = after;
  return onFoundLog(await foundConfig(options), (log) => impactOn(log, { before: against, after: compiled }, period));
}

interface Policies {
  /** Undefined: what was in force at each decision. */
  readonly before: CheckedPolicy["compiled"] | undefined;
  readonly after: CheckedPolicy["compiled"];
}

async function impactOn(log: EventLog, { before, after }: Policies, period: Period): Promise<ImpactAnswer> {
  const unreadable = new UnreadableRecords();
  const onUnreadable = (what: Unreadable): void => {
    unreadable.add(what);
  };
  const inForce = before === undefined ? await policyVersions(log, onUnreadable) : undefined;
  const models = await foundModels(log, onUnreadable);
  const acts = await LoggedActs.open(log, onUnreadable);
  try {
    const shop = new LoggedShop(acts, { period, currency: after.currency, inForce, onUnreadable });
    const progress = new Progress({
      ...{ stream: process.stderr, unit: "records", total: acts.total },
      nowMs: () => performance.now(),
    });
    let moments = 0;
    const policies = before === undefined ? { after } : { before, after };
    const comparison = await compare(shop.moments(), policies, models.active(), () => {
      moments += 1;
      progress.at(acts.read, () => `${moments.toLocaleString("en")} carts and orders`);
    });
    progress.finish(acts.read, `${comparison.report.decisions.toLocaleString("en")} carts`);
    const skipped = byName(shop.skipped);
    const versions = Object.entries(byName(shop.versions)).map(([version, decisions]) => ({ version, decisions }));
    sayLeftOut(skipped, unreadable);
    if (comparison.report.decisions === 0) throw new ServiceFailure(sayNothing(skipped));
    return {
      comparison,
      notes: LOG_NOTES,
      besides: { versions, skipped, ...unreadable.json() },
    };
  } finally {
    await acts.close();
  }
}

function periodOf({ from, to }: LoggedImpactOptions, zone: string): Period {
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : instantOf("--from", from, zone);
  const toMs = to === undefined ? Number.POSITIVE_INFINITY : instantOf("--to", to, zone);
  if (fromMs < toMs) return { fromMs, toMs };
  throw new StartFailure(`--to: expected a time after --from, ${printable(from ?? "")}, got ${printable(to ?? "")}`);
}

/** A date is its first instant at both ends, since the end is not in the period. */
function instantOf(option: string, text: string, zone: string): number {
  const read = readInstant(text, zone, "starts");
  if (typeof read === "number") return read;
  throw new StartFailure(sayRefusal(refusal("not_a_time", option, text, read.expected)));
}

/** What was passed over: counted, and the first of it named. */
class UnreadableRecords {
  readonly #first: Unreadable[] = [];
  #count = 0;

  add(what: Unreadable): void {
    this.#count += 1;
    if (this.#first.length < UNREADABLE_NAMED_MAX) this.#first.push(what);
  }

  get lines(): readonly string[] {
    if (this.#count === 0) return [];
    const more = this.#count > this.#first.length ? [`  and ${this.#count - this.#first.length} more`] : [];
    return [
      `${this.#count} records that are none of ours were passed over:`,
      ...this.#first.map(({ place, why }) => `  ${place}: ${printable(why)}`),
      ...more,
    ];
  }

  json() {
    return { unreadable: { count: this.#count, first: this.#first } };
  }
}

const SKIPPED_WORDS: Readonly<Record<string, string>> = {
  went_wrong: "answered without what a decision needs, as they would be again",
  other_currency: "in another currency",
  other_features: "made on the features of another version of this program",
  policy_unknown: "made under a policy that is not on the log, or that this program cannot run",
  stands_twice: "on the log a second time",
};

function sayLeftOut(skipped: Readonly<Record<string, number>>, unreadable: UnreadableRecords): void {
  const lines = Object.entries(skipped).map(
    ([reason, count]) => `${count} decisions are left out: ${SKIPPED_WORDS[reason] ?? reason}`,
  );
  for (const line of [...lines, ...unreadable.lines]) process.stderr.write(`${line}\n`);
}

function sayNothing(skipped: Readonly<Record<string, number>>): string {
  const why = Object.entries(skipped).map(([reason, count]) => `${reason}: ${count}`);
  const what = `${TOPICS.decisions} has no decision of the period that can be made again`;
  return why.length === 0 ? what : `${what} (${why.join(", ")})`;
}
