import { isOutsideBand, type CompiledBreaker, type RealisedMargin } from "@leastwise/decision";
import type { Telemetry } from "@leastwise/telemetry";

/** Tells people of campaigns that their breakers stop, and of those that go on: in numbers always, in words when it changes. */
export class BreakerWatch {
  readonly #telemetry: Telemetry;
  #stopped: ReadonlySet<string> = new Set();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  /** What breakers say of what their campaigns have brought in, as a decision is about to be given it. */
  look(breakers: readonly CompiledBreaker[], realised: Readonly<Record<string, RealisedMargin>>): void {
    if (breakers.length === 0 && this.#stopped.size === 0) return;
    const stopped = new Set<string>();
    for (const breaker of breakers) {
      const { campaignId } = breaker;
      const margin = realised[campaignId];
      if (margin === undefined || !isOutsideBand(breaker, margin)) continue;
      stopped.add(campaignId);
      if (!this.#stopped.has(campaignId))
        this.#telemetry.logger.warn(
          { campaignId, ...margin },
          "a campaign is stopped: its realised margin has left its band",
        );
    }
    for (const campaignId of this.#stopped)
      if (!stopped.has(campaignId))
        this.#telemetry.logger.info({ campaignId }, "a campaign is no longer stopped by its breaker");
    this.#stopped = stopped;
    this.#telemetry.metrics.stoppedCampaigns.with({}).set(stopped.size);
  }
}
