import { TOPICS, wire } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import { compileProposed, compileWritten, type Policies } from "@leastwise/references";
import { defineService, invalidArgument, refuse, type RpcRefusal, type RpcService } from "@leastwise/rpc";
import {
  err,
  nearestName,
  ok,
  printable,
  refusal,
  type Clock,
  type CurrencyCode,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";
import { appearance } from "./appearance.js";
import { backName } from "./back-name.js";
import type { DeviceBundles } from "./device-bundles.js";
import { Turns } from "./turns.js";
import { writeRecords } from "./write-record.js";

export interface PolicyServiceOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly policies: Policies;
  readonly bundles: DeviceBundles;
  /** Of the shop. A policy in another is put into force all the same, and told of. */
  readonly homeCurrency: CurrencyCode;
}

/** Versions that are listed: at the longest reasons, what a message holds. */
const LISTED_MAX = 1_000;

/** Puts policies into force by writing them to the topic `policy`. */
export function policyService({ log, clock, policies, bundles, homeCurrency }: PolicyServiceOptions): RpcService {
  const turns = new Turns();
  /** Versions written here: none may have two contents, however late the topic brings the first one back. */
  const written = new Set<string>();
  const isUsed = (version: string): boolean =>
    written.has(version) || policies.history().some((record) => contentOf(record).version === version);
  const apply = async (policy: wire.Policy): Promise<Result<wire.ApplyPolicyResponse, RpcRefusal>> => {
    const { version } = policy;
    if (isUsed(version)) {
      const used = refusal("policy_version_exists", "policy.version", version, "a version never used before");
      return err(refuse("ALREADY_EXISTS", used));
    }
    const value = wire.PolicyRecord.encode({ policy, appliedAtMs: BigInt(clock.nowMs()) }).finish();
    const put = await writeRecords(log, clock, TOPICS.policy, [{ key: version, value }]);
    if (!put.ok) return put;
    written.add(version);
    await appearance(policies, version);
    return ok({ version, notices: [] });
  };
  const rollBack = async ({ version, author, reason }: wire.RollbackPolicyRequest) => {
    const found = earlier(policies, version);
    if (!found.ok) return found;
    const active = policies.active();
    if (active?.compiled.version === version && active.isStopped !== true) return err(alreadyInForce(version));
    const policy = { ...contentOf(found.value), author, reason, version: backName(version, isUsed) };
    const [problem] = problemsOf(policy);
    return problem === undefined ? apply(policy) : err(invalidArgument(problem));
  };
  return defineService(wire.PolicyServiceService, {
    applyPolicy: async ({ policy }) => {
      if (policy === undefined) return err(invalidArgument(policyMissing()));
      const { problems, notices } = lookedAt(policy, clock.nowMs(), homeCurrency);
      const [problem] = problems;
      if (problem !== undefined) return err(invalidArgument(problem));
      const applied = await turns.take(TOPICS.policy, () => apply(policy));
      return applied.ok ? ok({ ...applied.value, notices }) : applied;
    },
    getPolicy: ({ version }) => Promise.resolve(version === "" ? inForce(policies) : earlier(policies, version)),
    validatePolicy: ({ policy }) => {
      if (policy === undefined) return Promise.resolve(err(invalidArgument(policyMissing())));
      return Promise.resolve(ok(lookedAt(policy, clock.nowMs(), homeCurrency)));
    },
    listPolicies: () => Promise.resolve(ok({ policies: policies.history().slice(0, LISTED_MAX).map(withoutContent) })),
    rollbackPolicy: (asked) => turns.take(TOPICS.policy, () => rollBack(asked)),
    getDeviceBundle: () => Promise.resolve(signedBundle(bundles)),
  });
}

function inForce(policies: Policies): Result<wire.PolicyRecord, RpcRefusal> {
  const active = policies.active();
  if (active !== undefined) return ok(active.written);
  const none = refusal("no_policy", "", "no policy", "a policy in force: put one with ApplyPolicy");
  return err(refuse("NOT_FOUND", none));
}

function signedBundle(bundles: DeviceBundles): Result<wire.SignedDeviceBundle, RpcRefusal> {
  const current = bundles.current();
  if (current.ok) return current;
  const code = current.error.reason === "bundle_key_missing" ? "FAILED_PRECONDITION" : "NOT_FOUND";
  return err(refuse(code, current.error));
}

function earlier(policies: Policies, version: string): Result<wire.PolicyRecord, RpcRefusal> {
  const history = policies.history();
  const found = history.find((record) => contentOf(record).version === version);
  if (found !== undefined) return ok(found);
  const nearest = nearestName(
    version,
    history.map((record) => contentOf(record).version),
  );
  const expected = `a version that was in force before${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
  return err(refuse("NOT_FOUND", refusal("unknown_policy_version", "version", version, expected)));
}

function alreadyInForce(version: string): RpcRefusal {
  const expected = "an earlier version than the one in force";
  return refuse("FAILED_PRECONDITION", refusal("policy_in_force", "version", version, expected));
}

function contentOf({ policy }: wire.PolicyRecord): wire.Policy {
  if (policy === undefined) throw new Error("a record on the topic of policies has a policy: others are passed over");
  return policy;
}

function withoutContent(record: wire.PolicyRecord): wire.GetPolicyResponse {
  const { version, author, reason, currency } = contentOf(record);
  const policy = wire.Policy.fromPartial({ version, author, reason, currency });
  return { policy, appliedAtMs: record.appliedAtMs };
}

/** All that keeps a policy from running, each in one line; empty: nothing. See {@link compileWritten}. */
export function problemsOf(policy: wire.Policy): readonly Refusal[] {
  const compiled = compileWritten(policy);
  return compiled.ok ? [] : compiled.error.map(inOneLine);
}

/** All that keeps a policy from being put into force, and, where nothing does, what is worth knowing. See {@link compileProposed}. */
function lookedAt(policy: wire.Policy, nowMs: number, homeCurrency: CurrencyCode): wire.ValidatePolicyResponse {
  const compiled = compileProposed(policy, nowMs);
  if (!compiled.ok) return { problems: compiled.error.map(inOneLine), notices: [] };
  return {
    problems: [],
    notices: [...compiled.value.notices, ...foreignCurrency(policy, homeCurrency)].map(inOneLine),
  };
}

/** Carts in the shop's own currency would get nothing: more often a slip than meant. */
function foreignCurrency({ currency }: wire.Policy, homeCurrency: CurrencyCode): readonly Refusal[] {
  if (currency === homeCurrency) return [];
  const expected = `the shop's currency, ${homeCurrency}: carts in ${homeCurrency} get nothing under a policy in ${currency}`;
  return [refusal("foreign_policy_currency", "currency", currency, expected)];
}

function inOneLine(problem: Refusal): wire.PolicyProblem {
  return { ...problem, came: printable(problem.came) };
}

function policyMissing(): Refusal {
  return refusal("policy_missing", "policy", undefined, "a policy");
}
