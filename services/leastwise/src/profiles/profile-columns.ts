import { err, nearestName, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";

/** Columns with a meaning of their own, beside `attributes.<name>`. */
const COLUMNS = [
  "user_id",
  "anonymous_id",
  "loyalty_tier",
  "member",
  "customer_since",
  "customer_since_ms",
  "birthday",
  "tags",
  "consent",
  "consent_stated_at",
] as const;

/** A column of a file of profiles. */
export type ProfileColumn = (typeof COLUMNS)[number];

const ATTRIBUTE_PREFIX = "attributes.";

/** What a file of rejected rows has beside the columns of the file that they came from. It is let pass, so that the rows can be mended and imported. */
export const PROBLEM_COLUMN = "problem";

/** Which column of a file stands where. */
export interface ProfileColumns {
  /** As they stand in the file. */
  readonly names: readonly string[];
  /** Names and places of the attributes. */
  readonly attributes: readonly (readonly [name: string, place: number])[];
  /** Whether the file says anything of profiles, and not of consent alone. */
  readonly haveProfile: boolean;
  has(column: ProfileColumn): boolean;
  /** What a row says there, without the spaces around it; empty where the file has no such column. */
  valueOf(column: ProfileColumn, values: readonly string[]): string;
}

/**
 * Reads the header of a file of profiles. Reasons: `column_unknown`, `column_twice`, `column_missing` (no id; a consent without
 * `consent_stated_at`, or the reverse), `column_conflict` (both ways of saying since when), `separator_unexpected` (no commas).
 */
export function readColumns(header: readonly string[]): Result<ProfileColumns, readonly Refusal[]> {
  const separated = otherSeparator(header);
  if (separated !== undefined) return err([refusal("separator_unexpected", "", separated, "commas")]);
  const names = header.map((name) => name.trim());
  const problems = [...names.flatMap((name, place) => problemOf(name, place, names)), ...problemsTogether(names)];
  if (problems.length > 0) return err(problems);
  const places = new Map(names.map((name, place) => [name, place]));
  const attributes = names.flatMap((name, place) =>
    name.startsWith(ATTRIBUTE_PREFIX) ? [[name.slice(ATTRIBUTE_PREFIX.length), place] as const] : [],
  );
  const ofProfile = ["loyalty_tier", "member", "customer_since", "customer_since_ms", "birthday", "tags"];
  return ok({
    names,
    attributes,
    haveProfile: attributes.length > 0 || ofProfile.some((name) => places.has(name)),
    has: (column) => places.has(column),
    valueOf: (column, values) => values[places.get(column) ?? -1]?.trim() ?? "",
  });
}

/** What stands between the names of a header that has no commas. */
function otherSeparator([only = "", ...further]: readonly string[]): string | undefined {
  if (further.length > 0) return undefined;
  if (only.includes(";")) return "semicolons";
  return only.trim().includes("\t") ? "tabs" : undefined;
}

function problemOf(name: string, place: number, names: readonly string[]): Refusal[] {
  if (names.indexOf(name) < place) return [refusal("column_twice", name, name, "each column once")];
  const isAttribute = name.startsWith(ATTRIBUTE_PREFIX) && name.length > ATTRIBUTE_PREFIX.length;
  if (isAttribute || name === PROBLEM_COLUMN || COLUMNS.some((column) => column === name)) return [];
  const nearest = nearestName(name, COLUMNS);
  const meant =
    nearest === undefined ? `; one of the shop's own is called ${ATTRIBUTE_PREFIX}…` : `; did you mean ${nearest}?`;
  return [refusal("column_unknown", name, name, `one of ${COLUMNS.join(", ")}${meant}`)];
}

function problemsTogether(names: readonly string[]): Refusal[] {
  const problems: Refusal[] = [];
  const lacks = (column: ProfileColumn): boolean => !names.includes(column);
  if (lacks("user_id") && lacks("anonymous_id"))
    problems.push(refusal("column_missing", "user_id", undefined, "a column user_id or anonymous_id, or both"));
  if (!lacks("customer_since") && !lacks("customer_since_ms"))
    problems.push(
      refusal("column_conflict", "customer_since_ms", "both", "customer_since or customer_since_ms, not both"),
    );
  // A consent without its time would be as of the import, and could bring back one that was withdrawn since the file was written.
  if (!lacks("consent") && lacks("consent_stated_at"))
    problems.push(refusal("column_missing", "consent_stated_at", undefined, "when each consent was stated"));
  if (lacks("consent") && !lacks("consent_stated_at"))
    problems.push(refusal("column_missing", "consent", undefined, "what was consented to, or no consent_stated_at"));
  return problems;
}
