import { problemsOf } from "@leastwise/collector";
import type { Config } from "@leastwise/config";
import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import type { Policies } from "@leastwise/references";
import { sayRefusal, type Clock } from "@leastwise/vocabulary";
import { sayDocumentProblem } from "../policy/document-text.js";
import { checkPolicyFile } from "../policy/policy-file.js";
import { starterPolicy } from "./starter-policy.js";
import { StartFailure } from "./start-failure.js";

interface StartPolicyOptions {
  readonly config: Config;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly policies: Policies;
}

/** Puts a first policy into force where there is none: the configured file's, else the built-in one. */
export async function startPolicy({ config, log, clock, policies }: StartPolicyOptions): Promise<void> {
  if (policies.active() !== undefined) return;
  const policy = await firstPolicy(config);
  const value = wire.PolicyRecord.encode({ policy, appliedAtMs: BigInt(clock.nowMs()) }).finish();
  await log.append([{ topic: TOPICS.policy, partition: 0, key: policy.version, value, timestampMs: clock.nowMs() }]);
  await policies.appears(policy.version);
}

/**
 * The policy of the configured file, else the built-in one. Throws a StartFailure where it cannot be read, or be put into force.
 *
 * @param nowMs instant that no campaign may be over at. Absent: any may be
 */
export async function firstPolicy(
  config: Pick<Config, "policy_file" | "currency">,
  nowMs?: number,
): Promise<wire.Policy> {
  const policy =
    config.policy_file === undefined ? starterPolicy(config.currency) : await policyOfFile(config.policy_file, nowMs);
  const [problem] = problemsOf(policy);
  if (problem !== undefined) throw new StartFailure(`the policy cannot be put into force: ${sayRefusal(problem)}`);
  return policy;
}

async function policyOfFile(file: string, nowMs: number | undefined): Promise<wire.Policy> {
  const checked = await checkPolicyFile(file, nowMs === undefined ? {} : { nowMs });
  if (checked.ok) return checked.value.policy;
  const sayings = checked.error.map((problem) => sayDocumentProblem(file, problem));
  throw new StartFailure(`the policy cannot be put into force:\n${sayings.join("\n")}`);
}
