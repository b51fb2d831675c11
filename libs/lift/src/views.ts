import { LIFT_ARMS_SQL } from "./sql/lift-arms.sql.js";
import { LIFT_SAMPLE_RATIO_SQL } from "./sql/lift-sample-ratio.sql.js";
import { LIFT_SUBJECTS_SQL } from "./sql/lift-subjects.sql.js";
import { LIFT_SQL } from "./sql/lift.sql.js";

/** A parameterised view that answers one question. */
export interface LiftView {
  readonly name: string;
  /** `CREATE OR REPLACE VIEW …`: a view holds no data, so the code's definition always wins. */
  readonly sql: string;
}

/** The views in the order in which they build on each other. */
export const LIFT_VIEWS: readonly LiftView[] = [
  { name: "lift_subjects", sql: LIFT_SUBJECTS_SQL },
  { name: "lift_arms", sql: LIFT_ARMS_SQL },
  { name: "lift", sql: LIFT_SQL },
  { name: "lift_sample_ratio", sql: LIFT_SAMPLE_RATIO_SQL },
];
