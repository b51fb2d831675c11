import type { InWords } from "@leastwise/vocabulary";

/** What is wrong with an expression. */
export interface ExpressionProblem {
  /**
   * `expression_invalid`, `expression_not_bool`, `expression_too_costly`; of a field of the map `unknown_…` or `…_not_literal`; and what is wrong with
   * its types.
   */
  readonly reason: string;
  readonly came: string | InWords;
  readonly expected: string;
  /** Where in the expression, UTF-16 code units from 0. Absent: the whole of it. */
  readonly offset?: number;
}
