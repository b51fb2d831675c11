import { refusal, type Refusal } from "@leastwise/vocabulary";
import { rowRefusal, type TableName, type TableRows } from "@leastwise/warehouse";

/** Rows by table, as one record or one block of records gives them. */
export type Rows = { [Name in TableName]?: TableRows[Name][] };

/** What a step makes of a record: rows, nothing, or why not. */
export type Outcome =
  | {
      readonly outcome: "ok";
      readonly rows: Rows;
      /** The experiment whose held-out subject was given an incentive: there must be none. */
      readonly holdoutLeak?: string;
    }
  | { readonly outcome: "drop"; readonly reason: string }
  /** None of ours, and nothing is kept of it: whoever is told of what is passed over counts it and says so. */
  | { readonly outcome: "passed_over"; readonly refusal: Refusal }
  | { readonly outcome: "dead_letter"; readonly refusal: Refusal };

/** Why a record cannot tell which of a partition's owners wrote it; undefined: it can. Taken as it is, it would stand in the plans of all later blocks. */
export function epochRefusal(epoch: bigint): Refusal | undefined {
  const most = Number.MAX_SAFE_INTEGER;
  if (epoch >= 0n && epoch <= BigInt(most)) return undefined;
  return refusal("value_out_of_range", "owner_epoch", epoch, `an integer from 0 to ${most}`);
}

/** The same, but a dead letter where a row has what its table cannot hold: refused by the warehouse, it would hold its partition for good. */
export function withinBounds(outcome: Outcome): Outcome {
  if (outcome.outcome !== "ok") return outcome;
  for (const row of Object.values(outcome.rows).flat()) {
    const refused = rowRefusal(row);
    if (refused !== undefined) return { outcome: "dead_letter", refusal: refused };
  }
  return outcome;
}
