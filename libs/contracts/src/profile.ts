import {
  EARLIEST_MS,
  err,
  InWords,
  LATEST_MS,
  ok,
  refusal,
  type Millis,
  type Purpose,
  type Refusal,
  type Result,
} from "@leastwise/vocabulary";
import { purposeName } from "./enum-names.js";
import { within } from "./field-path.js";
import { checkText } from "./text.js";
import * as wire from "./wire.js";

const TAGS_MAX = 64;
const ATTRIBUTES_MAX = 64;

/** What the shop's customer records say of a shopper, checked. */
export interface SubjectProfile {
  /** In the shop's words; undefined: none. */
  readonly loyaltyTier: string | undefined;
  readonly isMember: boolean;
  /** When the shopper became a customer; undefined: unknown. */
  readonly customerSinceMs: Millis | undefined;
  /** `MM-DD`; undefined: unknown. */
  readonly birthday: string | undefined;
  readonly tags: readonly string[];
  readonly attributes: ReadonlyMap<string, string>;
}

/** What a shopper agreed to, checked. What is not in it is not granted. */
export interface SubjectConsent {
  readonly purposes: ReadonlySet<Purpose>;
  /** When it was said; undefined: when it arrived. */
  readonly statedAtMs: Millis | undefined;
}

/**
 * Reads a profile. Reasons: `profile_missing`, `text_too_long`, `invalid_text`, `birthday_malformed`,
 * `timestamp_out_of_range`, `too_many_tags`, `too_many_attributes`. No value of a profile is ever quoted.
 */
export function readProfile(profile: wire.Profile | undefined, at = "profile"): Result<SubjectProfile, Refusal> {
  if (profile === undefined) return err(refusal("profile_missing", at, undefined, "a profile"));
  const refused =
    checkText(profile.loyaltyTier, at, "loyalty_tier", 64) ??
    checkBirthday(profile.birthday, at) ??
    checkInstant(profile.customerSinceMs, within(at, "customer_since_ms")) ??
    checkTags(profile.tags, at) ??
    checkAttributes(profile.attributes, at);
  if (refused !== undefined) return err(refused);
  return ok({
    loyaltyTier: profile.loyaltyTier || undefined,
    isMember: profile.member,
    customerSinceMs: millisOf(profile.customerSinceMs),
    birthday: profile.birthday || undefined,
    tags: profile.tags,
    attributes: attributesOf(profile.attributes),
  });
}

/** Reads a consent. Reasons: `consent_missing`, `purpose_missing`, `purpose_unknown`, `timestamp_out_of_range`. */
export function readConsent(consent: wire.Consent | undefined, at = "consent"): Result<SubjectConsent, Refusal> {
  if (consent === undefined) return err(refusal("consent_missing", at, undefined, "a consent"));
  const purposes = new Set<Purpose>();
  for (const [index, purpose] of consent.purposes.entries()) {
    const name = purposeName(purpose);
    if (name === undefined) {
      const reason = purpose === wire.Purpose.PURPOSE_UNSPECIFIED ? "purpose_missing" : "purpose_unknown";
      const field = within(at, `purposes[${index}]`);
      return err(refusal(reason, field, purpose, "a purpose, such as PURPOSE_PERSONALIZATION"));
    }
    purposes.add(name);
  }
  const statedAtMs = consent.statedAtMs === 0n ? undefined : consent.statedAtMs;
  const refused = checkInstant(statedAtMs, within(at, "stated_at_ms"));
  return refused === undefined ? ok({ purposes, statedAtMs: millisOf(statedAtMs) }) : err(refused);
}

/** When the profile of a record was last changed, Unix ms: of what earlier versions wrote, when the record was written. 0: there is none. */
export function profileUpdatedAtMs(record: wire.SubjectRecord): bigint {
  if (record.profile === undefined) return 0n;
  return record.profileUpdatedAtMs === 0n ? record.updatedAtMs : record.profileUpdatedAtMs;
}

function checkBirthday(birthday: string, at: string): Refusal | undefined {
  const match = /^(\d\d)-(\d\d)$/.exec(birthday);
  const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Number(match?.[1]) - 1] ?? 0;
  const day = Number(match?.[2]);
  if (birthday === "" || (day >= 1 && day <= daysOfMonth)) return undefined;
  // It may be a whole date of birth: its form is told, and not what it says.
  const came = new InWords(`a text of ${String(birthday.length)} characters, not shown: it is personal data`);
  return refusal("birthday_malformed", within(at, "birthday"), came, "month and day as MM-DD");
}

function checkInstant(ms: bigint | undefined, field: string): Refusal | undefined {
  // Customers may be older than the first plausible event, but not than the clock itself.
  if (ms === undefined || (ms > 0n && ms < BigInt(LATEST_MS) && !isSeconds(ms))) return undefined;
  return refusal("timestamp_out_of_range", field, ms, "Unix milliseconds before 2100-01-01");
}

function isSeconds(ms: bigint): boolean {
  return ms >= BigInt(EARLIEST_MS / 1_000) && ms < BigInt(LATEST_MS / 1_000);
}

function checkTags(tags: readonly string[], at: string): Refusal | undefined {
  if (tags.length > TAGS_MAX) {
    return refusal("too_many_tags", within(at, "tags"), tags.length, `at most ${TAGS_MAX} tags`);
  }
  for (const [index, tag] of tags.entries()) {
    const refused = checkText(tag, at, `tags[${index}]`, 64);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function checkAttributes(attributes: wire.Profile["attributes"], at: string): Refusal | undefined {
  const entries = [...attributesOf(attributes)];
  if (entries.length > ATTRIBUTES_MAX) {
    const field = within(at, "attributes");
    return refusal("too_many_attributes", field, entries.length, `at most ${ATTRIBUTES_MAX} attributes`);
  }
  for (const [index, [name, value]] of entries.entries()) {
    const refused =
      checkText(name, at, `attributes (name ${index})`, 256) ??
      checkText(value, at, `attributes (value ${index})`, 256);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function attributesOf(attributes: wire.Profile["attributes"]): ReadonlyMap<string, string> {
  return new Map(Object.entries(attributes));
}

function millisOf(ms: bigint | undefined): Millis | undefined {
  return ms === undefined ? undefined : (Number(ms) as Millis);
}
