import { PERSONAL_DATA_CLASSES, type PersonalDataClass } from "@leastwise/vocabulary";

/** Classes of data that moved something, a bit each: a decision gathers them from every feature that it looks at, and keeps no list. */
export type ClassBits = number;

export const NO_CLASSES: ClassBits = 0;

const BITS: Readonly<Record<PersonalDataClass, ClassBits>> = Object.fromEntries(
  PERSONAL_DATA_CLASSES.map((dataClass, place) => [dataClass, 1 << place]),
) as Record<PersonalDataClass, ClassBits>;

/** By their bits, in the order of `PERSONAL_DATA_CLASSES`, without `none`. */
const LISTS: readonly (readonly PersonalDataClass[])[] = Array.from(
  { length: 1 << PERSONAL_DATA_CLASSES.length },
  (_, bits) => PERSONAL_DATA_CLASSES.filter((dataClass) => dataClass !== "none" && (bits & BITS[dataClass]) !== 0),
);

/** The bit of a class. */
export function bitOf(dataClass: PersonalDataClass): ClassBits {
  return BITS[dataClass];
}

/** The classes that tell of a person, in the order of `PERSONAL_DATA_CLASSES`: what is of the class `none` is the same for everybody at that moment. */
export function classesIn(bits: ClassBits): readonly PersonalDataClass[] {
  return LISTS[bits] ?? [];
}
