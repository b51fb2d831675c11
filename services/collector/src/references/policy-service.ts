import { readPolicy, TOPICS, wire } from "@leastwise/contracts";
import { compilePolicy } from "@leastwise/decision";
import type { EventLog } from "@leastwise/eventlog";
import { FEATURE_CATALOGUE, type Policies } from "@leastwise/references";
import { defineService, invalidArgument, refuse, unimplemented, type RpcService } from "@leastwise/rpc";
import { err, ok, printable, refusal, type Clock, type Refusal } from "@leastwise/vocabulary";
import { writeRecords } from "./write-record.js";

export interface PolicyServiceOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly policies: Policies;
}

/** Puts policies into force by writing them to the topic `policy`. */
export function policyService({ log, clock, policies }: PolicyServiceOptions): RpcService {
  return defineService(wire.PolicyServiceService, {
    applyPolicy: async ({ policy }) => {
      if (policy === undefined) return err(invalidArgument(policyMissing()));
      const [problem] = problemsOf(policy);
      if (problem !== undefined) return err(invalidArgument(problem));
      if (policies.version(policy.version) !== undefined) {
        const used = refusal("policy_version_exists", "policy.version", policy.version, "a version never used before");
        return err(refuse("ALREADY_EXISTS", used));
      }
      const value = wire.PolicyRecord.encode({ policy, appliedAtMs: BigInt(clock.nowMs()) }).finish();
      const written = await writeRecords(log, clock, TOPICS.policy, [{ key: policy.version, value }]);
      return written.ok ? ok({ version: policy.version }) : written;
    },
    getPolicy: () => {
      const active = policies.active();
      if (active !== undefined) return Promise.resolve(ok(active.written));
      const none = refusal("no_policy", "", "no policy", "a policy in force: put one with ApplyPolicy");
      return Promise.resolve(err(refuse("NOT_FOUND", none)));
    },
    validatePolicy: ({ policy }) => {
      if (policy === undefined) return Promise.resolve(err(invalidArgument(policyMissing())));
      return Promise.resolve(ok({ problems: problemsOf(policy).map((problem) => ({ ...problem })) }));
    },
    listPolicies: () => Promise.resolve(err(unimplemented("PolicyService.ListPolicies"))),
    rollbackPolicy: () => Promise.resolve(err(unimplemented("PolicyService.RollbackPolicy"))),
  });
}

/** All that is wrong with a policy; empty: nothing. Fields are paths inside the policy. */
export function problemsOf(policy: wire.Policy): readonly Refusal[] {
  const read = readPolicy(policy);
  if (!read.ok) return read.error;
  const compiled = compilePolicy(read.value, FEATURE_CATALOGUE);
  if (compiled.ok) return [];
  return compiled.error.map(({ reason, field, came, expected }) => ({
    reason,
    field,
    came: printable(came),
    expected,
  }));
}

function policyMissing(): Refusal {
  return refusal("policy_missing", "policy", undefined, "a policy");
}
