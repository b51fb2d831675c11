import { readPolicy, TOPICS, wire } from "@leastwise/contracts";
import {
  campaignsOver,
  compilePolicy,
  contradictionsOf,
  type CompiledPolicy,
  type PolicyProblem,
} from "@leastwise/decision";
import type { EventLog, LogRecord } from "@leastwise/eventlog";
import { err, type Result } from "@leastwise/vocabulary";
import { FEATURES, TEXT_FEATURES } from "@leastwise/windows";
import { Appearances } from "./appearances.js";
import { follow, type Followed } from "./follow.js";
import { insistOnKey, takingOurs, type FollowingHooks } from "./passed-over.js";

/** A version of the policy as it was put into force. */
export interface PolicyInForce {
  readonly compiled: CompiledPolicy;
  readonly written: wire.PolicyRecord;
  /** True where a newer version has its kill switch on that this build cannot compile: it gives nothing new either. Absent: false. */
  readonly isStopped?: boolean;
}

/** The versions of the policy, as the topic `policy` has them. */
export interface Policies extends Followed {
  /** The one in force; undefined before the first. */
  active(): PolicyInForce | undefined;
  /** A version that is or was in force, for offers that were issued under it. */
  version(version: string): PolicyInForce | undefined;
  /** What was put into force so far, newest first, be it that this build cannot compile it. */
  history(): readonly wire.PolicyRecord[];
  /** Resolves when a version that was written is in force here. */
  appears(version: string): Promise<void>;
}

/** The features that a policy's expressions may name, in the order of the vector that a decision is given. */
export const FEATURE_CATALOGUE = {
  names: FEATURES.map(({ name }) => name),
  units: FEATURES.map(({ unit }) => unit),
  classes: FEATURES.map(({ personalData }) => personalData),
  textNames: TEXT_FEATURES.map(({ name }) => name),
};

export interface FollowPoliciesOptions extends FollowingHooks {
  /** A version came into force. */
  readonly onInForce: (policy: PolicyInForce) => void;
  /** A version stands on the log that this build cannot compile: it is not put into force, but for its kill switch. */
  readonly onUnusable: (version: string) => void;
}

/** Follows the policy. */
export async function followPolicies(
  log: EventLog,
  { onInForce, onUnusable, onPassedOver }: FollowPoliciesOptions,
): Promise<Policies> {
  const versions = new Map<string, PolicyInForce>();
  const history = new Map<string, wire.PolicyRecord>();
  const appearances = new Appearances();
  let active: PolicyInForce | undefined;
  const put = (written: wire.PolicyRecord | undefined): void => {
    if (written === undefined) return;
    const version = written.policy?.version ?? "";
    history.delete(version);
    history.set(version, written);
    const policy = inForce(written);
    if (policy === undefined) {
      // Of what it says, that nothing more may be given can be done whatever else it says.
      if (active !== undefined) active = { ...active, isStopped: written.policy?.killSwitch === true };
      onUnusable(version);
      return;
    }
    active = policy;
    versions.set(policy.compiled.version, policy);
    onInForce(policy);
    appearances.appeared(policy.compiled.version);
  };
  const following = await follow(log, TOPICS.policy, takingOurs(readWritten, put, { onPassedOver }));
  return {
    ...following,
    active: () => active,
    version: (version) => versions.get(version),
    history: () => [...history.values()].reverse(),
    appears: (version) => (versions.has(version) ? Promise.resolve() : appearances.of(version, following.finished)),
  };
}

/** Undefined for a version that was taken back: it stays in force. Throws for what is no version of ours. */
function readWritten(record: LogRecord): wire.PolicyRecord | undefined {
  if (record.value.length === 0) return undefined;
  const written = wire.PolicyRecord.decode(record.value);
  if (written.policy === undefined) throw new RangeError("policy is missing");
  insistOnKey(record, "policy.version", written.policy.version);
  return written;
}

function inForce(written: wire.PolicyRecord): PolicyInForce | undefined {
  const compiled = written.policy === undefined ? undefined : compileWritten(written.policy);
  return compiled?.ok === true ? { compiled: compiled.value, written } : undefined;
}

/**
 * Reads a policy as it was written and compiles it, or says all that is wrong with it; fields are paths inside the policy. It is for what stands on the log, or may:
 * what a version of Leastwise put into force, the next one still does.
 */
export function compileWritten(policy: wire.Policy): Result<CompiledPolicy, readonly PolicyProblem[]> {
  const read = readPolicy(policy);
  return read.ok ? compilePolicy(read.value, FEATURE_CATALOGUE, "on_log") : read;
}

/**
 * Compiles a policy that somebody wants to put into force: its expressions must type-check, and it must not contradict itself. What stands on the log already is
 * asked neither, so that no upgrade takes away a policy in force.
 *
 * @param nowMs instant that no campaign may be over at, Unix ms; absent: any may be
 */
export function compileProposed(policy: wire.Policy, nowMs?: number): Result<CompiledPolicy, readonly PolicyProblem[]> {
  const read = readPolicy(policy);
  if (!read.ok) return read;
  // Whoever pulls the kill switch is not kept waiting by a campaign that has ended meanwhile, nor by what an earlier version let pass.
  if (read.value.killSwitch) return compilePolicy(read.value, FEATURE_CATALOGUE, "on_log");
  const compiled = compilePolicy(read.value, FEATURE_CATALOGUE);
  if (!compiled.ok && !compiled.error.every(isByItself)) return compiled;
  const over = nowMs === undefined ? [] : campaignsOver(read.value, nowMs);
  const wrong = [...(compiled.ok ? [] : compiled.error), ...contradictionsOf(read.value), ...over];
  return wrong.length === 0 ? compiled : err(wrong);
}

/** True for what is wrong by itself: what contradicts what elsewhere in the policy does not depend on it, and can be told together with it. */
function isByItself({ reason, field }: PolicyProblem): boolean {
  return NAMES.has(reason) || /^(?:segments|templates|device)\b/.test(field);
}

/** A name that nothing has: looked up, it is as if none were there. */
const NAMES: ReadonlySet<string> = new Set([
  ...["unknown_segment", "unknown_experiment", "unknown_budget", "unknown_stacking_group", "unknown_partner"],
  "unknown_class",
]);
