import { AHEAD_MAX_MS, EVENT_KINDS, SESSION_SILENCE_MAX_MS, SUBJECT_SILENCE_MAX_MS, WINDOWS } from "@leastwise/windows";

const [, , , , LONGEST] = WINDOWS;

/** Where the windows keep what they know of a subject. */
export const SUBJECT = "log_incarnation, log_partition, subject";

/**
 * One history: what the windows fold into one state. A login ends that of the anonymous shopper, and 180 days of silence that of anybody; what
 * comes after it begins another, so that a subject may have several lives in its partition.
 */
export const HISTORY = `${SUBJECT}, life`;

/** What windows count: known kinds, nothing that is more than 5 minutes ahead of its arrival. */
const COUNTED = `kind IN (${EVENT_KINDS.map((kind) => `'${kind}'`).join(", ")})
        AND toUnixTimestamp64Milli(occurred_at) <= toUnixTimestamp64Milli(received_at) + ${AHEAD_MAX_MS}`;

/**
 * When each record of a subject was received, and the newest until then: repeats count, as they too are signs of life. 0 before the first.
 *
 * @param subjects a SELECT of one column
 */
export const heardSql = (subjects: string) => `
    SELECT ${SUBJECT}, log_offset, toUnixTimestamp64Milli(received_at) AS received_ms,
      max(received_ms) OVER (
        PARTITION BY ${SUBJECT} ORDER BY log_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
      ) AS received_before_ms,
      greatest(received_ms, received_before_ms) AS newest_received_ms
    FROM clickstream
    WHERE subject IN (${subjects}) AND ${COUNTED}`;

/**
 * Where lives end, by subject: after the record of a link, or before the record that ended a silence. Counted in half records, so that both
 * have a place: offset n is 2n, and what stands just before it 2n − 1.
 */
export const ENDS_SQL = `
    SELECT ${SUBJECT}, groupUniqArray(end_at) AS ends
    FROM (
      SELECT log_incarnation, link_partition AS log_partition, from_subject AS subject, 2 * link_offset AS end_at
      FROM moves
      UNION ALL
      SELECT ${SUBJECT}, 2 * log_offset - 1 AS end_at
      FROM heard
      WHERE received_before_ms > 0 AND received_ms - received_before_ms > ${SUBJECT_SILENCE_MAX_MS}
    )
    GROUP BY ${SUBJECT}`;

/**
 * What the windows take in of some subjects: nothing that is more than 5 minutes ahead of its arrival, and each event id once. Amounts are
 * those that the event itself said, in the home currency.
 *
 * @param subjects a SELECT of one column
 */
export const toldSql = (subjects: string) => `
    SELECT c.log_incarnation AS log_incarnation, c.log_partition AS log_partition, c.subject AS subject,
      arrayCount(end_at -> end_at < 2 * c.log_offset, l.ends) AS life, c.log_offset AS log_offset,
      1 AS is_event, toUnixTimestamp64Milli(c.occurred_at) AS at_ms,
      toUnixTimestamp64Milli(c.received_at) AS received_ms, c.kind AS kind, c.event_id AS event_id,
      c.channel AS channel, c.device AS device, c.place AS place, c.product_id AS product_id, c.quantity AS quantity,
      c.currency = {home_currency:String} AS is_home,
      if(is_home AND NOT c.unit_price_from_catalog, c.unit_price_minor, NULL) AS home_price_minor,
      c.kind = 'purchase' AND is_home AND NOT c.revenue_from_catalog AND isNotNull(c.revenue_minor) AS is_paid_at_home,
      if(is_paid_at_home, ifNull(c.revenue_minor, 0), 0) AS home_revenue_minor,
      if(is_paid_at_home, ifNull(c.discount_minor, 0), 0) AS home_discount_minor,
      multiIf(c.kind != 'purchase', 0, empty(c.lines.quantity), c.quantity, arraySum(c.lines.quantity)) AS units_bought,
      arrayMap(product -> bitShiftRight(sipHash64(product), 11), arrayFilter(product -> product != '',
        arrayPushBack(if(c.kind = 'purchase', c.lines.product_id, []), c.product_id))) AS product_marks,
      -- What the event is to its session: the first of one that it begins, and one more.
      at_ms AS session_from_ms, toUInt64(1) AS adds_events, toUInt64(c.kind = 'page_view') AS adds_page_views,
      toUInt64(c.kind = 'product_view') AS adds_product_views
    FROM clickstream AS c
    LEFT JOIN ends AS l
      ON l.log_incarnation = c.log_incarnation AND l.log_partition = c.log_partition AND l.subject = c.subject
    WHERE c.subject IN (${subjects}) AND ${COUNTED}
    ORDER BY ${HISTORY}, log_offset
    LIMIT 1 BY ${HISTORY}, event_id, if(event_id = '', log_offset, -1)`;

/**
 * Goes through histories in the order of the log and says of each row whether it is late, and what its session has come to. Late is what is
 * older than the tiles that end 5 minutes before the newest event until then.
 *
 * A session lies between silences of more than 30 minutes, in the order of arrival. As the newest event until then is the last of the
 * session going on, it tells whether another begins. A state that a login moved here brings its session, which goes on if it ends later.
 * What arrives from before a session's start belongs to none.
 */
export const historySql = (rows: string) => `
    SELECT *,
      if(is_event, NOT is_late AND at_ms >= session_start_ms, changes_session) AS is_in_session,
      sumIf(adds_events, is_in_session) OVER session_so_far AS session_events,
      sumIf(adds_page_views, is_in_session) OVER session_so_far AS session_page_views,
      sumIf(adds_product_views, is_in_session) OVER session_so_far AS session_product_views
    FROM (
      SELECT *,
        is_event AND intDiv(at_ms, ${LONGEST.tileMs})
          < intDiv(newest_before_ms - ${AHEAD_MAX_MS}, ${LONGEST.tileMs}) - ${LONGEST.tileCount - 1} AS is_late,
        is_event AND at_ms - newest_before_ms > ${SESSION_SILENCE_MAX_MS} AS begins_session,
        begins_session OR (NOT is_event AND at_ms > newest_before_ms) AS changes_session,
        max(if(changes_session, log_offset, -1)) OVER so_far AS session_offset,
        argMax(session_from_ms, if(changes_session, log_offset, -1)) OVER so_far AS session_start_ms
      FROM (
        -- 0 before the first event.
        SELECT *, max(at_ms) OVER (
          PARTITION BY ${HISTORY} ORDER BY log_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS newest_before_ms
        FROM ${rows}
      )
      WINDOW so_far AS (
        PARTITION BY ${HISTORY} ORDER BY log_offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      )
    )
    WINDOW session_so_far AS (
      PARTITION BY ${HISTORY}, session_offset ORDER BY log_offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )`;

/** What a history's session has come to, at each of its rows. */
export const SESSION = ["start_ms", "events", "page_views", "product_views"].map((part) => `session_${part}`);
