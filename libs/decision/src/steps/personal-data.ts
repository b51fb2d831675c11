import type { PersonalDataClass } from "@leastwise/vocabulary";
import { bitOf, classesIn, NO_CLASSES, type ClassBits } from "../class-bits.js";
import { disclosureFor } from "../policy/disclosures.js";
import type { Situation } from "../situation.js";
import type { Permitted } from "./consent.js";

/** What data of a person had to do with an answer. */
export interface PersonalData {
  /** True if some of it could move the answer. */
  readonly used: boolean;
  /** Which. By earlier rules it was not said. */
  readonly classes: readonly PersonalDataClass[];
  /** What the policy has the shopper told of it there; empty: nothing. */
  readonly disclosure: string;
}

export const NO_PERSONAL_DATA: PersonalData = { used: false, classes: [], disclosure: "" };

/** The bits of those classes that consent lets be looked at: without consent to personalization nothing is, be it the hour of the day. */
export function bitsOpened(classes: Iterable<PersonalDataClass>, permitted: Permitted): ClassBits {
  let bits = NO_CLASSES;
  if (permitted.personalization)
    for (const dataClass of classes) if (isServed(dataClass, permitted)) bits |= bitOf(dataClass);
  return bits;
}

/** A class that a device proposes comes with the call: it is there, however far behind the log what is known of the device is. */
function isServed(dataClass: PersonalDataClass, { allows, isTimely, proposedClass }: Permitted): boolean {
  return allows(dataClass) && (isTimely(dataClass) || (dataClass === "device" && proposedClass !== ""));
}

/** What the classes make of an answer. By earlier rules any feature that was let be looked at was data of the person, and nothing else was said of it. */
export function personalDataOf(situation: Situation, bits: ClassBits): PersonalData {
  if (situation.earlierRules !== undefined) return { used: bits !== NO_CLASSES, classes: [], disclosure: "" };
  return withDisclosure(situation, classesIn(bits));
}

/** The same with what the policy has the shopper told. */
export function withDisclosure(
  { policy, place, language }: Situation,
  classes: readonly PersonalDataClass[],
): PersonalData {
  if (classes.length === 0) return NO_PERSONAL_DATA;
  return { used: true, classes, disclosure: disclosureFor(policy.disclosures, place, language) };
}
