import { MINUTE_MS } from "@leastwise/vocabulary";
import type { CompiledCampaign, CompiledPolicy } from "../policy/compile.js";

/** What a device needs of a policy. Mirrors `policy.proto`. */
export interface DeviceBundle {
  readonly policyVersion: string;
  readonly issuedAtMs: number;
  /** First instant at which no device may go by it any more. */
  readonly expiresAtMs: number;
  readonly timeZone: string;
  readonly signals: readonly string[];
  /** In the policy's order: the first that holds is proposed. */
  readonly classes: readonly BundledClass[];
}

/** A class, and when a campaign takes it. */
export interface BundledClass {
  readonly name: string;
  readonly expression: string;
  /** Absent: since ever. */
  readonly startsAtMs?: number;
  /** Absent: never over. */
  readonly endsAtMs?: number;
}

/** Bundles made within so long are the same bytes: whoever hands them out may keep one, ms. */
const ISSUED_EVERY_MS = MINUTE_MS;

/**
 * The bundle of a policy as of an instant; undefined if the policy says nothing of devices. Under the kill switch there is nothing in it to
 * propose; so it is with classes that no campaign takes any more.
 */
export function deviceBundleOf(policy: CompiledPolicy, nowMs: number): DeviceBundle | undefined {
  const { device } = policy;
  if (device === undefined) return undefined;
  const issuedAtMs = nowMs - (nowMs % ISSUED_EVERY_MS);
  const classes = policy.killSwitch ? [] : device.classes;
  return {
    policyVersion: policy.version,
    issuedAtMs,
    expiresAtMs: issuedAtMs + device.bundleTtlMs,
    timeZone: device.timeZone,
    signals: device.signals,
    classes: classes.flatMap(({ name, expression }) => {
      const takers = policy.campaigns.filter((campaign) => takes(campaign, name) && campaign.endsAtMs > issuedAtMs);
      return takers.length === 0 ? [] : [{ name, expression, ...spanOf(takers) }];
    }),
  };
}

function takes({ approach }: CompiledCampaign, name: string): boolean {
  return approach.kind === "on_device" && approach.classes.includes(name);
}

/** From the first beginning to the last end. */
function spanOf(campaigns: readonly CompiledCampaign[]): Pick<BundledClass, "startsAtMs" | "endsAtMs"> {
  const startsAtMs = Math.min(...campaigns.map((campaign) => campaign.startsAtMs));
  const endsAtMs = Math.max(...campaigns.map((campaign) => campaign.endsAtMs));
  return {
    ...(Number.isFinite(startsAtMs) && { startsAtMs }),
    ...(Number.isFinite(endsAtMs) && { endsAtMs }),
  };
}
