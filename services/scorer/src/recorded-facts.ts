import { channelName, deviceName, purposeName, readCart, type wire } from "@leastwise/contracts";
import { decodeRecordedState, type DecisionInput } from "@leastwise/decision";
import {
  err,
  isSubjectId,
  ok,
  refusal,
  type AssignmentKey,
  type Millis,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";
import { profileOf } from "./decision-input.js";

/** What a decision was made on, as far as its own record says it. The policy and the model it names by version, and the key of codes is secret. */
export type RecordedFacts = Omit<DecisionInput, "policy" | "model" | "codeKey">;

/** Reads what a decision was made on out of its record, to decide it again. Refused, with the field: a record that no service of ours wrote. */
export function recordedFacts(record: wire.DecisionRecord): Result<RecordedFacts, Refusal> {
  const { subject, features } = record;
  if (!isSubjectId(subject)) return err(refusal("invalid_subject", "subject", subject, "a pseudonymous subject"));
  if (features === undefined)
    return err(refusal("features_missing", "features", undefined, "the features of a decision"));
  const state = decodeRecordedState(Buffer.from(record.decisionState).toString());
  if (!state.ok) return state;
  const cart = readCart(record.cart, "cart");
  if (!cart.ok) return cart;
  const { texts, unsaid, ...stateAndBooks } = state.value;
  return ok({
    cause: { caller: record.caller, requestId: record.requestId, sessionId: record.sessionId },
    subject,
    assignmentKey: record.assignmentKey as AssignmentKey,
    nowMs: Number(record.decidedAtMs) as Millis,
    clock: record.clock === "event" ? "event" : "wall",
    cart: cart.value,
    channel: unsaid.includes("channel") ? "" : (channelName(record.channel) ?? ""),
    device: unsaid.includes("device") ? "" : (deviceName(record.device) ?? ""),
    features: { ...features, asOfOffset: Number(features.asOfOffset), texts },
    partnerSegments: record.partnerSegments,
    proposedClass: record.proposedClass,
    consent: record.consent.flatMap((purpose) => purposeName(purpose) ?? []),
    catalog: record.catalog.map(rowOf),
    ...(record.profile === undefined ? {} : { profile: profileOf(record.profile) }),
    ...stateAndBooks,
    observeOnly: record.observeOnly,
  });
}

function rowOf(view: wire.CatalogView): DecisionInput["catalog"][number] {
  return {
    productId: view.productId,
    ...(view.unitCostMinor === undefined ? {} : { unitCostMinor: Number(view.unitCostMinor) }),
    ...(view.floorPriceMinor === undefined ? {} : { floorPriceMinor: Number(view.floorPriceMinor) }),
    ...(view.maxDiscountBp === undefined ? {} : { maxDiscountBp: view.maxDiscountBp }),
    ...(view.taxBp === undefined ? {} : { taxBp: view.taxBp }),
    ...(view.inventory === undefined ? {} : { inventory: Number(view.inventory) }),
    ...(view.perishableUntilMs === undefined ? {} : { perishableUntilMs: Number(view.perishableUntilMs) }),
    ...(view.category === "" ? {} : { category: view.category }),
    ...(view.brand === "" ? {} : { brand: view.brand }),
  };
}
