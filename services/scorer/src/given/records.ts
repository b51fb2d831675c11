import { encodeClickstreamRecord, modelToWire, TOPICS, wire } from "@leastwise/contracts";
import { PRIOR_MODEL, type ResponseModel } from "@leastwise/decision";
import type { NewRecord } from "@leastwise/eventlog";
import {
  bucketOf,
  HOUR_MS,
  partitionOfBucket,
  type CurrencyCode,
  type Millis,
  type SubjectId,
} from "@leastwise/vocabulary";

/** Partitions of the topics that are keyed by subject. */
export const PARTITIONS = 4;

export const EUR = "EUR" as CurrencyCode;

/** Monday 23 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 23, 12) as Millis;

export function euros(minor: number): wire.Money {
  return { minor: BigInt(minor), currency: "EUR" };
}

/** Where the records of a subject are. */
export function partitionOf(subject: SubjectId): number {
  return partitionOfBucket(bucketOf(subject), PARTITIONS);
}

/** Something that a subject did; a page view at noon unless told otherwise. */
export function did(subject: SubjectId, fields: wire.DeepPartial<wire.Event> = {}, assignmentKey?: string): NewRecord {
  const noon = BigInt(NOON);
  const event = { kind: wire.EventKind.EVENT_KIND_PAGE_VIEW, occurredAtMs: noon, ...fields };
  const value = wire.ClickstreamEvent.fromPartial({
    subject,
    assignmentKey: assignmentKey ?? subject,
    receivedAtMs: noon,
    event,
  });
  return onClickstream(subject, encodeClickstreamRecord({ $case: "event", value }));
}

/** A login: from now on the anonymous subject is the known one. */
export function loggedIn(
  anonymous: SubjectId,
  known: SubjectId,
  sessionId = "",
  assignmentKey: string = anonymous,
): NewRecord {
  const value = linkOf(anonymous, known, sessionId, assignmentKey);
  return onClickstream(anonymous, encodeClickstreamRecord({ $case: "link", value }));
}

/** The same login as the topic `links` has it. */
export function linked(
  anonymous: SubjectId,
  known: SubjectId,
  sessionId = "",
  assignmentKey: string = anonymous,
): NewRecord {
  const value = wire.SubjectLink.encode(linkOf(anonymous, known, sessionId, assignmentKey)).finish();
  return { topic: TOPICS.links, partition: 0, key: anonymous, value, timestampMs: NOON };
}

function linkOf(
  anonymousSubject: SubjectId,
  knownSubject: SubjectId,
  sessionId: string,
  assignmentKey: string,
): wire.SubjectLink {
  return { anonymousSubject, knownSubject, assignmentKey, linkedAtMs: BigInt(NOON), sessionId };
}

export function onClickstream(subject: SubjectId, value: Uint8Array): NewRecord {
  return { topic: TOPICS.clickstream, partition: partitionOf(subject), key: subject, value, timestampMs: NOON };
}

/** A policy that is put into force. */
export function applied(policy: wire.Policy): NewRecord {
  const value = wire.PolicyRecord.encode({ policy, appliedAtMs: BigInt(NOON) }).finish();
  return { topic: TOPICS.policy, partition: 0, key: policy.version, value, timestampMs: NOON };
}

/** A response model that is put into force: the priors' but for its name and what is given. */
export function modelled(version: string, changes: Partial<ResponseModel> = {}): NewRecord {
  const model = modelToWire({ ...PRIOR_MODEL, version, ...changes });
  const value = wire.ModelRecord.encode({
    model,
    appliedAtMs: BigInt(NOON),
    author: "ada",
    reason: "learned",
  }).finish();
  return { topic: TOPICS.models, partition: 0, key: version, value, timestampMs: NOON };
}

/** Whoever looked at anything buys for sure, as this model has it. */
export const GONE_WRONG: Partial<ResponseModel> = {
  baseline: [
    { feature: "intercept", mean: 0, sd: 1 },
    { feature: "page_views_24h", mean: 100, sd: 1 },
  ],
};

/** What a subject agreed to, and what is known of it. */
export function kept(subject: SubjectId, fields: wire.DeepPartial<wire.SubjectRecord>): NewRecord {
  const value = wire.SubjectRecord.encode(wire.SubjectRecord.fromPartial({ subject, ...fields })).finish();
  return { topic: TOPICS.subjects, partition: 0, key: subject, value, timestampMs: NOON };
}

export function sells(product: wire.DeepPartial<wire.Product> & { productId: string }): NewRecord {
  const value = wire.CatalogRecord.encode(wire.CatalogRecord.fromPartial({ product })).finish();
  return { topic: TOPICS.catalog, partition: 0, key: product.productId, value, timestampMs: NOON };
}

/** Five or ten percent to everybody, the exploit choice always: what is decided does not hang on a draw. */
export function percentages(changes: wire.DeepPartial<wire.Policy> = {}): wire.Policy {
  return wire.Policy.fromPartial({
    version: "percentages-1",
    author: "merchant",
    reason: "autumn",
    currency: "EUR",
    segments: [{ name: "everyone", expression: "true" }],
    campaigns: [
      {
        campaignId: "autumn",
        kind: wire.CampaignKind.CAMPAIGN_KIND_INCENTIVE,
        approach: { $case: "rules", value: { segment: "everyone" } },
        ladder: [500, 1_000].map((percentBp) => ({
          incentive: { kind: { $case: "percentOff", value: { percentBp } } },
        })),
        experimentId: "autumn-holdout",
        budgetId: "marketing",
        offerTtlMs: BigInt(2 * HOUR_MS),
        objective: { evidenceBp: 0 },
        exploration: { floorBp: 0, coldStartDecisionsPerRung: 0 },
      },
    ],
    guardrails: { floorPriceBp: 5_000, maxDiscountBp: 3_000, marginFloorBp: 500, assumedMarginBp: 6_000 },
    experiments: [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 0 }],
    budgets: [{ budgetId: "marketing", amount: euros(10_000_000) }],
    ...changes,
  });
}

/** The same, with all but one of ten thousand held out. */
export function nearlyAllHeldOut(): wire.Policy {
  const experiments = [{ experimentId: "autumn-holdout", salt: "autumn-2026", holdoutBp: 9_999 }];
  return percentages({ version: "held-out-1", experiments });
}
