import { uniform32, type Millis } from "@leastwise/vocabulary";
import { episodeIdOf, explorationText } from "../digests.js";
import { EPISODE_COOL_DOWN_DEFAULT_MS, type CompiledCampaign } from "../policy/compile.js";
import { EXPLORATION_KEY } from "../salts.js";
import type { Situation } from "../situation.js";

/** The episode that a decision stands in. */
export interface CurrentEpisode {
  readonly id: string;
  /** First instant no longer in it. */
  readonly endsAtMs: Millis;
  /** Its one uniform draw, 0 to 2^32 − 1. */
  readonly draw: number;
  /** Propensity of its first answer; undefined on the decision that opens it. */
  readonly propensity: number | undefined;
}

/**
 * The running episode, or a new one. A new one takes its uniform from the assignment key, the first of the campaigns
 * (rungs of all campaigns are drawn together, by one draw) and itself, and ends when the shortest cool-down or
 * offer life of the campaigns is over: alike whatever is drawn, so that its end tells nobody what was withheld.
 *
 * @param campaigns by priority: those with a rung that may be drawn, so that one that cannot be given moves nothing; where there is none, those
 *   that apply
 */
export function episodeStep(situation: Situation, campaigns: readonly CompiledCampaign[]): CurrentEpisode {
  const running = situation.decisionState.episode;
  if (running !== undefined) return running;
  const id = episodeIdOf(situation.decisionId);
  const lives = campaigns.map(({ episodeMaxMs }) => episodeMaxMs);
  const lastsMs = lives.length === 0 ? EPISODE_COOL_DOWN_DEFAULT_MS : Math.min(...lives);
  const first = campaigns[0]?.campaignId ?? "";
  return {
    id,
    endsAtMs: (situation.nowMs + lastsMs) as Millis,
    draw: uniform32(EXPLORATION_KEY, explorationText(situation.assignmentKey, first, id)),
    propensity: undefined,
  };
}
