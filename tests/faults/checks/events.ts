import { createSubjectHasher, windowEventOf } from "@leastwise/contracts";
import type { CurrencyCode, Millis, SubjectId } from "@leastwise/vocabulary";
import {
  createWindowStore,
  featureIndex,
  FEATURES,
  featuresFromHistory,
  type FeatureName,
  type HistoryRecord,
} from "@leastwise/windows";
import { sql, type Evidence } from "../evidence.js";
import { CURRENCY } from "../policy.js";
import { SUBJECTS_KEY } from "../system.js";
import type { EventTold, Ids } from "../told.js";
import { each, grouped, type Found } from "./check.js";

/** Who asks for the last decision of each shopper, which has the features to be counted by hand. */
export const FINAL_CALLER = "verifier";

const hasher = createSubjectHasher(Buffer.from(SUBJECTS_KEY, "hex"));

/** Kinds of events, and the features that count them over everything that a run can hold. */
const COUNTED: Readonly<Record<string, FeatureName>> = {
  page_view: "page_views_30d",
  product_view: "product_views_30d",
  search: "searches_30d",
  cart_add: "cart_adds_30d",
  checkout_start: "checkout_starts_30d",
  purchase: "purchases_30d",
};

/** The subject that a shop's ids stand for. */
export function subjectOf({ userId, anonymousId }: Ids): SubjectId {
  return userId === undefined ? hasher.anonymous(anonymousId ?? "") : hasher.known(userId);
}

/** Which of the load's people it is, however called. */
export function shopperOf({ userId, anonymousId }: Ids): string {
  return (userId ?? anonymousId ?? "").replace(/^(user|browser)-/, "");
}

function eventsTold({ told }: Evidence): readonly EventTold[] {
  return told.filter((line) => line.told === "event");
}

/** Ids of all events on the log. */
function idsOnLog({ clickstream }: Evidence): ReadonlySet<string> {
  return new Set(
    clickstream.flatMap(({ record }) => (record.$case === "event" ? [record.value.event?.eventId ?? ""] : [])),
  );
}

/** What the collector took, or the brokers for the shop, is on the log. */
export function acknowledgedOnLog(evidence: Evidence): Found {
  const onLog = idsOnLog(evidence);
  const acknowledged = eventsTold(evidence).filter(({ outcome }) => outcome === "acknowledged");
  const ids = new Set(acknowledged.map(({ eventId }) => eventId));
  return each("every event that was acknowledged stands on the clickstream", ids, (id) =>
    onLog.has(id) ? undefined : id,
  );
}

/** The load sends nothing that is to be refused: where something was, it was not looked at rightly. */
export function noneRefused(evidence: Evidence): Found {
  return each("no event was refused", eventsTold(evidence), ({ outcome, eventId }) =>
    outcome === "refused" ? eventId : undefined,
  );
}

/** What the shop wrote itself was taken in once, and what was sent to the door, too, once more for each time that was acknowledged, or might have been. */
export function takenInOnce(evidence: Evidence): Found {
  const sent = grouped(
    eventsTold(evidence).filter(({ door }) => door === "http"),
    ({ eventId }) => eventId,
  );
  const taken = grouped(
    evidence.clickstream.flatMap(({ record }) => (record.$case === "event" ? [record.value.event?.eventId ?? ""] : [])),
    (id) => id,
  );
  const written = grouped(evidence.rawIds, (id) => id);
  return each("what the shop wrote to the log itself was taken in once", written, ([id, copies]) => {
    const times = taken.get(id)?.length ?? 0;
    const sure = (sent.get(id) ?? []).filter(({ outcome }) => outcome === "acknowledged").length;
    const least = copies.length + sure;
    // A post that was answered late, or never, may have been taken in as well: then only the least is known.
    const isRight = sent.has(id) ? times >= least : times === least;
    return isRight ? undefined : `${id}: written ${copies.length}, acknowledged by the door ${sure}, taken in ${times}`;
  });
}

/**
 * Each shopper's last decision has counted each of their events once: those that were acknowledged, and of the others those that stand on the
 * log. Counted by hand, from what was told: no code of the windows takes part.
 */
export function countedOnce(evidence: Evidence): Found {
  const onLog = idsOnLog(evidence);
  const finals = grouped(
    evidence.decisions.filter(({ record }) => record.caller === FINAL_CALLER),
    ({ record }) => record.subject,
  );
  const byShopper = grouped(eventsTold(evidence), ({ ids }) => shopperOf(ids));
  return each("the features count each event once, none missing (by hand)", byShopper, ([shopper, events]) => {
    const ids =
      events.at(-1)?.ids.userId === undefined && !isLoggedIn(events)
        ? { anonymousId: `browser-${shopper}` }
        : { userId: `user-${shopper}` };
    const values = finals.get(subjectOf(ids))?.at(-1)?.record.features?.values;
    if (values === undefined) return `${shopper}: no last decision with features`;
    const sure = events.filter(({ outcome, eventId }) => outcome === "acknowledged" || onLog.has(eventId));
    const off = Object.entries(COUNTED).flatMap(([kind, feature]) => {
      const expected = new Set(sure.filter((event) => event.kind === kind).map(({ eventId }) => eventId)).size;
      const counted = values[featureIndex(feature)];
      return counted === expected ? [] : [`${feature} ${String(counted)}, expected ${expected}`];
    });
    return off.length === 0 ? undefined : `${shopper}: ${off.join("; ")}`;
  });
}

function isLoggedIn(events: readonly EventTold[]): boolean {
  return events.some(({ kind }) => kind === "login");
}

/** The features of every decision are those that the clickstream gives when it is read again. */
export function featuresAsHistory(evidence: Evidence): Found {
  const wrong: string[] = [];
  let looked = 0;
  const probes = evidence.decisions.flatMap(({ record }) => {
    const { features, subject, decidedAtMs, decisionId } = record;
    if (features === undefined || features.values.length !== FEATURES.length) return [];
    const { partition, asOfOffset, values } = features;
    const asOf = { asOfOffset: Number(asOfOffset), atMs: Number(decidedAtMs) as Millis };
    return [{ ...asOf, subject: subject as SubjectId, partition, values, decisionId }];
  });
  const histories = grouped(evidence.clickstream, ({ partition }) => partition);
  for (const [partition, asked] of grouped(probes, (probe) => probe.partition)) {
    const history = (histories.get(partition) ?? []).flatMap(historyOf);
    for (const { probe, snapshot } of featuresFromHistory(history, asked, createWindowStore())) {
      looked += 1;
      const off = FEATURES.flatMap(({ name }, index) => {
        const [made, again] = [probe.values[index], snapshot.values[index]];
        return Object.is(made, again) ? [] : [`${name} ${String(made)}, read again ${String(again)}`];
      });
      if (off.length > 0) wrong.push(`${probe.decisionId}: ${off.length} features: ${off.slice(0, 5).join("; ")}`);
    }
  }
  return { what: "every decision's features are those of the clickstream, read again", looked, wrong };
}

function historyOf({ record, offset }: Evidence["clickstream"][number]): readonly HistoryRecord[] {
  switch (record.$case) {
    case "event": {
      const event = windowEventOf(record.value, CURRENCY as CurrencyCode);
      return event === undefined ? [] : [{ body: "event", subject: record.value.subject as SubjectId, event, offset }];
    }
    case "link":
      return [{ body: "link", subject: record.value.anonymousSubject as SubjectId, offset }];
    case "stateMoved": {
      const { toSubject, windows, cause, purchaseHistory } = record.value;
      const brought = purchaseHistory.length === 0 ? {} : { purchaseHistory };
      return [{ body: "moved", subject: toSubject as SubjectId, windows, cause, offset, ...brought }];
    }
  }
}

/** A decision's features, as it was made with them and as SQL computes them. */
type FeatureRow = Readonly<Record<string, unknown>> & {
  readonly decision_id: string;
  readonly online: Readonly<Record<string, number>>;
};

/** Decisions that one question to the tables is about: the SQL door has a limit of time. */
const ASKED_AT_ONCE = 1_000;

/** The features of every decision are those that SQL computes from the tables. */
export async function featuresAsSql({ places, decisions }: Evidence): Promise<Found> {
  const timesMs = decisions.map(({ record }) => Number(record.decidedAtMs)).sort((a, b) => a - b);
  const rows: FeatureRow[] = [];
  for (let at = 0; at < timesMs.length; at += ASKED_AT_ONCE)
    rows.push(...(await featureRows(places, at === 0 ? 0 : timesMs[at]!, timesMs[at + ASKED_AT_ONCE] ?? 4e12)));
  return each("every decision's features are those of the tables, in SQL", rows, (row) => {
    const off = FEATURES.filter(({ name }) => {
      const computed = row[name] === null ? undefined : Number(row[name]);
      return computed !== row.online[name];
    });
    const sayings = off.map(({ name }) => `${name} ${String(row.online[name])}, SQL ${String(row[name])}`);
    return off.length === 0 ? undefined : `${row.decision_id}: ${sayings.join("; ")}`;
  });
}

/** Of the decisions from one time until before another, Unix ms. */
function featureRows(places: Evidence["places"], fromMs: number, toMs: number): Promise<FeatureRow[]> {
  return sql<FeatureRow>(
    places,
    `SELECT d.features AS online, f.*
     FROM decision_features(home_currency = '${CURRENCY}', from_ms = ${fromMs}, to_ms = ${toMs}) AS f
     INNER JOIN decisions AS d ON d.decision_id = f.decision_id
     WHERE notEmpty(d.features)`,
  );
}

/** The table has each event of the log once. */
export async function eventsInTableOnce({ places, clickstream }: Evidence): Promise<Found> {
  const rows = await sql<{ id: string; n: number }>(
    places,
    "SELECT concat(toString(log_partition), ':', toString(log_offset)) AS id, toUInt32(count()) AS n FROM clickstream GROUP BY id",
  );
  const counts = new Map(rows.map(({ id, n }) => [id, n]));
  const logged = new Set(
    clickstream
      .filter(({ record }) => record.$case === "event")
      .map(({ partition, offset }) => `${partition}:${offset}`),
  );
  return each("the table of events has each record of the log once", new Set([...logged, ...counts.keys()]), (id) => {
    if (!logged.has(id)) return `${id}: in the table, not on the log`;
    return counts.get(id) === 1 ? undefined : `${id}: ${counts.get(id) ?? 0} times in the table`;
  });
}
