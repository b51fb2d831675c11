/**
 * Who was enrolled, in which arm, and what came of each: one row a subject, those who did nothing included. A subject is followed by its
 * `assignment_key`, which a browser hands to the shopper who logs in on it for the first time: an order after the login counts for the
 * enrolment before it. `subject` is the one that was enrolled first.
 *
 * Parameters: `experiment`; `from_ms`, `to_ms`: first enrolments in [from, to); `as_of_ms`: nothing later is read;
 * `horizon_ms`: orders in [enrolled_at, enrolled_at + horizon]; `return_window_ms`: returns up to so long after their order,
 * so that arms stand at equal return maturity; `currency`: the one currency of all money columns.
 *
 * - A subject counts by its first enrolment ever, in the arm of that one (intention to treat); no later fact filters it.
 * - A redemption or a return belongs to the order of its own key. Where that key has no order of the id, as when a browser's code is used
 *   by an account that was known before, it belongs to the enrolled subject's order of that id: what was spent is never left out.
 * - An order counts once by (key, order id), a redemption by (offer, order), a return by (key, event id), or by its place in the log
 *   where it has no id: what was sent or written twice changes nothing.
 * - margin = revenue − known cost of goods − (incentive cost − what offers took off the goods' price and revenue lacks already) −
 *   (refunds − goods recovered). Revenue lacks at most what it is short of its lines' prices: a shop that reports list prices
 *   has not taken the offer off yet. Where a line's price is not known, revenue is taken to be what was paid. An order of unknown cost counts with its whole revenue; one of unknown revenue counts as
 *   order and conversion, and adds no money, nor do its offers and returns. Both are named in `orders_without_cost`. A return whose
 *   refund is not said moves no figure.
 * - Orders in another currency count as orders and conversions, add no money, and are named in `orders_other_currency`.
 * - `is_mature`: horizon and return window had passed by as_of.
 */
export const LIFT_SUBJECTS_SQL = `
CREATE OR REPLACE VIEW lift_subjects AS
WITH
  enrolled AS (
    SELECT
      assignment_key,
      argMin(subject, (enrolled_at, log_partition, log_offset)) AS first_subject,
      argMin(arm, (enrolled_at, log_partition, log_offset)) AS arm,
      argMin(holdout_bp, (enrolled_at, log_partition, log_offset)) AS holdout_bp,
      min(enrolled_at) AS first_enrolled_at
    FROM enrolments
    WHERE experiment = {experiment:String}
    GROUP BY assignment_key
    HAVING first_enrolled_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
      AND first_enrolled_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
      AND first_enrolled_at <= fromUnixTimestamp64Milli({as_of_ms:Int64}, 'UTC')
  ),
  ordered AS (
    SELECT o.assignment_key AS assignment_key, o.order_id AS order_id, o.ordered_at AS ordered_at, o.currency AS currency,
      o.revenue_minor AS revenue_minor, o.cost_of_goods_minor AS cost_of_goods_minor,
      o.currency = {currency:String} AND isNotNull(o.revenue_minor) AS is_counted,
      if(empty(o.lines.unit_price_minor) OR arrayExists(price -> isNull(price), o.lines.unit_price_minor), NULL,
        arraySum((price, quantity) -> toInt128(ifNull(price, 0)) * quantity, o.lines.unit_price_minor, o.lines.quantity)
          - ifNull(o.revenue_minor, 0)) AS short_minor,
      min(o.assignment_key) OVER (PARTITION BY o.order_id) AS first_key
    FROM orders AS o
    INNER JOIN enrolled AS e ON e.assignment_key = o.assignment_key
    WHERE o.ordered_at >= e.first_enrolled_at
      AND toUnixTimestamp64Milli(o.ordered_at) <= toUnixTimestamp64Milli(e.first_enrolled_at) + {horizon_ms:Int64}
      AND o.ordered_at <= fromUnixTimestamp64Milli({as_of_ms:Int64}, 'UTC')
    ORDER BY o.ordered_at, o.log_partition, o.log_offset
    LIMIT 1 BY assignment_key, order_id
  ),
  owned AS (
    SELECT DISTINCT assignment_key, order_id, 1 AS is_owned
    FROM orders
    WHERE order_id IN (SELECT order_id FROM offers WHERE kind = 'redeemed')
      OR order_id IN (SELECT order_id FROM returns)
  ),
  incentives AS (
    SELECT if(w.is_owned = 1, f.assignment_key, '') AS owner, f.order_id AS order_id, f.currency AS currency,
      sum(f.sign * f.cost_minor) AS incentive_cost_minor,
      sum(f.sign * f.line_discount_minor) AS off_price_minor
    FROM (
      SELECT assignment_key, order_id, currency, cost_minor, arraySum(lines.discount_minor) AS line_discount_minor,
        if(kind = 'redeemed', 1, -1) AS sign
      FROM offers
      WHERE kind IN ('redeemed', 'refunded') AND at <= fromUnixTimestamp64Milli({as_of_ms:Int64}, 'UTC')
      ORDER BY at, log_partition, log_offset
      LIMIT 1 BY offer_id, order_id, kind, if(kind = 'redeemed', '', idempotency_key)
    ) AS f
    LEFT JOIN owned AS w ON w.assignment_key = f.assignment_key AND w.order_id = f.order_id
    GROUP BY owner, order_id, currency
  ),
  returned AS (
    SELECT o.assignment_key AS assignment_key, o.order_id AS order_id, r.currency AS currency,
      sum(ifNull(r.refund_minor - r.cost_recovered_minor, 0)) AS returns_minor
    FROM (
      SELECT if(w.is_owned = 1, k.assignment_key, '') AS owner, k.order_id AS order_id, k.currency AS currency,
        k.returned_at AS returned_at, k.refund_minor AS refund_minor, k.cost_recovered_minor AS cost_recovered_minor
      FROM (
        SELECT *, if(event_id = '', (log_incarnation, log_topic, log_partition, log_offset), ('', '', 0, 0)) AS place
        FROM returns
        WHERE returned_at <= fromUnixTimestamp64Milli({as_of_ms:Int64}, 'UTC')
        ORDER BY log_partition, log_offset
        LIMIT 1 BY assignment_key, event_id, place
      ) AS k
      LEFT JOIN owned AS w ON w.assignment_key = k.assignment_key AND w.order_id = k.order_id
    ) AS r
    INNER JOIN ordered AS o ON o.order_id = r.order_id
    WHERE r.owner IN (o.assignment_key, if(o.assignment_key = o.first_key, '', o.assignment_key))
      AND toUnixTimestamp64Milli(r.returned_at) <= toUnixTimestamp64Milli(o.ordered_at) + {return_window_ms:Int64}
    GROUP BY assignment_key, order_id, currency
  ),
  outcomes AS (
    SELECT o.assignment_key AS assignment_key,
      count() AS orders,
      countIf(o.currency NOT IN ('', {currency:String})) AS orders_other_currency,
      countIf(o.currency IN ('', {currency:String}) AND (isNull(o.revenue_minor) OR isNull(o.cost_of_goods_minor)))
        AS orders_without_cost,
      sumIf(ifNull(o.revenue_minor, 0), o.is_counted) AS revenue_minor,
      sumIf(ifNull(o.cost_of_goods_minor, 0), o.is_counted) AS cost_of_goods_minor,
      sumIf(i.incentive_cost_minor + j.incentive_cost_minor, o.is_counted) AS incentive_cost_minor,
      sumIf(
        least(i.off_price_minor + j.off_price_minor, greatest(0, ifNull(o.short_minor, i.off_price_minor + j.off_price_minor))),
        o.is_counted
      ) AS off_price_minor,
      sumIf(r.returns_minor, o.is_counted) AS returns_minor
    FROM ordered AS o
    LEFT JOIN incentives AS i ON i.owner = o.assignment_key AND i.order_id = o.order_id AND i.currency = o.currency
    LEFT JOIN incentives AS j ON j.owner = if(o.assignment_key = o.first_key, '', 'none') AND j.order_id = o.order_id
      AND j.currency = o.currency
    LEFT JOIN returned AS r ON r.assignment_key = o.assignment_key AND r.order_id = o.order_id AND r.currency = o.currency
    GROUP BY assignment_key
  )
SELECT
  e.assignment_key AS assignment_key,
  e.first_subject AS subject,
  e.arm AS arm,
  e.holdout_bp AS holdout_bp,
  e.first_enrolled_at AS enrolled_at,
  toUnixTimestamp64Milli(e.first_enrolled_at) + {horizon_ms:Int64} + {return_window_ms:Int64} <= {as_of_ms:Int64} AS is_mature,
  toInt64(x.orders > 0) AS conversion,
  toInt64(x.orders) AS orders,
  toInt64(x.orders_other_currency) AS orders_other_currency,
  toInt64(x.orders_without_cost) AS orders_without_cost,
  toInt64(x.revenue_minor) AS revenue_minor,
  toInt64(x.incentive_cost_minor) AS incentive_cost_minor,
  toInt64(x.returns_minor) AS returns_minor,
  toInt64(x.revenue_minor - x.cost_of_goods_minor - (x.incentive_cost_minor - x.off_price_minor) - x.returns_minor)
    AS margin_minor
FROM enrolled AS e
LEFT JOIN outcomes AS x ON x.assignment_key = e.assignment_key
`;
