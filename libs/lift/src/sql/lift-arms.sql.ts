/**
 * The sufficient sums of each metric in each arm: from these alone every mean, variance and interval follows. Same
 * parameters as `lift_subjects`. Squares are summed in 256 bits: in 64 they wrap without a word.
 */
export const LIFT_ARMS_SQL = `
CREATE OR REPLACE VIEW lift_arms AS
SELECT
  metric,
  arm,
  count() AS subjects,
  sum(toInt256(value)) AS sum,
  sum(toInt256(value) * toInt256(value)) AS sum_squares,
  countIf(is_mature) AS mature_subjects,
  sum(orders_without_cost) AS orders_without_cost,
  sum(orders_other_currency) AS orders_other_currency
FROM lift_subjects(experiment = {experiment:String}, from_ms = {from_ms:Int64}, to_ms = {to_ms:Int64},
  as_of_ms = {as_of_ms:Int64}, horizon_ms = {horizon_ms:Int64}, return_window_ms = {return_window_ms:Int64},
  currency = {currency:String})
ARRAY JOIN
  ['conversion', 'orders', 'revenue', 'incentive_cost', 'returns', 'margin'] AS metric,
  [conversion, orders, revenue_minor, incentive_cost_minor, returns_minor, margin_minor] AS value
GROUP BY metric, arm
`;
