import { wire } from "@leastwise/contracts";
import { Doors } from "../doors.js";
import { sql, type Evidence } from "../evidence.js";
import { SKEW_MAX_MS } from "../faults/skew-clock.js";
import { TIGHT_BUDGET } from "../policy.js";
import type { OfferTold, RedeemTold } from "../told.js";
import { each, grouped, type Found } from "./check.js";

/** So many checkouts are under way at once, at most: each may draw on a budget that another one has just used up. */
const CHECKOUTS_AT_ONCE = 6;

const GET_MAX_MS = 5_000;

interface Issued {
  readonly offer: wire.Offer;
  readonly subject: string;
  readonly budgetId: string;
  readonly heldMinor: number;
  readonly atMs: number;
}

/** Whether a decision made its offer: one that was there before holds nothing new. */
export function isIssue(record: wire.DecisionRecord): record is wire.DecisionRecord & { readonly offer: wire.Offer } {
  return record.offer !== undefined && record.budgetId !== "";
}

function issuedOf({ decisions }: Evidence): readonly Issued[] {
  return decisions.flatMap(({ record }) =>
    !isIssue(record)
      ? []
      : [
          {
            offer: record.offer,
            subject: record.subject,
            budgetId: record.budgetId,
            heldMinor: Number(record.held?.minor ?? 0n),
            atMs: Number(record.decidedAtMs),
          },
        ],
  );
}

/** Offers that shoppers were told of, by id. */
function toldOffers({ told }: Evidence): ReadonlyMap<string, OfferTold> {
  return new Map(
    told.flatMap((line) => {
      const offer = line.told === "decide" ? line.answer?.offer : undefined;
      return offer === undefined ? [] : [[offer.offerId, offer]];
    }),
  );
}

/** What a shopper was promised was issued by a decision that counts, once. */
export function toldOffersStand(evidence: Evidence): Found {
  const issues = grouped(issuedOf(evidence), ({ offer }) => offer.offerId);
  return each("every offer that was told stands on the log, issued once", toldOffers(evidence).keys(), (offerId) => {
    const count = issues.get(offerId)?.length ?? 0;
    return count === 1 ? undefined : `${offerId}: issued ${count} times`;
  });
}

/** A scorer, asked by the code, says of an offer what the log says. */
export async function ledgerKnowsOffers(evidence: Evidence): Promise<Found> {
  const doors = new Doors(evidence.places.scorers);
  const happened = grouped(evidence.offers, ({ record }) => record.offerId);
  const wrong: string[] = [];
  const offers = [...toldOffers(evidence).values()];
  for (const [index, { offerId, code }] of offers.entries()) {
    const at = doors.from(index)[0] ?? "";
    const answer = await doors.offer(at, code, GET_MAX_MS);
    const used = happened.get(offerId)?.some(({ record }) => record.kind?.$case === "redeemed") ?? false;
    const isAsLogged =
      answer.ok &&
      answer.value.offerId === offerId &&
      (answer.value.status === wire.OfferStatus.OFFER_STATUS_REDEEMED) === used;
    const said = answer.ok ? `status ${answer.value.status}` : `${answer.error.code} ${answer.error.reason}`;
    if (!isAsLogged) wrong.push(`${offerId} at ${at}: ${said}; on the log ${used ? "redeemed" : "not redeemed"}`);
  }
  doors.close();
  return { what: "the ledger knows every offer that was told as the log has it", looked: offers.length, wrong };
}

/** An offer is used once, by one order under one key; and who was told that it is used finds that on the log. */
export function redeemedOnce(evidence: Evidence): Found {
  const redemptions = grouped(
    evidence.offers.filter(({ record }) => record.kind?.$case === "redeemed"),
    ({ record }) => record.offerId,
  );
  const taken = grouped(
    evidence.told.filter((line): line is RedeemTold => line.told === "redeem" && line.taken !== undefined),
    ({ offerId }) => offerId,
  );
  const all = new Set([...redemptions.keys(), ...taken.keys()]);
  return each("no offer was redeemed twice, and each that was told redeemed is", all, (offerId) => {
    const logged = redemptions.get(offerId) ?? [];
    if (logged.length !== 1) return `${offerId}: redeemed ${logged.length} times on the log`;
    const key = logged[0]?.record.idempotencyKey;
    const other = taken.get(offerId)?.find((line) => line.key !== key);
    return other === undefined ? undefined : `${offerId}: told redeemed under ${other.key}, on the log ${String(key)}`;
  });
}

/** Who redeems under another key, or is told that an offer was used, finds that it was. */
export function refusedRightly(evidence: Evidence): Found {
  const used = new Set(
    evidence.offers.filter(({ record }) => record.kind?.$case === "redeemed").map(({ record }) => record.offerId),
  );
  const refused = evidence.told.filter(
    (line): line is RedeemTold => line.told === "redeem" && line.failure?.reason === "offer_redeemed",
  );
  return each("every offer that was told to be used already was", refused, ({ offerId, key }) =>
    used.has(offerId) ? undefined : `${offerId} under ${key}`,
  );
}

/** Two owners, or one twice, never make a shopper two offers of a campaign that are good at the same time. */
export function oneOpenOffer(evidence: Evidence): Found {
  // A clock that was wrong wrote wrong times: what is open may have been over by it, and the other way round.
  const toleranceMs = evidence.told.some((line) => line.told === "fault" && line.kind === "skew-clock")
    ? SKEW_MAX_MS
    : 0;
  const endedMs = new Map(evidence.offers.map(({ record }) => [record.offerId, Number(record.atMs)]));
  const groups = grouped(issuedOf(evidence), ({ subject, offer }) => `${subject} ${offer.campaignId}`);
  return each("no shopper had two offers of a campaign at once", groups, ([who, issues]) => {
    const inOrder = [...issues].sort((a, b) => a.atMs - b.atMs);
    const second = inOrder.find(({ atMs }, index) => {
      const before = inOrder[index - 1];
      if (before === undefined) return false;
      const goodUntilMs = Math.min(endedMs.get(before.offer.offerId) ?? Infinity, Number(before.offer.expiresAtMs));
      return atMs < goodUntilMs - toleranceMs;
    });
    return second === undefined ? undefined : `${who}: ${second.offer.offerId} beside an older one`;
  });
}

/** A budget is passed by no more than checkouts under way at once can explain, each of which saw the budget before the others. */
export function budgetHolds(evidence: Evidence): Found {
  const issues = issuedOf(evidence).filter(({ budgetId }) => budgetId === TIGHT_BUDGET.id);
  const held = new Map(issues.map(({ offer, heldMinor }) => [offer.offerId, heldMinor]));
  const moves = [
    ...issues.map(({ atMs, heldMinor }) => ({ atMs, minor: heldMinor })),
    ...evidence.offers.flatMap(({ record }) => {
      const heldMinor = held.get(record.offerId);
      if (heldMinor === undefined) return [];
      const settled = record.kind?.$case === "redeemed" ? Number(record.kind.value.discount?.minor ?? 0n) : 0;
      return [{ atMs: Number(record.atMs), minor: settled - heldMinor }];
    }),
  ].sort((a, b) => a.atMs - b.atMs);
  let committed = 0;
  let most = 0;
  for (const { minor } of moves) {
    committed += minor;
    most = Math.max(most, committed);
  }
  const slack = CHECKOUTS_AT_ONCE * Math.max(0, ...held.values());
  const what = `the budget of ${TIGHT_BUDGET.amountMinor} holds (most committed: ${most}; at once more by up to ${slack})`;
  return { what, looked: issues.length, wrong: most > TIGHT_BUDGET.amountMinor + slack ? [`${most} committed`] : [] };
}

/** The table has each act of the log once. */
export async function actsInTableOnce({ places, decisions, offers, ends }: Evidence): Promise<Found> {
  const rows = await sql<{ id: string; n: number; place: string; at: number }>(
    places,
    `SELECT concat(log_topic, '/', toString(log_partition)) AS place, toFloat64(log_offset) AS at,
       concat(place, ':', toString(log_offset)) AS id, toUInt32(count()) AS n
     FROM offers GROUP BY log_topic, log_partition, log_offset`,
  );
  const read = rows.filter(({ place, at }) => at < (ends.get(place) ?? 0));
  const counts = new Map(read.map(({ id, n }) => [id, n]));
  const logged = new Set([
    ...decisions
      .filter(({ record }) => isIssue(record))
      .map(({ partition, offset }) => `decisions/${partition}:${offset}`),
    ...offers.map(({ partition, offset }) => `offers/${partition}:${offset}`),
  ]);
  return each("the table of offers has each act of the log once", new Set([...logged, ...counts.keys()]), (id) => {
    if (!logged.has(id)) return `${id}: in the table, not on the log`;
    return counts.get(id) === 1 ? undefined : `${id}: ${counts.get(id) ?? 0} times in the table`;
  });
}
