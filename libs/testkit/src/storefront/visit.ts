import type { Shopper } from "./shopper.js";
import type { Want } from "./truth.js";
import type { VisitPlan } from "./visit-plan.js";

/** A visit while it lasts. */
export interface Visit {
  readonly shopper: Shopper;
  readonly plan: VisitPlan;
  /** `shopper/visit`, and `/back` for a coming back: names its streams of chance. */
  readonly name: string;
  readonly sessionId: string;
  /** The want that the shopper comes back for; undefined on a visit of its own. */
  readonly cameBackFor: Want | undefined;
  /** Events sent so far. */
  events: number;
}

export function visitOf(shopper: Shopper, plan: VisitPlan, name: string, cameBackFor?: Want): Visit {
  return { shopper, plan, name, sessionId: `visit-${name.replaceAll("/", "-")}`, cameBackFor, events: 0 };
}
