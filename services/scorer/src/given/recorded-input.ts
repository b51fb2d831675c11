import type { wire } from "@leastwise/contracts";
import { compileModel, PRIOR_MODEL, type DecisionInput, type RecordableInput } from "@leastwise/decision";
import { FEATURE_CATALOGUE, type Policies } from "@leastwise/references";
import type { Result } from "@leastwise/vocabulary";
import { recordedFacts } from "../recorded-facts.js";
import { CODE_KEY } from "./shop.js";

/** What a decision was made on, out of its record alone, save for what the record names by version, and the key of codes. */
export function recordedInput(record: wire.DecisionRecord, policies: Policies): RecordableInput {
  const policy = policies.version(record.policyVersion)?.compiled;
  return { ...valueOf(recordedFacts(record)), codeKey: CODE_KEY, policy };
}

/** The input of a decision that had a policy and a model. */
export function wholeInput(input: RecordableInput): DecisionInput {
  const model = valueOf(compileModel(PRIOR_MODEL, FEATURE_CATALOGUE.names));
  if (input.policy === undefined) throw new Error("the policy of the record is not on the log");
  return { ...input, policy: input.policy, model };
}

function valueOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}
