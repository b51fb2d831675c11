/** What a shopper can agree to, in the order of the contracts. */
export const PURPOSES = [
  "personalization",
  "marketing",
  "learning",
  "location",
  "device",
  "profile",
  "partner_sharing",
  "research",
] as const;

/** What personal data may be used for. */
export type Purpose = (typeof PURPOSES)[number];

/**
 * What a datum tells about a person. `none`: nothing, it is the same for everybody at that moment. Classes that the law calls sensitive (health, religion and
 * the like) are not among them, and never will be: such data are no inputs.
 */
export const PERSONAL_DATA_CLASSES = [
  "none",
  "behaviour",
  "purchase",
  "device",
  "coarse_location",
  "profile",
  "partner_group",
] as const;

/** One of {@link PERSONAL_DATA_CLASSES}. */
export type PersonalDataClass = (typeof PERSONAL_DATA_CLASSES)[number];

/**
 * The purposes that must all be agreed to before a decision reads a datum of the class. Nothing of a person is read without `personalization`; what is of
 * a class of its own needs that class's purpose beside it.
 */
export const PURPOSES_OF_CLASS: Readonly<Record<PersonalDataClass, readonly Purpose[]>> = {
  none: [],
  behaviour: ["personalization"],
  purchase: ["personalization"],
  device: ["personalization", "device"],
  coarse_location: ["personalization", "location"],
  profile: ["personalization", "profile"],
  partner_group: ["personalization", "partner_sharing"],
};

/** Purposes that open data to decisions; the others stand on the record for those who contact, train or study. */
export const GATING_PURPOSES: ReadonlySet<Purpose> = new Set(Object.values(PURPOSES_OF_CLASS).flat());

/** Classes that nothing but `personalization` gates: all numeric features are of these, so that consent to it opens the vector as a whole. */
export type NumericFeatureClass = Extract<PersonalDataClass, "none" | "behaviour" | "purchase">;

/** What is read of a person beside the numeric features, and its class. */
export const CLASS_OF_INPUT = {
  last_channel: "device",
  last_device: "device",
  last_place: "coarse_location",
  proposed_class: "device",
  profile: "profile",
  partner_segments: "partner_group",
} as const satisfies Readonly<Record<string, PersonalDataClass>>;

/** The class of one of {@link CLASS_OF_INPUT} by its name; undefined for another name. */
export function classOfInput(name: string): PersonalDataClass | undefined {
  return isInput(name) ? CLASS_OF_INPUT[name] : undefined;
}

function isInput(name: string): name is keyof typeof CLASS_OF_INPUT {
  return Object.hasOwn(CLASS_OF_INPUT, name);
}

/** True if a consent has every purpose that a class asks for. */
export function permits(consent: readonly Purpose[], dataClass: PersonalDataClass): boolean {
  return PURPOSES_OF_CLASS[dataClass].every((purpose) => consent.includes(purpose));
}

/** True if nothing that opens data was withdrawn since something was found with a consent. */
export function isStillAgreed(then: readonly Purpose[], now: readonly Purpose[]): boolean {
  return then.every((purpose) => now.includes(purpose) || !GATING_PURPOSES.has(purpose));
}
