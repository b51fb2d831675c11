/**
 * Whether the enrolled fell into the arms in the shares they were to, before any filter: Pearson's chi-square with one
 * degree of freedom, whose tail is erfc(√(χ²/2)); alarm at p < 0.001. What was expected is the holdout share recorded at
 * each enrolment, so that a share changed midway is no alarm. Same parameters as `lift_subjects`.
 */
export const LIFT_SAMPLE_RATIO_SQL = `
CREATE OR REPLACE VIEW lift_sample_ratio AS
SELECT
  countIf(arm = 'treatment') AS treatment_subjects,
  countIf(arm = 'holdout') AS holdout_subjects,
  sum(10000 - holdout_bp) / 10000 AS treatment_expected,
  sum(holdout_bp) / 10000 AS holdout_expected,
  if(treatment_expected > 0 AND holdout_expected > 0,
    pow(treatment_subjects - treatment_expected, 2) / treatment_expected
      + pow(holdout_subjects - holdout_expected, 2) / holdout_expected, NULL) AS chi_square,
  erfc(sqrt(chi_square / 2)) AS p_value,
  toUInt8(ifNull(p_value < 0.001, 0)) AS alarm,
  multiIf(treatment_subjects + holdout_subjects = 0, 'no_subjects',
    isNull(chi_square), 'one_arm_expected', '') AS reason
FROM lift_subjects(experiment = {experiment:String}, from_ms = {from_ms:Int64}, to_ms = {to_ms:Int64},
  as_of_ms = {as_of_ms:Int64}, horizon_ms = {horizon_ms:Int64}, return_window_ms = {return_window_ms:Int64},
  currency = {currency:String})
`;
