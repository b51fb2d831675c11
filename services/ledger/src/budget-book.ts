import type { BudgetLease, CompiledBudget, Hold } from "@leastwise/decision";
import { mulDiv } from "@leastwise/vocabulary";

/** Offers that must have ended before what became of them says what will become of those that are open. */
const ENDED_MIN = 100;

/** What was taken of a budget in one of its periods, minor units. */
interface Taken {
  /** Held for offers that are open. */
  held: number;
  settled: number;
  /** Offers that ended, and what was held for them. */
  ended: number;
  endedHeld: number;
}

const NOTHING: Readonly<Taken> = { held: 0, settled: 0, ended: 0, endedHeld: 0 };

/** What was held of budgets, settled, and given back: each to the period that it was taken from. */
export class BudgetBook {
  /** By budget, and by period. */
  readonly #taken = new Map<string, Map<string, Taken>>();

  /** An offer was issued. */
  hold(holds: readonly Hold[]): void {
    for (const { budgetId, period, minor } of holds) this.#of(budgetId, period).held += minor;
  }

  /** An offer ended: of each budget as large a share of the cost is settled as it held of the whole. */
  end(holds: readonly Hold[], heldMinor: number, costMinor: number): void {
    for (const hold of holds) {
      const taken = this.#of(hold.budgetId, hold.period);
      taken.held -= hold.minor;
      taken.settled += settledMinor(hold, heldMinor, costMinor);
      taken.ended += 1;
      taken.endedHeld += hold.minor;
    }
  }

  /** What may still be spent of a budget at an instant: all that is held counts against the amount, what of it is expected to be spent against the plan. */
  lease(budget: CompiledBudget, nowMs: number): BudgetLease {
    const taken = this.#taken.get(budget.budgetId)?.get(budget.periodAt(nowMs));
    const { held, settled, ended, endedHeld } = taken ?? NOTHING;
    const usedShare = ended < ENDED_MIN || endedHeld === 0 ? 1 : settled / endedHeld;
    const left = budget.amountMinor - settled - held;
    const spentMinor = settled + Math.ceil(held * usedShare);
    const leftOfPlan = budget.plannedMinor(nowMs) - spentMinor;
    return {
      remainingMinor: Math.max(0, Math.min(left, leftOfPlan)),
      shadowPriceBp: budget.pricedBp(spentMinor, nowMs),
    };
  }

  #of(budgetId: string, period: string): Taken {
    const periods = this.#taken.get(budgetId) ?? new Map<string, Taken>();
    const taken = periods.get(period) ?? { ...NOTHING };
    this.#taken.set(budgetId, periods.set(period, taken));
    return taken;
  }
}

/** The partner's share is rounded down and the shop bears the rest, so that the two are the cost. */
function settledMinor({ minor, isPartners }: Hold, heldMinor: number, costMinor: number): number {
  if (heldMinor === 0) return 0;
  const partners = isPartners ? minor : heldMinor - minor;
  const partnersMinor = mulDiv(costMinor, partners, heldMinor, "down");
  return isPartners ? partnersMinor : costMinor - partnersMinor;
}
