import { AHEAD_MAX_MS, EVENT_KINDS, WINDOWS } from "@leastwise/windows";
import { FEATURE_COLUMNS, IN_WINDOWS, NEWEST, SILENCE_MAX_MS, WINDOW_SUMS } from "./feature-columns.js";

const [, , , , LONGEST] = WINDOWS;

/** One history: what one store of windows sees of one subject. */
const HISTORY = "log_incarnation, log_partition, subject";

/** Every feature of one probe's subject stands on these, and on nothing later in the log. */
const PROBE = `${HISTORY}, as_of_offset, at_ms`;

const onHistory = (a: string, b: string) =>
  HISTORY.split(", ")
    .map((column) => `${a}.${column} = ${b}.${column}`)
    .join(" AND ");

/**
 * The features of past moments, computed from `clickstream` alone: the same numbers that the windows gave, or would have given, when they
 * had read the log up to an offset. One row a probe: its own columns, then a column for each feature of the catalogue, NULL where absent.
 *
 * Parameter: `home_currency`, the shop's own: money in another is left out.
 *
 * - Point in time: only records up to the probe's offset count. What came later does not leak, however early it happened.
 * - A record that is more than 5 minutes ahead of its arrival leaves no trace. An event id counts once a subject, where it came first.
 *   The windows remember the last 128 ids of a subject, and 4,096 within 24 hours; here all are remembered.
 * - Late is what is older than the 60 tiles of 12 hours that end 5 minutes before the subject's newest event until then. It moves neither
 *   recency nor session nor cart. It is left in the sums: no window from 5 minutes before the newest event on can see it, and for an
 *   earlier t, where the windows are exact or absent, it makes the sum whole.
 * - A session is what lies between silences of more than 30 minutes in the order of arrival; one that arrives from before its start
 *   belongs to no session. So the newest event until then tells who begins one, and sessions begin in the order of time.
 * - The cart is adds less removes per product since the newest purchase, whatever their order. The windows join the oldest changes
 *   of a product beyond 16, and drop products beyond 1,000; here all count.
 * - Prices that the recorder found in the catalog are left out, as the windows have only what the event said.
 * - What a login moved from one subject to another is not in `clickstream`, and so not here.
 *
 * @param probes a SELECT that yields, beside any columns of its own, `log_incarnation`, `log_partition`, `subject`, `as_of_offset` (-1:
 *   nothing) and `at_ms`; for the same data the same at each reading
 */
export function featuresAtSql(probes: string): string {
  return `WITH
  probes AS (
    ${probes}
  ),
  -- What windows count, of the subjects asked for, each event id once.
  told AS (
    SELECT ${HISTORY}, log_offset, toUnixTimestamp64Milli(occurred_at) AS at_ms,
      kind, channel, device, place, product_id, quantity,
      if(event_id = '', log_offset, -1) AS offset_without_id,
      currency = {home_currency:String} AS is_home,
      if(is_home AND NOT unit_price_from_catalog, unit_price_minor, NULL) AS home_price_minor,
      kind = 'purchase' AND is_home AND NOT revenue_from_catalog AND isNotNull(revenue_minor) AS is_paid_at_home,
      if(is_paid_at_home, ifNull(revenue_minor, 0), 0) AS home_revenue_minor,
      if(is_paid_at_home, ifNull(discount_minor, 0), 0) AS home_discount_minor,
      multiIf(kind != 'purchase', 0, empty(lines.quantity), quantity, arraySum(lines.quantity)) AS units_bought,
      arrayMap(product -> bitShiftRight(sipHash64(product), 11), arrayFilter(product -> product != '',
        arrayPushBack(if(kind = 'purchase', lines.product_id, []), product_id))) AS product_marks
    FROM clickstream
    WHERE subject IN (SELECT subject FROM probes)
      AND kind IN (${EVENT_KINDS.map((kind) => `'${kind}'`).join(", ")})
      AND toUnixTimestamp64Milli(occurred_at) <= toUnixTimestamp64Milli(received_at) + ${AHEAD_MAX_MS}
    ORDER BY ${HISTORY}, log_offset
    LIMIT 1 BY ${HISTORY}, event_id, offset_without_id
  ),
  -- The newest event before each one, in the order of arrival: 0 before the first.
  in_order AS (
    SELECT *, max(at_ms) OVER (
      PARTITION BY ${HISTORY} ORDER BY log_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS newest_before_ms
    FROM told
  ),
  judged AS (
    SELECT *,
      intDiv(at_ms, ${LONGEST.tileMs})
        < intDiv(newest_before_ms - ${AHEAD_MAX_MS}, ${LONGEST.tileMs}) - ${LONGEST.tileCount - 1} AS is_late,
      at_ms - newest_before_ms > ${SILENCE_MAX_MS} AS begins_session,
      max(if(begins_session, at_ms, 0)) OVER (
        PARTITION BY ${HISTORY} ORDER BY log_offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS session_start_ms
    FROM in_order
  ),
  -- What each session came to, event by event.
  with_sessions AS (
    SELECT *,
      NOT is_late AND at_ms >= session_start_ms AS is_in_session,
      countIf(is_in_session) OVER session_so_far AS session_events,
      countIf(is_in_session AND kind = 'page_view') OVER session_so_far AS session_page_views,
      countIf(is_in_session AND kind = 'product_view') OVER session_so_far AS session_product_views
    FROM judged
    WINDOW session_so_far AS (
      PARTITION BY ${HISTORY}, session_start_ms ORDER BY log_offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
  ),
  -- Each probe beside each event that it may see.
  seen AS (
    SELECT p.as_of_offset AS as_of_offset, p.at_ms AS probe_ms, e.*,
      ${IN_WINDOWS.join(",\n      ")},
      intDiv(p.at_ms, ${LONGEST.tileMs}) - intDiv(e.at_ms, ${LONGEST.tileMs}) AS longest_tiles_ago
    FROM with_sessions AS e
    INNER JOIN (SELECT DISTINCT ${PROBE} FROM probes) AS p ON ${onHistory("p", "e")}
    WHERE e.log_offset <= p.as_of_offset
  ),
  sums AS (
    SELECT ${HISTORY}, as_of_offset, probe_ms,
      ${WINDOW_SUMS.join(",\n      ")},
      ${NEWEST.join(",\n      ")},
      maxIf(at_ms, NOT is_late) AS newest_event_ms,
      argMax(session_start_ms, log_offset) AS last_session_start_ms,
      argMax(session_events, log_offset) AS last_session_events,
      argMax(session_page_views, log_offset) AS last_session_page_views,
      argMax(session_product_views, log_offset) AS last_session_product_views,
      countIf(begins_session AND in_${LONGEST.name}) AS sessions_begun,
      countIf(begins_session AND longest_tiles_ago BETWEEN -1 AND ${LONGEST.tileCount - 2}) AS sessions_begun_to_next_tile,
      -- -1 stands for a price that is not known: it sorts first, and is no price.
      groupArrayIf(
        (product_id, at_ms, ifNull(home_price_minor, -1), if(kind = 'cart_add', quantity, -quantity)),
        kind IN ('cart_add', 'cart_remove') AND product_id != '' AND quantity > 0
          AND NOT is_late AND longest_tiles_ago < ${LONGEST.tileCount}
      ) AS cart_changes
    FROM seen
    GROUP BY ${HISTORY}, as_of_offset, probe_ms
  ),
  features AS (
    SELECT *,
      last_session_start_ms AS session_start_ms,
      last_session_events AS session_events,
      last_session_page_views AS session_page_views,
      last_session_product_views AS session_product_views,
      newest_event_ms > 0 AND probe_ms - newest_event_ms <= ${SILENCE_MAX_MS}
        AND newest_event_ms <= probe_ms + ${AHEAD_MAX_MS} AS has_session,
      greatest(newest_cart_add_ms, newest_cart_remove_ms, newest_purchase_ms) AS newest_cart_ms,
      -- Changes since the newest purchase, by product and time.
      arraySort(arrayFilter(change -> change.at_ms > newest_purchase_ms,
        cart_changes::Array(Tuple(product_id String, at_ms Int64, price_minor Int64, units Int64)))) AS changes,
      arrayMax(change -> change.at_ms, changes) AS cart_changed_ms,
      -- One array of changes a product, of those that have at least one unit left.
      arrayFilter(line -> arraySum(change -> change.units, line) > 0,
        arraySplit((change, product_before) -> change.product_id != product_before, changes,
          arrayShiftRight(changes.product_id, 1))) AS cart,
      arraySum(line -> arraySum(change -> change.units, line)
        * toInt128(arrayLast(change -> change.price_minor >= 0, line).price_minor), cart) AS priced_minor,
      if(arrayExists(line -> NOT arrayExists(change -> change.price_minor >= 0, line), cart)
        OR priced_minor > ${Number.MAX_SAFE_INTEGER}, NULL, toInt64(priced_minor)) AS cart_value_minor
    FROM sums
  )
SELECT p.*,
  ${FEATURE_COLUMNS.join(",\n  ")}
FROM probes AS p
LEFT JOIN features AS f ON ${onHistory("f", "p")} AND f.as_of_offset = p.as_of_offset AND f.probe_ms = p.at_ms`;
}
