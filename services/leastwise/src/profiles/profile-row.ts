import { EVENT_AHEAD_MAX_MS, purposeName, readConsent, readProfile, readSubjectRef, wire } from "@leastwise/contracts";
import { readInstant } from "@leastwise/policy";
import { err, nearestName, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import type { ProfileColumns } from "./profile-columns.js";

/** What a row says of a shopper. */
export interface ProfileRow {
  readonly subject: wire.SubjectRef;
  /** Absent: the file says nothing of profiles. */
  readonly profile?: wire.Profile;
  /** Absent: the row says nothing of consent. */
  readonly consent?: wire.Consent;
}

/** Stands between the tags and between the purposes of a cell. */
const SEPARATOR = "|";

/** Says in the column `consent` that all that was agreed to is withdrawn. */
const NO_PURPOSE = "none";

const PURPOSES: ReadonlyMap<string, wire.Purpose> = new Map(
  Object.values(wire.Purpose).flatMap((purpose) => {
    const name = purposeName(purpose);
    return name === undefined ? [] : [[name, purpose] as const];
  }),
);

/**
 * Reads a row of a file of profiles; else all that is wrong with it, each with the column as its field. Reasons: `value_count`,
 * `text_not_utf8`, `member_malformed`, `time_malformed`, `purpose_unknown`, `consent_time_missing`, `consent_time_ahead`, and those of the contracts (`readProfile`,
 * `readSubjectRef`, `readConsent`). No id is ever quoted.
 *
 * @param nowMs no consent was stated after it, but for clocks that differ
 */
export function readRow(
  columns: ProfileColumns,
  values: readonly string[],
  nowMs: number,
): Result<ProfileRow, readonly Refusal[]> {
  const expected = columns.names.length;
  if (values.length !== expected)
    return err([refusal("value_count", "", values.length, `${expected} values, as the header has columns`)]);
  const problems: Refusal[] = notUtf8(columns, values);
  const told = (problem: Refusal): void => void problems.push(problem);
  const cells = new Cells(columns, values, told);
  const subject = { userId: cells.text("user_id"), anonymousId: cells.text("anonymous_id") };
  const ids = readSubjectRef(subject);
  if (!ids.ok) told(inColumn(ids.error, columns));
  const profile = columns.haveProfile ? profileOf(cells, told) : undefined;
  const consent = cells.text("consent") === "" ? undefined : consentOf(cells, nowMs, told);
  if (problems.length > 0) return err(problems);
  return ok({ subject, ...(profile === undefined ? {} : { profile }), ...(consent === undefined ? {} : { consent }) });
}

/** Bytes that are no UTF-8 were read as U+FFFD, and what stood there is lost. */
function notUtf8({ names }: ProfileColumns, values: readonly string[]): Refusal[] {
  return values.flatMap((value, place) =>
    value.includes("\uFFFD") ? [refusal("text_not_utf8", names[place] ?? "", "other bytes", "text in UTF-8")] : [],
  );
}

/** A refusal of the contracts with the column that it speaks of as its field. */
export function inColumn(refused: Refusal, columns: ProfileColumns): Refusal {
  const [, , name = ""] = /^(profile|consent|subject)\.(.*)$/.exec(refused.field) ?? [];
  const [, place] = /^attributes \(\w+ (\d+)\)$/.exec(name) ?? [];
  if (place !== undefined) return { ...refused, field: `attributes.${columns.attributes[Number(place)]?.[0] ?? ""}` };
  if (name === "stated_at_ms") return { ...refused, field: "consent_stated_at" };
  if (name === "customer_since_ms" && columns.has("customer_since")) return { ...refused, field: "customer_since" };
  if (name === "anonymous_id" && !columns.has("anonymous_id")) return { ...refused, field: "user_id" };
  return { ...refused, field: name.replace(/\[.*$/, "") };
}

type Told = (problem: Refusal) => void;

/** A row's cells; what is wrong with one is told, and it is as if it were not there. */
class Cells {
  readonly columns: ProfileColumns;
  readonly values: readonly string[];
  readonly #told: Told;

  constructor(columns: ProfileColumns, values: readonly string[], told: Told) {
    this.columns = columns;
    this.values = values;
    this.#told = told;
  }

  text(column: Parameters<ProfileColumns["valueOf"]>[0]): string {
    return this.columns.valueOf(column, this.values);
  }

  list(column: "tags" | "consent"): string[] {
    const parts = this.text(column).split(SEPARATOR);
    return parts.map((part) => part.trim()).filter((part) => part !== "");
  }

  flag(column: "member"): boolean {
    const text = this.text(column).toLowerCase();
    if (["", "false", "no", "0"].includes(text)) return false;
    if (!["true", "yes", "1"].includes(text))
      this.#told(refusal("member_malformed", column, text, "true or false (or yes or no, 1 or 0)"));
    return true;
  }

  /** Unix milliseconds of a date or a time, in UTC where it has no offset. */
  instant(column: "customer_since" | "consent_stated_at"): bigint | undefined {
    const text = this.text(column);
    if (text === "") return undefined;
    const read = readInstant(text, "UTC", "starts");
    if (typeof read === "number") return BigInt(read);
    this.#told(refusal("time_malformed", column, text, read.expected));
    return undefined;
  }

  millis(column: "customer_since_ms"): bigint | undefined {
    const text = this.text(column);
    if (text === "") return undefined;
    if (/^\d{1,15}$/.test(text)) return BigInt(text);
    this.#told(refusal("time_malformed", column, text, "Unix milliseconds, UTC"));
    return undefined;
  }
}

function profileOf(cells: Cells, told: Told): wire.Profile {
  const { columns, values } = cells;
  const birthday = birthdayOf(cells.text("birthday"), told);
  const customerSinceMs = cells.instant("customer_since") ?? cells.millis("customer_since_ms");
  const attributes = columns.attributes.flatMap(([name, place]) => {
    const value = values[place]?.trim() ?? "";
    return value === "" ? [] : [[name, value] as const];
  });
  const profile = wire.Profile.fromPartial({
    loyaltyTier: cells.text("loyalty_tier"),
    member: cells.flag("member"),
    ...(customerSinceMs === undefined ? {} : { customerSinceMs }),
    birthday,
    tags: cells.list("tags"),
    attributes: Object.fromEntries(attributes),
  });
  const read = readProfile(profile);
  if (read.ok) return profile;
  const isBirthday = read.error.reason === "birthday_malformed";
  const problem = inColumn(read.error, { ...columns, attributes: attributes.map(([name], place) => [name, place]) });
  told(isBirthday ? refusal(problem.reason, "birthday", cells.text("birthday"), problem.expected) : problem);
  return profile;
}

/** Which year somebody was born in is nobody's business here. */
function birthdayOf(born: string, told: Told): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(born)) return born;
  if (isDate(born)) return born.slice("yyyy-".length);
  told(refusal("birthday_malformed", "birthday", born, "a date of the calendar, or month and day as MM-DD"));
  return "";
}

/** Whether a calendar has it: there was no 29 February in 1990, and no year 0. */
function isDate(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`);
  return !text.startsWith("0000") && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text);
}

function consentOf(cells: Cells, nowMs: number, told: Told): wire.Consent | undefined {
  const said = cells.list("consent");
  // What an empty list is exported as withdraws nothing: that takes a word.
  if (said.length === 0)
    told(refusal("consent_malformed", "consent", cells.text("consent"), `purposes, or ${NO_PURPOSE}`));
  const purposes = said.length === 1 && said[0] === NO_PURPOSE ? [] : said.flatMap((name) => purposeCalled(name, told));
  if (cells.text("consent_stated_at") === "")
    told(refusal("consent_time_missing", "consent_stated_at", undefined, "when the consent was stated"));
  const statedAtMs = cells.instant("consent_stated_at");
  if (statedAtMs === undefined) return undefined;
  if (statedAtMs > BigInt(nowMs + EVENT_AHEAD_MAX_MS))
    told(
      refusal(
        "consent_time_ahead",
        "consent_stated_at",
        cells.text("consent_stated_at"),
        "a time that is not more than 5 minutes ahead of now",
      ),
    );
  const consent = { purposes, statedAtMs };
  const read = readConsent(consent);
  if (!read.ok) told(inColumn(read.error, cells.columns));
  return consent;
}

function purposeCalled(name: string, told: Told): wire.Purpose[] {
  const purpose = PURPOSES.get(name);
  if (purpose !== undefined) return [purpose];
  const nearest = nearestName(name, PURPOSES.keys());
  const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  const expected = `${[...PURPOSES.keys()].join(", ")}, separated by ${SEPARATOR}, or ${NO_PURPOSE}${meant}`;
  told(refusal("purpose_unknown", "consent", name, expected));
  return [];
}
