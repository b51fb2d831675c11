import type { Budget, Pacing, Partner, Policy } from "./policy.js";
import type { Problems } from "./problems.js";
import { validateSpan } from "./validate-campaign.js";

const PARTNERS_MAX = 64;
const WINDOWS_MAX = 16;
const POINTS_MAX = 16;

/** Checks budgets: amounts, plans, and that none is part of itself. */
export function validateBudgets(problems: Problems, policy: Policy): void {
  const known = new Map(policy.budgets.map((budget) => [budget.budgetId, budget]));
  for (const [i, budget] of policy.budgets.entries()) {
    const at = `budgets[${String(i)}]`;
    problems.text(`${at}.budget_id`, budget.budgetId, 64);
    problems.money(`${at}.amount`, budget.amount, policy.currency, 1);
    problems.range(`${at}.shadow_price_bp`, budget.shadowPriceBp, 0, 100_000);
    if (budget.pacing !== undefined)
      validatePacing(problems, `${at}.pacing`, budget.pacing, budget.period !== undefined);
    if (budget.partOf === "") continue;
    problems.reference(`${at}.part_of`, budget.partOf, new Set(known.keys()), "budget");
    const circle = circleOf(budget, known);
    if (circle !== undefined)
      problems.add("budget_of_itself", `${at}.part_of`, circle.join(" → "), "a budget that is not part of this one");
  }
}

/** The way from a budget to itself; undefined if there is none. */
function circleOf(budget: Budget, known: ReadonlyMap<string, Budget>): readonly string[] | undefined {
  const way = [budget.budgetId];
  let whole = known.get(budget.partOf);
  while (whole !== undefined && way.length <= known.size) {
    way.push(whole.budgetId);
    if (whole.budgetId === budget.budgetId) return way;
    whole = known.get(whole.partOf);
  }
  return undefined;
}

function validatePacing(problems: Problems, field: string, pacing: Pacing, hasPeriod: boolean): void {
  const { startsAtMs, endsAtMs, plan, aheadBp } = pacing;
  validateSpan(problems, field, startsAtMs, endsAtMs);
  for (const [name, value] of [
    ["starts_at_ms", startsAtMs],
    ["ends_at_ms", endsAtMs],
  ] as const) {
    if (hasPeriod && value !== undefined)
      problems.add("instant_refused", `${field}.${name}`, value, "none: the plan goes by the budget's period");
    if (!hasPeriod && value === undefined)
      problems.add("instant_missing", `${field}.${name}`, undefined, "an instant, or a period of the budget");
  }
  problems.range(`${field}.ahead_bp`, aheadBp, 0, 10_000);
  if (plan.length > POINTS_MAX)
    problems.add("plan_size", `${field}.plan`, plan.length, `at most ${String(POINTS_MAX)} points`);
  for (const [i, point] of plan.entries()) {
    const at = `${field}.plan[${String(i)}]`;
    problems.range(`${at}.elapsed_bp`, point.elapsedBp, 1, 9_999);
    problems.range(`${at}.spent_bp`, point.spentBp, 0, 10_000);
    const before = plan[i - 1];
    if (before === undefined) continue;
    if (point.elapsedBp <= before.elapsedBp)
      problems.add(
        "plan_not_ascending",
        `${at}.elapsed_bp`,
        point.elapsedBp,
        `more than that of ${field}.plan[${String(i - 1)}], ${String(before.elapsedBp)}`,
      );
    if (point.spentBp < before.spentBp)
      problems.add(
        "plan_not_ascending",
        `${at}.spent_bp`,
        point.spentBp,
        `at least that of ${field}.plan[${String(i - 1)}], ${String(before.spentBp)}`,
      );
  }
}

/** Checks who shares costs: shares that are all of it, a budget for the partner's, and windows that do not shut each other out. */
export function validatePartners(problems: Problems, policy: Policy): void {
  if (policy.partners.length > PARTNERS_MAX)
    problems.add("too_many_partners", "partners", policy.partners.length, `at most ${String(PARTNERS_MAX)}`);
  const budgets = new Set(policy.budgets.map(({ budgetId }) => budgetId));
  const groups = new Set(policy.stackingGroups.map(({ name }) => name));
  for (const [i, partner] of policy.partners.entries()) {
    const at = `partners[${String(i)}]`;
    problems.text(`${at}.partner_id`, partner.partnerId, 64);
    problems.range(`${at}.partner_share_bp`, partner.partnerShareBp, 0, 10_000);
    problems.range(`${at}.merchant_share_bp`, partner.merchantShareBp, 0, 10_000);
    if (partner.partnerShareBp + partner.merchantShareBp !== 10_000)
      problems.add(
        "shares_not_whole",
        `${at}.merchant_share_bp`,
        partner.merchantShareBp,
        `${String(10_000 - partner.partnerShareBp)}: with ${at}.partner_share_bp, ${String(partner.partnerShareBp)}, 100 % together`,
      );
    if (partner.budgetId !== "" || partner.partnerShareBp > 0)
      problems.reference(`${at}.budget_id`, partner.budgetId, budgets, "budget");
    if (partner.exclusive.length > WINDOWS_MAX)
      problems.add("too_many_windows", `${at}.exclusive`, partner.exclusive.length, `at most ${String(WINDOWS_MAX)}`);
    for (const [k, window] of partner.exclusive.entries()) {
      const field = `${at}.exclusive[${String(k)}]`;
      problems.reference(`${field}.stacking_group`, window.stackingGroup, groups, "stacking_group");
      validateSpan(problems, field, window.startsAtMs, window.endsAtMs);
      const rival = rivalOf(partner, window, policy.partners.slice(0, i));
      if (rival !== undefined)
        problems.add(
          "windows_collide",
          field,
          partner.partnerId,
          `a time in which ${rival.partnerId} has not the group to itself, as by ${rival.at}`,
        );
    }
  }
}

/** Another partner that has the same group to itself at the same time. */
function rivalOf(
  partner: Partner,
  window: Partner["exclusive"][number],
  others: readonly Partner[],
): { readonly partnerId: string; readonly at: string } | undefined {
  const from = window.startsAtMs ?? Number.NEGATIVE_INFINITY;
  const to = window.endsAtMs ?? Number.POSITIVE_INFINITY;
  for (const [i, { partnerId, exclusive }] of others.entries()) {
    if (partnerId === partner.partnerId) continue;
    const k = exclusive.findIndex(
      ({ stackingGroup, startsAtMs = Number.NEGATIVE_INFINITY, endsAtMs = Number.POSITIVE_INFINITY }) =>
        stackingGroup === window.stackingGroup && startsAtMs < to && from < endsAtMs,
    );
    if (k >= 0) return { partnerId, at: `partners[${String(i)}].exclusive[${String(k)}]` };
  }
  return undefined;
}
