import type { PersonalDataClass } from "@leastwise/vocabulary";
import type { DataAges } from "../input.js";
import type { Situation } from "../situation.js";
import type { Permitted } from "./consent.js";

/** How good what was known of one class of personal data was. A class of which nothing was there to be read has none. */
export interface ClassFreshness {
  readonly dataClass: PersonalDataClass;
  /** How far it was behind the log, ms. Absent: it was not. */
  readonly lagMs?: number;
  /** How old the newest event is that it stands on, ms. Absent: there was none, or the caller said it. */
  readonly newestAgeMs?: number;
}

/** How far data of a class, and the consent that opens it, are behind the logs that they come from, ms. What comes with the call is behind nothing. */
export function lagOf(ages: DataAges | undefined, dataClass: PersonalDataClass): number {
  if (ages === undefined || dataClass === "none" || dataClass === "partner_group") return 0;
  const { subjectsLagMs = 0, clickstreamLagMs = 0 } = ages;
  return dataClass === "profile" ? subjectsLagMs : Math.max(subjectsLagMs, clickstreamLagMs);
}

/** How good each class was of which something was there to be read, after consent and what the caller accepts. Decisions of earlier rules do not say it. */
export function classFreshnessOf(
  { ages, policy, earlierRules }: Pick<Situation, "ages" | "policy" | "earlierRules">,
  { features, profile, partnerSegments }: Permitted,
): readonly ClassFreshness[] {
  if (earlierRules !== undefined) return [];
  const classes: ClassFreshness[] = [];
  const add = (dataClass: PersonalDataClass, newestAgeMs: number | undefined): void => {
    const lagMs = lagOf(ages, dataClass);
    classes.push({ dataClass, ...(lagMs > 0 && { lagMs }), ...(newestAgeMs !== undefined && { newestAgeMs }) });
  };
  const sinceEventMs = present(features?.values[policy.sinceEventSlot]);
  if (sinceEventMs !== undefined) {
    add("behaviour", sinceEventMs);
    add("purchase", present(features?.values[policy.propensitySlots.sincePurchaseMs]));
  }
  const texts = features?.texts ?? {};
  if ("last_channel" in texts || "last_device" in texts)
    add("device", newestOf([ages?.textAgesMs?.["last_channel"], ages?.textAgesMs?.["last_device"]]));
  if ("last_place" in texts) add("coarse_location", ages?.textAgesMs?.["last_place"]);
  if (profile !== undefined) add("profile", ages?.profileAgeMs);
  if (partnerSegments.length > 0) add("partner_group", undefined);
  return classes;
}

/** Features that are absent are no numbers. */
function present(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

function newestOf(agesMs: readonly (number | undefined)[]): number | undefined {
  const known = agesMs.filter((ageMs) => ageMs !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
