import { AHEAD_MAX_MS, SESSION_SILENCE_MAX_MS, SUBJECT_SILENCE_MAX_MS, WINDOWS } from "@leastwise/windows";
import { FEATURE_COLUMNS, IN_WINDOWS, NEWEST, ORDERS, WINDOW_SUMS } from "./feature-columns.js";
import { ENDS_SQL, heardSql, HISTORY, historySql, SESSION, SUBJECT, toldSql } from "./histories.sql.js";

const [, , , , LONGEST] = WINDOWS;

/** What a history is asked: its features at that moment, as of that offset. */
const PROBE = `${HISTORY}, as_of_offset, probe_ms`;

/** What an event says. */
const SAID = [
  ...["is_event", "at_ms", "received_ms", "kind", "event_id", "channel", "device", "place", "product_id", "quantity"],
  ...["home_price_minor", "home_revenue_minor", "home_discount_minor", "units_bought", "product_marks"],
];

/** What an event, or a state that was moved, is to its session. */
const TO_SESSION = ["session_from_ms", "adds_events", "adds_page_views", "adds_product_views"];

/** What an event said and what its history made of it. */
const JUDGED = [...SAID, "is_late", "begins_session", ...SESSION].join(", ");

const columnsOf = (table: string, columns: readonly string[]) =>
  columns.map((column) => `${table}.${column} AS ${column}`).join(", ");

const ASKED_FOR = "SELECT subject FROM probes";
const MOVED_TO_THEM = "SELECT from_subject FROM moves WHERE subject IN (SELECT subject FROM probes)";

/** What logins moved to the subjects asked for. */
const MOVED = `
  heard AS (${heardSql(`${ASKED_FOR} UNION ALL ${MOVED_TO_THEM}`)}
  ),
  ends AS (${ENDS_SQL}
  ),
  -- A state that was sent twice counts where it came first.
  moved AS (
    SELECT ${columnsOf("m", ["log_incarnation", "link_partition", "from_subject", "log_partition", "subject", "log_offset"])},
      arrayCount(end_at -> end_at < 2 * m.link_offset, a.ends) AS from_life,
      arrayCount(end_at -> end_at < 2 * m.log_offset, k.ends) AS life
    FROM (
      SELECT log_incarnation, link_partition, link_offset, from_subject, log_partition, subject,
        min(moves.log_offset) AS log_offset
      FROM moves
      WHERE subject IN (${ASKED_FOR})
      GROUP BY log_incarnation, link_partition, link_offset, from_subject, log_partition, subject
    ) AS m
    LEFT JOIN ends AS a ON a.log_incarnation = m.log_incarnation AND a.log_partition = m.link_partition
      AND a.subject = m.from_subject
    LEFT JOIN ends AS k ON k.log_incarnation = m.log_incarnation AND k.log_partition = m.log_partition
      AND k.subject = m.subject
  ),
  told_before_login AS (${toldSql(MOVED_TO_THEM)}
  ),
  before_login AS (${historySql("told_before_login")}
  ),
  -- Events of the anonymous subject, in the account's history from where its state arrived.
  moved_events AS (
    SELECT ${columnsOf("m", [...HISTORY.split(", "), "log_offset"])}, a.log_offset AS log_offset_before, ${JUDGED}
    FROM before_login AS a
    INNER JOIN moved AS m ON m.log_incarnation = a.log_incarnation AND m.link_partition = a.log_partition
      AND m.from_subject = a.subject AND m.from_life = a.life
  ),
  -- An event id that came over with a state is known from then on.
  moved_ids AS (
    SELECT ${HISTORY}, event_id, min(log_offset) AS known_from
    FROM moved_events
    WHERE event_id != ''
    GROUP BY ${HISTORY}, event_id
  ),
  -- Each state as one row, which is no event: its newest moment and its session.
  moved_states AS (
    SELECT ${HISTORY}, log_offset,
      0 AS is_event, max(m.at_ms) AS at_ms, max(m.received_ms) AS received_ms, '' AS kind, '' AS event_id, '' AS channel, '' AS device, '' AS place,
      '' AS product_id, 0 AS quantity, NULL AS home_price_minor, 0 AS home_revenue_minor, 0 AS home_discount_minor,
      0 AS units_bought, []::Array(UInt64) AS product_marks,
      argMax(m.session_start_ms, m.log_offset_before) AS session_from_ms,
      argMax(m.session_events, m.log_offset_before) AS adds_events,
      argMax(m.session_page_views, m.log_offset_before) AS adds_page_views,
      argMax(m.session_product_views, m.log_offset_before) AS adds_product_views
    FROM moved_events AS m
    GROUP BY ${HISTORY}, log_offset
  ),`;

/** The histories of the subjects asked for, row by row. */
const HISTORIES = `
  told AS (${toldSql(ASKED_FOR)}
  ),
  told_and_moved AS (
    SELECT ${columnsOf("t", [...HISTORY.split(", "), "log_offset", ...SAID, ...TO_SESSION])}
    FROM told AS t
    LEFT JOIN moved_ids AS i ON i.log_incarnation = t.log_incarnation AND i.log_partition = t.log_partition
      AND i.subject = t.subject AND i.life = t.life AND i.event_id = t.event_id
    WHERE i.event_id = '' OR i.known_from > t.log_offset
    UNION ALL
    SELECT ${HISTORY}, log_offset, ${[...SAID, ...TO_SESSION].join(", ")}
    FROM moved_states
  ),
  histories AS (${historySql("told_and_moved")}
  ),`;

/** Each probe beside each event that it may see, and what these come to. */
const SUMS = `
  seen AS (
    SELECT p.as_of_offset AS as_of_offset, p.probe_ms AS probe_ms, p.newest_heard_ms AS newest_heard_ms, e.*,
      ${IN_WINDOWS.join(",\n      ")},
      intDiv(p.probe_ms, ${LONGEST.tileMs}) - intDiv(e.at_ms, ${LONGEST.tileMs}) AS longest_tiles_ago
    FROM (
      SELECT ${HISTORY}, log_offset, 0 AS is_moved, ${JUDGED} FROM histories
      UNION ALL
      SELECT ${HISTORY}, log_offset, 1 AS is_moved, ${JUDGED} FROM moved_events
    ) AS e
    INNER JOIN (
      SELECT DISTINCT ${columnsOf("p", SUBJECT.split(", "))},
        arrayCount(end_at -> end_at <= 2 * p.as_of_offset, l.ends) AS life,
        p.as_of_offset AS as_of_offset, p.at_ms AS probe_ms, h.newest_received_ms AS newest_heard_ms
      FROM probes AS p
      LEFT JOIN ends AS l ON l.log_incarnation = p.log_incarnation AND l.log_partition = p.log_partition
        AND l.subject = p.subject
      ASOF LEFT JOIN heard AS h ON h.log_incarnation = p.log_incarnation AND h.log_partition = p.log_partition
        AND h.subject = p.subject AND h.log_offset <= p.as_of_offset
    ) AS p ON p.log_incarnation = e.log_incarnation AND p.log_partition = e.log_partition AND p.subject = e.subject
      AND p.life = e.life
    WHERE e.log_offset <= p.as_of_offset
  ),
  sums AS (
    SELECT ${PROBE},
      ${WINDOW_SUMS.join(",\n      ")},
      ${NEWEST.join(",\n      ")},
      ${ORDERS.join(",\n      ")},
      maxIf(at_ms, NOT is_late) AS newest_event_ms,
      greatest(max(received_ms), any(newest_heard_ms)) AS newest_received_ms,
      ${SESSION.map((column) => `argMaxIf(${column}, log_offset, NOT is_moved) AS last_${column}`).join(",\n      ")},
      countIf(begins_session AND in_${LONGEST.name}) AS sessions_begun,
      countIf(begins_session AND longest_tiles_ago BETWEEN -1 AND ${LONGEST.tileCount - 2}) AS sessions_begun_to_next_tile,
      -- -1 stands for a price that is not known: it sorts first, and is no price.
      groupArrayIf(
        (product_id, at_ms, ifNull(home_price_minor, -1), if(kind = 'cart_add', quantity, -quantity)),
        kind IN ('cart_add', 'cart_remove') AND product_id != '' AND quantity > 0
          AND NOT is_late AND longest_tiles_ago < ${LONGEST.tileCount}
      ) AS cart_changes
    FROM seen
    GROUP BY ${PROBE}
  ),`;

/** The sums of a probe, its session and its cart. */
const FEATURES = `
  features AS (
    SELECT *,
      newest_event_ms > 0 AND probe_ms - newest_event_ms <= ${SESSION_SILENCE_MAX_MS}
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
    WHERE probe_ms - newest_received_ms <= ${SUBJECT_SILENCE_MAX_MS}
  )`;

/**
 * The features of past moments, computed from `clickstream` and `moves` alone: the same numbers that the windows gave, or would have given,
 * when they had read the log up to an offset. One row a probe: its own columns, then a column for each feature of the catalogue, NULL
 * where absent.
 *
 * Parameter: `home_currency`, the shop's own: money in another is left out, and so are prices that only the catalog knew.
 *
 * - Point in time: only records up to the probe's offset count. What came later does not leak, however early it happened.
 * - Late events move neither recency nor session nor cart. They are left in the sums: no window from 5 minutes before the newest event on
 *   can see them, and for an earlier t, where the windows are exact or absent, they make the sums whole.
 * - A login moves all that is known of the anonymous shopper to the account, at the offset of the record that brought it there, and ends
 *   it where it was: for this `moves` says which link sent it. What is still on its way is not there yet. Of two sessions that end in the
 *   same millisecond the account's own stays. An account is never moved on.
 * - After 180 days without an event a subject is nobody again. Repeats hold that off too, and so does a login, which
 *   is an event of the account's own.
 * - The cart is adds less removes per product since the newest purchase, whatever their order.
 * - The windows are bounded where a question is not: they forget event ids beyond the last 128 and those of 24 hours up to 4,096, join
 *   the oldest changes of a product in the cart beyond 16, and drop products beyond 1,000. Here all count.
 *
 * @param probes a SELECT that yields, beside any columns of its own, `log_incarnation`, `log_partition`, `subject`, `as_of_offset` (-1:
 *   nothing) and `at_ms`; for the same data the same at each reading
 */
export function featuresAtSql(probes: string): string {
  return `WITH
  probes AS (
    ${probes}
  ),${MOVED}${HISTORIES}${SUMS}${FEATURES}
SELECT p.*,
  ${FEATURE_COLUMNS.join(",\n  ")}
FROM probes AS p
LEFT JOIN features AS f ON f.log_incarnation = p.log_incarnation AND f.log_partition = p.log_partition
  AND f.subject = p.subject AND f.as_of_offset = p.as_of_offset AND f.probe_ms = p.at_ms`;
}
