import { incentiveOf, kindName, type wire } from "@leastwise/contracts";
import { Latencies } from "./latency.js";

/** What a play saw through the doors, as a caller sees it. */
export class Tally {
  readonly sentByKind = new Map<string, number>();
  readonly refusedByReason = new Map<string, number>();
  readonly warnings = new Map<string, number>();
  readonly degradedByReason = new Map<string, number>();
  readonly grantsByKind = new Map<string, number>();
  readonly redeemRefusals = new Map<string, number>();
  readonly decideLatencies = new Latencies();
  sent = 0;
  accepted = 0;
  decisions = 0;
  offersShown = 0;
  redeemed = 0;
  redeemedMinor = 0n;

  /** A batch was answered. */
  recorded(events: readonly wire.Event[], response: wire.RecordResponse): void {
    this.sent += events.length;
    this.accepted += response.accepted;
    response.verdicts.forEach((verdict, index) => {
      if (verdict.reason === "ok") increase(this.sentByKind, kindName(events[index]?.kind ?? 0) ?? "unknown");
      else increase(this.refusedByReason, verdict.reason);
      for (const warning of verdict.warnings) increase(this.warnings, warning);
    });
  }

  /** A Decide was answered. */
  decided(response: wire.DecideResponse, durationMs: number): void {
    this.decisions += 1;
    this.decideLatencies.add(durationMs);
    if (response.degradedReason !== "") increase(this.degradedByReason, response.degradedReason);
    if (response.offer?.incentive === undefined) return;
    this.offersShown += 1;
    increase(this.grantsByKind, incentiveOf(response.offer.incentive).kind);
  }

  /** A Redeem was taken. */
  redeemedOffer(response: wire.RedeemResponse): void {
    this.redeemed += 1;
    this.redeemedMinor += response.discount?.minor ?? 0n;
  }
}

/** One more of a key. */
export function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
