import { LIFT_DEFINITION, LIFT_METRICS } from "../metrics.js";

const PARAMETERS = `experiment = {experiment:String}, from_ms = {from_ms:Int64}, to_ms = {to_ms:Int64},
    as_of_ms = {as_of_ms:Int64}, horizon_ms = {horizon_ms:Int64}, return_window_ms = {return_window_ms:Int64},
    currency = {currency:String}`;

/**
 * The lift: one row a metric, each arm's total and mean, the difference treatment − holdout, absolute and relative to the
 * holdout's mean, with 95 % intervals and two-sided p values. Same parameters as `lift_subjects`.
 *
 * Means and variances come from the exact sums of `lift_arms`. ClickHouse has no quantile of Student's t, so it is read out
 * of `welchTTest(0.95)`, over values less their rounded mean (its own sums are doubles, and lose large offsets): half the
 * width of its interval is q × se with the Welch–Satterthwaite degrees of freedom, the same that the relative contrast
 * uses. The p value of the relative contrast is that of the same test with the treatment shifted until its t is the
 * relative one: a shift changes no variance and so no degrees of freedom.
 *
 * `welchTTest` fails on figures without spread, so that only defined contrasts reach it.
 *
 * Undefined: the estimate where it is defined, NULL interval and p, and the reason; never [0, 0].
 */
export const LIFT_SQL = `
CREATE OR REPLACE VIEW lift AS
WITH
  metrics AS (
    SELECT tupleElement(pair, 1) AS place, tupleElement(pair, 2) AS metric
    FROM (SELECT arrayJoin([${LIFT_METRICS.map((metric, place) => `(${place}, '${metric}')`).join(", ")}]) AS pair)
  ),
  arms AS (
    SELECT
      metric,
      sumIf(toInt256(subjects), arm = 'treatment') AS tn, sumIf(sum, arm = 'treatment') AS ts,
      sumIf(sum_squares, arm = 'treatment') AS tq,
      sumIf(toInt256(subjects), arm = 'holdout') AS hn, sumIf(sum, arm = 'holdout') AS hs,
      sumIf(sum_squares, arm = 'holdout') AS hq,
      sum(mature_subjects) AS mature_subjects,
      sum(orders_without_cost) AS orders_without_cost,
      sum(orders_other_currency) AS orders_other_currency
    FROM lift_arms(${PARAMETERS})
    GROUP BY metric
  ),
  sums AS (
    SELECT
      m.place AS place,
      m.metric AS metric,
      a.tn AS tn, a.ts AS ts, a.tq AS tq, a.hn AS hn, a.hs AS hs, a.hq AS hq,
      a.mature_subjects AS mature_subjects,
      a.orders_without_cost AS orders_without_cost,
      a.orders_other_currency AS orders_other_currency,
      toFloat64(tn * tq - ts * ts) / toFloat64(tn * (tn - 1)) / toFloat64(tn) AS t_variance,
      toFloat64(hn * hq - hs * hs) / toFloat64(hn * (hn - 1)) / toFloat64(hn) AS h_variance,
      toFloat64(ts) / toFloat64(tn) AS t_mean,
      toFloat64(hs) / toFloat64(hn) AS h_mean,
      toFloat64(ts * hn - hs * tn) / toFloat64(tn * hn) AS difference,
      sqrt(t_variance + h_variance) AS difference_se,
      difference / abs(h_mean) AS relative,
      sqrt(t_variance + h_variance * pow(t_mean / h_mean, 2)) / abs(h_mean) AS relative_se,
      multiIf(tn = 0 OR hn = 0, 'no_subjects', tn = 1 OR hn = 1, 'one_subject',
        tn * tq = ts * ts OR hn * hq = hs * hs, 'zero_variance', '') AS difference_reason,
      multiIf(tn = 0 OR hn = 0, 'no_subjects', hs = 0, 'holdout_mean_zero', difference_reason) AS relative_reason,
      if(tn + hn = 0, toInt256(0), intDiv(ts + hs, tn + hn)) AS centre,
      relative / relative_se * difference_se - difference AS shift
    FROM metrics AS m
    LEFT JOIN arms AS a ON a.metric = m.metric
  ),
  tests AS (
    SELECT
      v.metric AS metric,
      welchTTest(0.95)(toFloat64(v.value - s.centre), v.is_holdout) AS absolute,
      welchTTest(0.95)(toFloat64(v.value - s.centre) + if(v.is_holdout = 0 AND isFinite(s.shift), s.shift, 0), v.is_holdout)
        AS shifted,
      (tupleElement(absolute, 'confidence_interval_high') - tupleElement(absolute, 'confidence_interval_low')) / 2 AS half
    FROM (
      SELECT metric, value, toUInt8(arm = 'holdout') AS is_holdout
      FROM lift_subjects(${PARAMETERS})
      ARRAY JOIN
        ['conversion', 'orders', 'revenue', 'incentive_cost', 'returns', 'margin'] AS metric,
        [conversion, orders, revenue_minor, incentive_cost_minor, returns_minor, margin_minor] AS value
      WHERE arm IN ('treatment', 'holdout')
    ) AS v
    INNER JOIN (SELECT * FROM sums WHERE difference_reason = '') AS s ON s.metric = v.metric
    GROUP BY metric
  )
SELECT
  s.metric AS metric,
  toUInt64(s.tn) AS treatment_subjects,
  toUInt64(s.hn) AS holdout_subjects,
  s.ts AS treatment_sum,
  s.hs AS holdout_sum,
  if(s.tn > 0, s.t_mean, NULL) AS treatment_mean,
  if(s.hn > 0, s.h_mean, NULL) AS holdout_mean,
  if(s.tn > 0 AND s.hn > 0, s.difference, NULL) AS difference,
  if(s.difference_reason = '', s.difference - t.half, NULL) AS difference_low,
  if(s.difference_reason = '', s.difference + t.half, NULL) AS difference_high,
  if(s.difference_reason = '', tupleElement(t.absolute, 'p_value'), NULL) AS difference_p,
  s.difference_reason AS difference_reason,
  if(s.tn > 0 AND s.hn > 0 AND s.hs != 0, s.relative, NULL) AS relative,
  if(s.relative_reason = '', s.relative - t.half / s.difference_se * s.relative_se, NULL) AS relative_low,
  if(s.relative_reason = '', s.relative + t.half / s.difference_se * s.relative_se, NULL) AS relative_high,
  if(s.relative_reason = '', tupleElement(t.shifted, 'p_value'), NULL) AS relative_p,
  s.relative_reason AS relative_reason,
  s.mature_subjects AS mature_subjects,
  s.orders_without_cost AS orders_without_cost,
  s.orders_other_currency AS orders_other_currency,
  {as_of_ms:Int64} AS as_of_ms,
  '${LIFT_DEFINITION}' AS definition
FROM sums AS s
LEFT JOIN tests AS t ON t.metric = s.metric
ORDER BY s.place
`;
