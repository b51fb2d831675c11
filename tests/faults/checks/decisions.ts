import { FAILED_AFTER_DRAW } from "@leastwise/contracts";
import { sql, type Evidence } from "../evidence.js";
import type { AnswerTold, FaultTold } from "../told.js";
import { each, grouped, type Found } from "./check.js";
import { isIssue } from "./offers.js";

/** An answer that names a decision, and when it was heard, Unix ms. */
type Answered = AnswerTold & { readonly requestId: string; readonly heardMs: number };

/**
 * A decision that gives nothing new is told before its record stands: whose process is killed so long after the answer may take the record with it,
 * ms.
 */
const UNWRITTEN_MAX_MS = 10_000;

function answered({ told }: Evidence): readonly Answered[] {
  return told.flatMap((line) =>
    line.told === "decide" && line.answer !== undefined && line.answer.decisionId !== ""
      ? [{ ...line.answer, requestId: line.requestId, heardMs: line.toMs }]
      : [],
  );
}

/** What a shopper was newly given stands on the log, once, and not as one that is void. */
export function givenRecordedOnce(evidence: Evidence): Found {
  const records = grouped(evidence.decisions, ({ record }) => record.decisionId);
  const given = firsts(answered(evidence)).filter(isNew(evidence));
  return each("every decision that gave something new stands on the log once", given, ({ decisionId, requestId }) => {
    const count = records.get(decisionId)?.length ?? 0;
    return count === 1 ? undefined : `${decisionId} (${requestId}): ${count} times`;
  });
}

/**
 * What a shopper was told and gave nothing new stands on the log once, perhaps void, since its record is written behind the answer; none is missing
 * but from the memory of a process that was killed, or because the log took no records during a fault.
 */
export function noneLost(evidence: Evidence): Found {
  const counts = grouped([...evidence.decisions, ...evidence.voided], ({ record }) => record.decisionId);
  const voided = new Set(evidence.voided.map(({ record }) => record.decisionId));
  const kills = evidence.told.flatMap((line) => (line.told === "service" && line.what === "killed" ? [line.atMs] : []));
  const isGiven = isNew(evidence);
  const others = firsts(answered(evidence)).filter((answer) => !isGiven(answer));
  const faults = evidence.told.filter((line): line is FaultTold => line.told === "fault");
  const isExcused = ({ heardMs }: Answered) =>
    kills.some((killedMs) => killedMs >= heardMs - 1_000 && killedMs <= heardMs + UNWRITTEN_MAX_MS) ||
    faults.some(({ fromMs, toMs }) => fromMs - UNWRITTEN_MAX_MS <= heardMs && heardMs <= toMs);
  const missing = others.filter(({ decisionId }) => !counts.has(decisionId));
  const ofNoEffect = others.filter(({ decisionId }) => voided.has(decisionId));
  const figures = `void: ${ofNoEffect.length}; gone in a fault: ${missing.filter(isExcused).length}`;
  return each(`every other decision that was answered stands on the log once (${figures})`, others, (one) => {
    const count = counts.get(one.decisionId)?.length ?? 0;
    if (count === 1 || (count === 0 && isExcused(one))) return undefined;
    return `${one.decisionId} (${one.requestId}): ${count} times`;
  });
}

/** Whether an answer's offer was made by it, as far as the log does not say that another decision made it. */
function isNew({ decisions }: Evidence): (answer: Answered) => boolean {
  const issuedBy = new Map(
    decisions.flatMap(({ record }) => (isIssue(record) ? [[record.offer.offerId, record.decisionId]] : [])),
  );
  return ({ offer, decisionId }) => offer !== undefined && (issuedBy.get(offer.offerId) ?? decisionId) === decisionId;
}

function firsts(answers: readonly Answered[]): readonly Answered[] {
  return [...new Map(answers.map((answer) => [answer.decisionId, answer])).values()];
}

/** No decision stands on the log twice, whether somebody heard of it or not. */
export function noneRecordedTwice({ decisions }: Evidence): Found {
  return each(
    "no decision stands on the log twice",
    grouped(decisions, ({ record }) => record.decisionId),
    (group) => (group[1].length === 1 ? undefined : `${group[0]}: ${group[1].length} times`),
  );
}

/** The table has what the log has, each once; what is void stands there too, but as a draw that came to nothing. */
export async function inTableOnce({ places, decisions }: Evidence): Promise<Found> {
  const rows = await sql<{ id: string; n: number }>(
    places,
    `SELECT decision_id AS id, toUInt32(count()) AS n FROM decisions WHERE reason != '${FAILED_AFTER_DRAW}' GROUP BY id`,
  );
  const counts = new Map(rows.map(({ id, n }) => [id, n]));
  const logged = new Set(decisions.map(({ record }) => record.decisionId));
  const all = new Set([...logged, ...counts.keys()]);
  return each("the table of decisions has each decision of the log once", all, (id) => {
    const count = counts.get(id) ?? 0;
    if (!logged.has(id)) return `${id}: in the table, not on the log`;
    return count === 1 ? undefined : `${id}: ${count} times in the table`;
  });
}

/**
 * The same question gets the same answer, whoever answers it, save where the owner could not be asked. One whose record does not count is not known
 * to the next owner, which answers anew; that nothing was given by it is another check's.
 */
export function sameQuestionSameAnswer(evidence: Evidence): Found {
  const counted = new Set(evidence.decisions.map(({ record }) => record.decisionId));
  const fresh = answered(evidence).filter(
    ({ freshness, decisionId }) => freshness === "fresh" && counted.has(decisionId),
  );
  return each(
    "the same request was answered by one decision that counts",
    grouped(fresh, ({ requestId }) => requestId),
    (group) => {
      const ids = new Set(group[1].map(({ decisionId }) => decisionId));
      return ids.size === 1 ? undefined : `${group[0]}: ${[...ids].join(", ")}`;
    },
  );
}
