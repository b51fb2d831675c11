import { decisionRecord, type wire } from "@leastwise/contracts";
import {
  decide,
  DEGRADED_REASONS,
  degradedDecision,
  type CompiledModel,
  type CompiledPolicy,
  type Decision,
  type DecisionInput,
  type DegradedInput,
} from "@leastwise/decision";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { catalogueDigest } from "./decision-input.js";
import { recordedFacts } from "./recorded-facts.js";

/** What a record names by version, and what it must not hold. */
export interface DecidingWith {
  /** The policy of a version; undefined where nobody has it, or this build can make nothing of it. */
  readonly policyOf: (version: string) => CompiledPolicy | undefined;
  /** The response model of a version, likewise. */
  readonly modelOf: (version: string) => CompiledModel | undefined;
  readonly codeKey: DecisionInput["codeKey"];
}

/** A decision that was made again from its own record. */
export interface DecidedAgain {
  readonly decision: Decision;
  readonly input: DegradedInput;
  /** As it would be written. The epoch is of whoever wrote the other one: it is no part of what was decided. */
  readonly record: wire.DecisionRecord;
}

/**
 * Decides once more what a record says was decided, from the record alone. Refused, with the field: a record that no service of ours wrote, or whose policy,
 * model or features are not here.
 */
export function decidedAgain(
  record: wire.DecisionRecord,
  { policyOf, modelOf, codeKey }: DecidingWith,
): Result<DecidedAgain, Refusal> {
  const facts = recordedFacts(record);
  if (!facts.ok) return facts;
  const { policyVersion, modelVersion, features } = record;
  if (features?.catalogue !== catalogueDigest(features?.values.length ?? 0))
    return err(refusal("features_unknown", "features", features?.catalogue, "features that this build knows"));
  const policy = policyOf(policyVersion);
  if (policy === undefined && policyVersion !== "")
    return err(refusal("policy_unknown", "policy_version", policyVersion, USABLE_VERSION));
  const model = modelOf(modelVersion);
  if (model === undefined && modelVersion !== "")
    return err(refusal("model_unknown", "model_version", modelVersion, USABLE_VERSION));
  // A decision that had no policy had no model either.
  const input: DegradedInput =
    policy === undefined ? { ...facts.value, codeKey } : { ...facts.value, codeKey, policy, model };
  const decision = decidedOn(input, record.degradedReason);
  if (decision === undefined)
    return err(refusal("answer_recorded", "decision_state", "a state that has the answer", "the state before it"));
  return ok({ decision, input, record: { ...decisionRecord(decision, input), ownerEpoch: record.ownerEpoch } });
}

const USABLE_VERSION = "a version that stands on the log, and that this build can use";

function decidedOn(input: DegradedInput, degradedReason: string): Decision | undefined {
  const { policy, model } = input;
  const degraded = DEGRADED_REASONS.find((known) => known === degradedReason);
  const outcome =
    degraded === undefined && policy !== undefined && model !== undefined
      ? decide({ ...input, policy, model })
      : degradedDecision(input, degraded ?? "no_policy");
  return outcome.kind === "repeated" ? undefined : outcome.decision;
}
