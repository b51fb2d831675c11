import { CLASS_OF_INPUT, classOfInput, permits, type PersonalDataClass, type Purpose } from "@leastwise/vocabulary";
import type { DecisionInput, FeatureVector, Profile } from "../input.js";
import { lagOf } from "./class-freshness.js";
import { withoutSensitive } from "../policy/sensitive-data.js";

/** What consent is asked about: the part of a decision's input that tells of a person. */
export type PersonalInput = Pick<
  DecisionInput,
  | "consent"
  | "features"
  | "profile"
  | "proposedClass"
  | "partnerSegments"
  | "channel"
  | "device"
  | "earlierRules"
  | "ages"
>;

/** What of a person a decision may look at: the one place that data of a person passes on their way into it. */
export interface Permitted {
  /** False: only cohort and cart are used. */
  readonly personalization: boolean;
  /** Undefined without consent, or where they lag more than the caller accepts. Of the words among them those are there whose purposes were agreed to. */
  readonly features: FeatureVector | undefined;
  /** Undefined without consent, where none is known, or where it lags more than the caller accepts. Never with data of a class that the law protects. */
  readonly profile: Profile | undefined;
  /** The class that the shopper's device proposes; empty without consent, or where it proposes none. */
  readonly proposedClass: string;
  /** Groups that partners say the shopper is in; none without consent. */
  readonly partnerSegments: readonly string[];
  /** As the caller says, or else the last one known where consent allows it; empty: not known. */
  readonly channel: string;
  /** Likewise. */
  readonly device: string;
  /** True if consent lets data of the class be looked at. */
  readonly allows: (dataClass: PersonalDataClass) => boolean;
  /** True if data of the class lags no more than the caller accepts: what lags more is not looked at. */
  readonly isTimely: (dataClass: PersonalDataClass) => boolean;
}

/**
 * Consent gates each datum by its class, here and now: what its purposes were not agreed to for is as if unknown, to all that follows and to the record.
 * Without consent to personalization that is all of the person. What lags more than the caller accepts is as if unknown, too.
 */
export function consentStep(input: PersonalInput): Permitted {
  if (input.earlierRules?.purposesUntold === true) return beforePurposes(input);
  const { consent, features, profile, proposedClass, partnerSegments, channel, device, ages } = input;
  const personalization = consent.includes("personalization");
  const allows = (dataClass: PersonalDataClass): boolean => permits(consent, dataClass);
  const isTimely = (dataClass: PersonalDataClass): boolean =>
    lagOf(ages, dataClass) <= (ages?.acceptedLagMs ?? Infinity);
  const permitted = personalization && isTimely("behaviour") ? allowedFeatures(features, consent) : undefined;
  return {
    personalization,
    features: permitted,
    profile:
      profile !== undefined && allows(CLASS_OF_INPUT.profile) && isTimely(CLASS_OF_INPUT.profile)
        ? withoutSensitive(profile)
        : undefined,
    proposedClass: allows(CLASS_OF_INPUT.proposed_class) ? proposedClass : "",
    partnerSegments: allows(CLASS_OF_INPUT.partner_segments) ? partnerSegments : [],
    channel: channel === "" ? (permitted?.texts["last_channel"] ?? "") : channel,
    device: device === "" ? (permitted?.texts["last_device"] ?? "") : device,
    allows,
    isTimely,
  };
}

/** As it was when consent to personalization stood for all purposes, and partners' groups asked for none; what is known of the channel stood on the record then. */
function beforePurposes(input: PersonalInput): Permitted {
  const { consent, features, profile, proposedClass, partnerSegments, channel, device } = input;
  const personalization = consent.includes("personalization");
  return {
    personalization,
    features: personalization ? features : undefined,
    profile: personalization ? profile : undefined,
    proposedClass: personalization ? proposedClass : "",
    partnerSegments,
    channel,
    device,
    allows: (dataClass) => personalization && dataClass !== CLASS_OF_INPUT.partner_segments,
    isTimely: () => true,
  };
}

/** The features as far as consent to personalization and to what else gates them goes. All numbers are of classes that nothing else gates. */
function allowedFeatures(features: FeatureVector, consent: readonly Purpose[]): FeatureVector {
  const { texts } = features;
  const names = Object.keys(texts);
  const allowed = names.filter((name) => isAllowedWord(name, consent));
  if (allowed.length === names.length) return features;
  return {
    catalogue: features.catalogue,
    values: features.values,
    texts: Object.fromEntries(allowed.map((name) => [name, texts[name] ?? ""])),
    asOfOffset: features.asOfOffset,
    partition: features.partition,
  };
}

/** A word of no known class is not read: whoever adds one says what gates it. */
function isAllowedWord(name: string, consent: readonly Purpose[]): boolean {
  const dataClass = classOfInput(name);
  return dataClass !== undefined && permits(consent, dataClass);
}
