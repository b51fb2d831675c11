import { PolicyImpact, type CompiledModel, type CompiledPolicy, type ImpactReport } from "@leastwise/decision";
import { PolicyWorld } from "./policy-world.js";
import type { Moment } from "./moment.js";

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

/** Stands for the version where several were in force, one after the other. */
const AS_IT_WAS = "as it was";

/**
 * Decides all carts under both policies, each with its own budgets, caps and memory of what it offered.
 *
 * @param policies `before` absent: at each cart the one that was in force then, which the moment names
 * @param onMoment told after each moment
 */
export async function compare(
  moments: AsyncIterable<Moment>,
  policies: { readonly before?: CompiledPolicy; readonly after: CompiledPolicy },
  model: CompiledModel,
  onMoment: () => void = () => undefined,
): Promise<Comparison> {
  const impact = new PolicyImpact({ before: policies.before?.version ?? AS_IT_WAS, after: policies.after.version });
  const [before, after] = [new PolicyWorld(model), new PolicyWorld(model)];
  for await (const moment of moments) {
    if (moment.kind === "cart") {
      const { facts, inForce = policies.before } = moment;
      if (inForce === undefined) throw new Error("the moment names no policy that was in force");
      impact.add(before.decide(inForce, facts), after.decide(policies.after, facts));
    } else for (const world of [before, after]) world.order(moment);
    onMoment();
  }
  return { report: impact.report(), before: before.used, after: after.used };
}
