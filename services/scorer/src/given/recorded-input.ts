import { channelName, deviceName, purposeName, readCart, type wire } from "@leastwise/contracts";
import {
  compileModel,
  decodeRecordedState,
  PRIOR_MODEL,
  type DecisionInput,
  type Profile,
  type RecordableInput,
} from "@leastwise/decision";
import { FEATURE_CATALOGUE, type Policies } from "@leastwise/references";
import { isSubjectId, type AssignmentKey, type Millis, type Result } from "@leastwise/vocabulary";
import { CODE_KEY } from "./shop.js";

/**
 * What a decision was made on, out of its record alone, save for what the record names by version: the policy, which stands on its own
 * topic, the model, and the key of codes, which is secret.
 */
export function recordedInput(record: wire.DecisionRecord, policies: Policies): RecordableInput {
  const { subject, features } = record;
  if (!isSubjectId(subject) || features === undefined) throw new Error("the record has no subject, or no features");
  const { texts, ...state } = valueOf(decodeRecordedState(Buffer.from(record.decisionState).toString()));
  return {
    cause: { caller: record.caller, requestId: record.requestId, sessionId: record.sessionId },
    subject,
    assignmentKey: record.assignmentKey as AssignmentKey,
    nowMs: Number(record.decidedAtMs) as Millis,
    clock: record.clock === "event" ? "event" : "wall",
    cart: valueOf(readCart(record.cart, "cart")),
    channel: channelName(record.channel) ?? "",
    device: deviceName(record.device) ?? "",
    features: { ...features, asOfOffset: Number(features.asOfOffset), texts },
    partnerSegments: record.partnerSegments,
    proposedClass: record.proposedClass,
    consent: record.consent.flatMap((purpose) => purposeName(purpose) ?? []),
    catalog: record.catalog.map(rowOf),
    ...(record.profile === undefined ? {} : { profile: profileOf(record.profile) }),
    ...state,
    observeOnly: record.observeOnly,
    codeKey: CODE_KEY,
    policy: policies.version(record.policyVersion)?.compiled,
  };
}

/** The input of a decision that had a policy and a model. */
export function wholeInput(input: RecordableInput): DecisionInput {
  const model = valueOf(compileModel(PRIOR_MODEL, FEATURE_CATALOGUE.names));
  if (input.policy === undefined) throw new Error("the policy of the record is not on the log");
  return { ...input, policy: input.policy, model };
}

function rowOf(view: wire.CatalogView): DecisionInput["catalog"][number] {
  return {
    productId: view.productId,
    ...(view.unitCostMinor === undefined ? {} : { unitCostMinor: Number(view.unitCostMinor) }),
    ...(view.floorPriceMinor === undefined ? {} : { floorPriceMinor: Number(view.floorPriceMinor) }),
    ...(view.maxDiscountBp === undefined ? {} : { maxDiscountBp: view.maxDiscountBp }),
    ...(view.inventory === undefined ? {} : { inventory: Number(view.inventory) }),
    ...(view.perishableUntilMs === undefined ? {} : { perishableUntilMs: Number(view.perishableUntilMs) }),
    ...(view.category === "" ? {} : { category: view.category }),
    ...(view.brand === "" ? {} : { brand: view.brand }),
  };
}

function profileOf({ customerSinceMs, ...profile }: wire.Profile): Profile {
  return { ...profile, ...(customerSinceMs === undefined ? {} : { customerSinceMs: Number(customerSinceMs) }) };
}

function valueOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
