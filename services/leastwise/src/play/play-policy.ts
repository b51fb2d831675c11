import type { Config } from "@leastwise/config";
import type { wire } from "@leastwise/contracts";
import { isCurrencyCode, type CurrencyCode, type Millis } from "@leastwise/vocabulary";
import { firstPolicy } from "../host/start-policy.js";
import { StartFailure } from "../host/start-failure.js";

/** The policy that a play runs under, and what of it the play goes by. */
export interface PlayPolicy {
  readonly version: string;
  readonly currency: CurrencyCode;
  /** The experiment that most of its campaigns name, and of those the one whose id is the lesser; undefined: none names one. */
  readonly experiment: string | undefined;
}

/**
 * The policy of the configured file, else the built-in one, before anything is started: throws a StartFailure that says where in the
 * document each thing is wrong, and what was expected.
 *
 * @param nowMs beginning of the play: no campaign may be over at it. Absent: any may be
 */
export async function playPolicy(
  config: Pick<Config, "policy_file" | "currency">,
  nowMs: Millis | undefined,
): Promise<PlayPolicy> {
  if (config.policy_file === "-")
    throw new StartFailure("--policy: expected the name of a file, got -: standard input can be read once only");
  const policy = await firstPolicy(config, nowMs);
  if (!isCurrencyCode(policy.currency)) throw new Error("the policy was checked: its currency is one");
  return { version: policy.version, currency: policy.currency, experiment: experimentOf(policy.campaigns) };
}

function experimentOf(campaigns: readonly wire.Campaign[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { experimentId } of campaigns)
    if (experimentId !== "") counts.set(experimentId, (counts.get(experimentId) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0];
}
