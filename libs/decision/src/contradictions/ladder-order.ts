import type { Incentive, TieredCashback } from "@leastwise/offers";
import type { Money } from "@leastwise/vocabulary";
import type { DynamicApproach, Policy } from "../policy/policy.js";
import type { Problems } from "../policy/problems.js";

/** Why a rung is never more than an earlier one: what of it would have to be more. */
interface NotMore {
  /** Path within the incentive's kind. */
  readonly field: string;
  readonly came: number | undefined;
  /** What the earlier one has there; undefined: no bound. */
  readonly before: number | undefined;
}

/** Refuses rungs that are on no cart more than one before them, tiers of cashback that only fall, and curves that only get shallower. */
export function validateLaddersAscend(problems: Problems, { campaigns }: Policy): void {
  for (const [i, { ladder, approach }] of campaigns.entries()) {
    if (problems.isFull) return;
    const at = `campaigns[${String(i)}]`;
    for (const [k, { incentive }] of ladder.entries()) {
      if (incentive === undefined) continue;
      const rung = `${at}.ladder[${String(k)}].incentive.${incentive.kind}`;
      neverMore(problems, at, rung, incentive, ladder.slice(0, k));
      if (incentive.kind === "tiered_cashback")
        onlyFalls(problems, `${rung}.tiers`, "cashback_bp", sharesOf(incentive));
    }
    if (approach?.kind === "dynamic") onlyFalls(problems, `${at}.dynamic.markdown`, "depth_max_bp", depthsOf(approach));
  }
}

/** The first of several numbers that is less than the one before it; −1 where none is. */
export function firstFall(numbers: readonly number[]): number {
  return numbers.findIndex((number, i) => i > 0 && number < (numbers[i - 1] ?? number));
}

/** What each tier gives back, from the least cart up. */
export function sharesOf({ tiers }: TieredCashback): readonly number[] {
  return tiers.map(({ cashbackBp }) => cashbackBp);
}

/** How deep each point of a curve goes, from the whole shelf life down. */
export function depthsOf({ markdown }: DynamicApproach): readonly number[] {
  return markdown.map(({ depthMaxBp }) => depthMaxBp);
}

/** True if some number is more than the one before it. */
export function rises(numbers: readonly number[]): boolean {
  return numbers.some((number, i) => i > 0 && number > (numbers[i - 1] ?? number));
}

function onlyFalls(problems: Problems, at: string, field: string, numbers: readonly number[]): void {
  const fall = firstFall(numbers);
  if (fall < 0 || rises(numbers)) return;
  const before = `${at}[${String(fall - 1)}].${field}`;
  problems.add(
    field === "cashback_bp" ? "tiers_not_ascending" : "markdown_not_deepening",
    `${at}[${String(fall)}].${field}`,
    numbers[fall],
    `at least ${String(numbers[fall - 1])} bp, as ${before} has: ${field === "cashback_bp" ? "a larger cart would get less" : "it gets shallower as the shelf life runs out"}`,
  );
}

function neverMore(
  problems: Problems,
  at: string,
  rung: string,
  incentive: Incentive,
  before: Policy["campaigns"][number]["ladder"],
): void {
  for (const [k, { incentive: earlier }] of before.entries()) {
    const found = earlier && notMore(earlier, incentive);
    if (found === undefined) continue;
    const other = `${at}.ladder[${String(k)}].incentive.${incentive.kind}.${found.field}`;
    const expected =
      found.before === undefined
        ? `nothing more of the kind: ${other} has no bound`
        : `more than ${String(found.before)}, as ${other} has`;
    problems.add("ladder_not_ascending", `${rung}.${found.field}`, found.came, expected);
    return;
  }
}

/** Why an incentive is on no cart more than an earlier one of its kind; undefined where it may be. What is ordered by one size alone was looked at before. */
function notMore(earlier: Incentive, later: Incentive): NotMore | undefined {
  if (earlier.kind === "free_shipping" && later.kind === "free_shipping") {
    if (amountOf(later.maximum) > amountOf(earlier.maximum)) return undefined;
    return { field: "maximum.minor", came: later.maximum?.minor, before: earlier.maximum?.minor };
  }
  if (earlier.kind === "gift" && later.kind === "gift") {
    // One that the earlier is not given with may be more there; of two worth the same either may be wanted.
    if ((earlier.cartMin?.minor ?? 0) > (later.cartMin?.minor ?? 0)) return undefined;
    const isSame = earlier.productId === later.productId && earlier.worth.minor === later.worth.minor;
    if (later.worth.minor >= earlier.worth.minor && !isSame) return undefined;
    return { field: "worth.minor", came: later.worth.minor, before: earlier.worth.minor };
  }
  if (earlier.kind === "bundle_credit" && later.kind === "bundle_credit") {
    const [one, other] = [earlier, later].map(({ productIds }) => JSON.stringify([...productIds].sort()));
    if (one !== other || later.amount.minor > earlier.amount.minor) return undefined;
    return { field: "amount.minor", came: later.amount.minor, before: earlier.amount.minor };
  }
  if (earlier.kind === "tiered_cashback" && later.kind === "tiered_cashback") {
    const carts = [...earlier.tiers, ...later.tiers].map(({ cartMin }) => cartMin.minor);
    if (carts.some((cart) => shareAt(later, cart) > shareAt(earlier, cart))) return undefined;
    const last = later.tiers.length - 1;
    const [came, most] = [later.tiers[last]?.cashbackBp, Math.max(...sharesOf(earlier))];
    return { field: `tiers[${String(last)}].cashback_bp`, came, before: most };
  }
  return undefined;
}

function amountOf(maximum: Money | undefined): number {
  return maximum?.minor ?? Number.POSITIVE_INFINITY;
}

function shareAt({ tiers }: TieredCashback, cart: number): number {
  return tiers.findLast(({ cartMin }) => cart >= cartMin.minor)?.cashbackBp ?? 0;
}
