import { wire, type OwnerEpochs } from "@leastwise/contracts";
import type { LogRecord } from "@leastwise/eventlog";
import { refusal } from "@leastwise/vocabulary";
import type { OfferRow } from "@leastwise/warehouse";
import { epochRefusal, type Outcome } from "./outcome.js";
import { logPosition } from "./position.js";

/**
 * What happened to an offer → a row of `offers`. What an owner wrote whose successor had begun did not happen.
 *
 * @param epochs of the records before this one
 */
export function offerRows(incarnation: string, record: LogRecord, epochs: OwnerEpochs): Outcome {
  let event: wire.OfferEvent;
  try {
    event = wire.OfferEvent.decode(record.value);
  } catch {
    const came = `${record.value.length} bytes`;
    return { outcome: "dead_letter", refusal: refusal("record_malformed", "", came, "an OfferEvent") };
  }
  const unfit = epochRefusal(event.ownerEpoch);
  if (unfit !== undefined) return { outcome: "dead_letter", refusal: unfit };
  const counts = epochs.take(record.partition, Number(event.ownerEpoch));
  if (event.offerId === "" && event.ownerEpoch > 0n) return { outcome: "drop", reason: "owner_began" };
  if (!counts) return { outcome: "drop", reason: "owner_superseded" };
  if (event.kind === undefined) {
    return {
      outcome: "dead_letter",
      refusal: refusal("empty_record", "kind", undefined, "what happened to the offer"),
    };
  }
  const row: OfferRow = {
    ...logPosition(incarnation, record),
    offer_id: event.offerId,
    subject: event.subject,
    assignment_key: event.assignmentKey,
    decision_id: event.decisionId,
    campaign: event.campaignId,
    at: Number(event.atMs),
    idempotency_key: event.idempotencyKey,
    code_hash: "",
    ...actOf(event.kind),
  };
  return { outcome: "ok", rows: { offers: [row] } };
}

type Act = Pick<OfferRow, "kind" | "order_id" | "cost_minor" | "face_value_minor" | "currency" | "lines">;

function actOf(kind: NonNullable<wire.OfferEvent["kind"]>): Act {
  switch (kind.$case) {
    case "redeemed": {
      const { orderId, discount, cost = discount, shares } = kind.value;
      const discountMinor = Number(discount?.minor ?? 0n);
      return {
        kind: "redeemed",
        order_id: orderId,
        cost_minor: Number(cost?.minor ?? 0n),
        face_value_minor: discountMinor,
        currency: discount?.currency ?? "",
        lines: shares.map((share) => ({
          product_id: share.productId,
          quantity: Number(share.quantity),
          discount_minor: Number(share.discount?.minor ?? 0n),
        })),
      };
    }
    case "expired":
      return { kind: "expired", order_id: "", cost_minor: 0, face_value_minor: 0, currency: "", lines: [] };
  }
}
