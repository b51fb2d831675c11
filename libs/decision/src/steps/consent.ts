import type { DecisionInput, FeatureVector, Profile } from "../input.js";

/** What of a person a decision may look at. */
export interface Permitted {
  /** False: only cohort and cart are used. */
  readonly personalization: boolean;
  /** Undefined without consent. */
  readonly features: FeatureVector | undefined;
  /** Undefined without consent, or where none is known. */
  readonly profile: Profile | undefined;
  /** The class that the shopper's device proposes; empty without consent, or where it proposes none. */
  readonly proposedClass: string;
}

/** No consent to personalization, no personal data: features, profile and what a device proposes are then as if unknown. */
export function consentStep({ consent, features, profile, proposedClass }: DecisionInput): Permitted {
  const personalization = consent.includes("personalization");
  return personalization
    ? { personalization, features, profile, proposedClass }
    : { personalization, features: undefined, profile: undefined, proposedClass: "" };
}
