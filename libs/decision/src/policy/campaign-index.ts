import { AscendingPlaces } from "./ascending-places.js";
import type { CompiledCampaign } from "./compile.js";

/** Campaigns by the segment that they are for: most of a large policy's are for others than the shopper, and need not be looked at. */
export class CampaignIndex {
  readonly #campaigns: readonly CompiledCampaign[];
  /** Places of the campaigns that say otherwise whom they are for. */
  readonly #always: readonly number[];
  readonly #bySegment: ReadonlyMap<string, readonly number[]>;
  readonly #places: AscendingPlaces;

  /** @param campaigns in order of priority */
  constructor(campaigns: readonly CompiledCampaign[]) {
    const always: number[] = [];
    const bySegment = new Map<string, number[]>();
    for (const [place, { approach }] of campaigns.entries()) {
      // Who has accepted an exchange is given it, whether or not its segment still holds.
      if (approach.kind !== "rules" && approach.kind !== "partner") {
        always.push(place);
        continue;
      }
      const places = bySegment.get(approach.segment) ?? [];
      bySegment.set(approach.segment, places);
      places.push(place);
    }
    this.#campaigns = campaigns;
    this.#always = always;
    this.#bySegment = bySegment;
    this.#places = new AscendingPlaces(campaigns.length);
  }

  /**
   * The campaigns that could be for a shopper, in order of priority: all others are for segments that do not hold.
   *
   * @param holding names of the segments that hold
   */
  campaignsFor(holding: readonly string[]): readonly CompiledCampaign[] {
    this.#places.add(this.#always);
    for (const segment of holding) {
      const places = this.#bySegment.get(segment);
      if (places !== undefined) this.#places.add(places);
    }
    const campaigns: CompiledCampaign[] = [];
    for (const place of this.#places.taken()) {
      const campaign = this.#campaigns[place];
      if (campaign !== undefined) campaigns.push(campaign);
    }
    return campaigns;
  }
}
