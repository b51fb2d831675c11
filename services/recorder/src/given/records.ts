import { encodeClickstreamRecord, TOPICS, wire } from "@leastwise/contracts";
import type { LogRecord, NewRecord } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";

/** Monday 23 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 23, 12) as Millis;

export const ADA = "0".repeat(31) + "a";

export function euros(minor: number | bigint): wire.Money {
  return { minor: BigInt(minor), currency: "EUR" };
}

/** Something that Ada did, as the collector wrote it. */
export function did(event: wire.DeepPartial<wire.Event>): NewRecord {
  const value = wire.ClickstreamEvent.fromPartial({
    subject: ADA,
    assignmentKey: "her browser's",
    receivedAtMs: BigInt(NOON + 5),
    source: "http",
    event: { eventId: "e1", kind: wire.EventKind.EVENT_KIND_PAGE_VIEW, occurredAtMs: BigInt(NOON), ...event },
  });
  return written(TOPICS.clickstream, encodeClickstreamRecord({ $case: "event", value }));
}

export function decided(decision: wire.DeepPartial<wire.DecisionRecord>): NewRecord {
  const record = wire.DecisionRecord.fromPartial({
    decisionId: "d1",
    subject: ADA,
    assignmentKey: "her browser's",
    decidedAtMs: BigInt(NOON),
    clock: "wall",
    cart: { lines: [{ productId: "shoe", quantity: 2n, unitPrice: euros(5_000) }] },
    reason: "least_is_none",
    freshness: wire.Freshness.FRESHNESS_FRESH,
    candidates: [{ rung: 0, weight: 1n << 31n }, RUNG],
    ...decision,
  });
  return written(TOPICS.decisions, wire.DecisionRecord.encode(record).finish());
}

const RUNG = {
  campaignId: "autumn",
  rung: 1,
  weight: 1n << 31n,
  depthBp: 1_000,
  faceValue: euros(1_000),
  expectedCost: euros(400),
  incentive: { kind: { $case: "percentOff" as const, value: { percentBp: 1_000 } } },
};

/** What a decision issued: ten per cent. */
export const ISSUED = {
  offer: {
    offerId: "o1",
    code: "M7Q0-4Z8K-1XWD-3RV2",
    campaignId: "autumn",
    incentive: RUNG.incentive,
    faceValue: euros(1_000),
    issuedAtMs: BigInt(NOON),
    expiresAtMs: BigInt(NOON + 3_600_000),
  },
  held: euros(1_000),
  budgetId: "marketing",
  chosen: 1,
  reason: "granted",
};

export function happened(event: wire.DeepPartial<wire.OfferEvent>): NewRecord {
  const record = wire.OfferEvent.fromPartial({
    offerId: "o1",
    subject: ADA,
    assignmentKey: "her browser's",
    atMs: BigInt(NOON + 9),
    campaignId: "autumn",
    decisionId: "d1",
    ...event,
  });
  return written(TOPICS.offers, wire.OfferEvent.encode(record).finish());
}

export function written(topic: string, value: Uint8Array): NewRecord {
  return { topic, partition: 0, key: ADA, value, timestampMs: NOON };
}

/** Bytes that are no message of any topic. */
export function torn(topic: string): NewRecord {
  return written(topic, Buffer.from([0xff, 0xff, 0xff]));
}

/** A record where it stands on the log. */
export function standing(record: NewRecord, offset = 41): LogRecord {
  return { ...record, offset };
}
