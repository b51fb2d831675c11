import type { DecisionFacts } from "@leastwise/decision";
import type { RecordedDecision } from "./recorded.js";

/** What exploration has cost, and how often each rung was given, by campaign. */
export class Exploration {
  readonly #spentMinor: Map<string, number>;
  readonly #decisionsPerRung: Map<string, number[]>;

  constructor(before?: Exploration) {
    this.#spentMinor = new Map(before === undefined ? [] : before.#spentMinor);
    const counted = before === undefined ? [] : [...before.#decisionsPerRung];
    this.#decisionsPerRung = new Map(counted.map(([campaign, counts]) => [campaign, [...counts]]));
  }

  /** The same with these decisions counted, too; itself where there are none. */
  with(decisions: readonly RecordedDecision[]): Exploration {
    if (decisions.length === 0) return this;
    const after = new Exploration(this);
    for (const decision of decisions) after.count(decision, 1);
    return after;
  }

  /** Minor units so far, by campaign. */
  spentMinor(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#spentMinor);
  }

  /** Decisions so far by campaign and rung that was given. */
  decisionsPerRung(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries([...this.#decisionsPerRung].map(([campaign, counts]) => [campaign, [...counts]]));
  }

  /** @param by 1, or −1 to take it back */
  count(decision: Pick<RecordedDecision, "facts" | "explorationCostMinor">, by: 1 | -1): void {
    this.#countRung(decision.facts, by);
    this.#countCost(decision, by);
  }

  /**
   * A first answer of an episode counts for the rung that was given. What was withheld is the baseline, as is none; the baseline counts for
   * every campaign that was weighed.
   */
  #countRung({ continued, candidates, chosen, offer }: DecisionFacts, by: 1 | -1): void {
    if (continued) return;
    const drawn = candidates[chosen];
    const given = drawn !== undefined && drawn.rung > 0 && offer?.campaignId === drawn.campaignId ? drawn : undefined;
    const rung = given?.rung ?? 0;
    const weighed = given === undefined ? candidates.filter(({ isOwed }) => isOwed !== true) : [given];
    const campaigns = weighed.map(({ campaignId }) => campaignId);
    for (const campaign of new Set(campaigns)) {
      if (campaign === "") continue;
      const counts = this.#decisionsPerRung.get(campaign) ?? [];
      while (counts.length <= rung) counts.push(0);
      counts[rung] = (counts[rung] ?? 0) + by;
      this.#decisionsPerRung.set(campaign, counts);
    }
  }

  /**
   * What a decision explored is paid by the campaign of the rung that was drawn, for rung 0 by the one given up; in a continued episode too,
   * where a changed cart may bring a rung that was not there at first.
   */
  #countCost({ facts, explorationCostMinor }: Parameters<Exploration["count"]>[0], by: 1 | -1): void {
    if (explorationCostMinor === 0) return;
    const payer = facts.candidates[facts.chosen === 0 ? facts.exploit : facts.chosen]?.campaignId ?? "";
    this.#spentMinor.set(payer, (this.#spentMinor.get(payer) ?? 0) + by * explorationCostMinor);
  }
}
