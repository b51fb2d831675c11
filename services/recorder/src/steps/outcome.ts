import type { Refusal } from "@leastwise/vocabulary";
import { rowRefusal, type TableName, type TableRows } from "@leastwise/warehouse";

/** Rows by table, as one record or one block of records gives them. */
export type Rows = { [Name in TableName]?: TableRows[Name][] };

/** What a step makes of a record: rows, nothing, or a dead letter with the reason. */
export type Outcome =
  | {
      readonly outcome: "ok";
      readonly rows: Rows;
      /** The experiment whose held-out subject was given an incentive: there must be none. */
      readonly holdoutLeak?: string;
    }
  | { readonly outcome: "drop"; readonly reason: string }
  | { readonly outcome: "dead_letter"; readonly refusal: Refusal };

/** The same, but a dead letter where a row has what its table cannot hold: refused by the warehouse, it would hold its partition for good. */
export function withinBounds(outcome: Outcome): Outcome {
  if (outcome.outcome !== "ok") return outcome;
  for (const row of Object.values(outcome.rows).flat()) {
    const refused = rowRefusal(row);
    if (refused !== undefined) return { outcome: "dead_letter", refusal: refused };
  }
  return outcome;
}
