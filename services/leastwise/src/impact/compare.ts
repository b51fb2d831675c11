import { PolicyImpact, type CompiledModel, type CompiledPolicy, type ImpactReport } from "@leastwise/decision";
import { PolicyWorld } from "./policy-world.js";
import type { Moment } from "./replayed-shop.js";

/** What of the offers under a policy was used by those who bought anyhow. */
export interface Used {
  readonly offers: number;
  readonly costMinor: number;
}

/** What two policies come to on one clickstream. */
export interface Comparison {
  readonly report: ImpactReport;
  readonly before: Used;
  readonly after: Used;
}

/**
 * Decides all carts under both policies, each with its own budgets, caps and memory of what it offered.
 *
 * @param onMoment told after each moment
 */
export async function compare(
  moments: AsyncIterable<Moment>,
  policies: { readonly before: CompiledPolicy; readonly after: CompiledPolicy },
  model: CompiledModel,
  onMoment: () => void = () => undefined,
): Promise<Comparison> {
  const impact = new PolicyImpact({ before: policies.before.version, after: policies.after.version });
  const [before, after] = [new PolicyWorld(policies.before, model), new PolicyWorld(policies.after, model)];
  for await (const moment of moments) {
    if (moment.kind === "cart") impact.add(before.decide(moment.facts), after.decide(moment.facts));
    else for (const world of [before, after]) world.order(moment.subject, moment.cart, moment.atMs);
    onMoment();
  }
  return { report: impact.report(), before: before.used, after: after.used };
}
