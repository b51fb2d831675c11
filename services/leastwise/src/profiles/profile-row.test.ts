import { wire } from "@leastwise/contracts";
import { sayRefusal } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { readColumns } from "./profile-columns.js";
import { readRow } from "./profile-row.js";

const HEADER =
  "user_id,loyalty_tier,member,customer_since,birthday,tags,attributes.city,attributes.size,consent,consent_stated_at";
const ROW = "ada,gold,yes,2019-05-01,1992-02-29,vip | early,Ulm,,personalization|marketing,2026-01-02T03:04:05Z";

const NOW_MS = Date.UTC(2026, 0, 3);

function columnsOf(header: string) {
  const columns = readColumns(header.split(","));
  if (!columns.ok) throw new Error(columns.error.map(sayRefusal).join("; "));
  return columns.value;
}

const read = (row: string, header = HEADER) => readRow(columnsOf(header), row.split(","), NOW_MS);

function saidOf(row: string, header = HEADER): readonly string[] {
  const came = read(row, header);
  return came.ok ? [] : came.error.map(sayRefusal);
}

const headerProblems = (header: string) => {
  const came = readColumns(header.split(","));
  return came.ok ? [] : came.error.map(sayRefusal);
};

describe("the header of a file of profiles", () => {
  it("may have its columns in any order, and only those that there are", () => {
    expect(headerProblems("birthday,anonymous_id,attributes.shoe size,problem")).toEqual([]);
    expect(headerProblems("user_id,loyality_tier,colour,user_id,attributes.")).toEqual([
      expect.stringMatching(
        /^loyality_tier: expected one of .*; did you mean loyalty_tier\?, got "loyality_tier" \(column_unknown\)$/,
      ),
      expect.stringMatching(/^colour: expected one of .*; one of the shop's own is called attributes\.…, got "colour"/),
      `user_id: expected each column once, got "user_id" (column_twice)`,
      expect.stringMatching(/^attributes\.: expected one of /),
    ]);
  });

  it("is separated by commas", () => {
    expect(headerProblems("user_id;member")).toEqual([`expected commas, got "semicolons" (separator_unexpected)`]);
    expect(headerProblems("user_id\tmember")).toEqual([`expected commas, got "tabs" (separator_unexpected)`]);
  });

  it("says whose the rows are, since when in one way, and when each consent was stated", () => {
    expect(headerProblems("member,customer_since,customer_since_ms,consent")).toEqual([
      "user_id: expected a column user_id or anonymous_id, or both, got nothing (column_missing)",
      `customer_since_ms: expected customer_since or customer_since_ms, not both, got "both" (column_conflict)`,
      "consent_stated_at: expected when each consent was stated, got nothing (column_missing)",
    ]);
    expect(headerProblems("user_id,consent_stated_at")).toEqual([
      "consent: expected what was consented to, or no consent_stated_at, got nothing (column_missing)",
    ]);
  });
});

describe("a row of a file of profiles", () => {
  it("is refused where its bytes were no UTF-8, or where no calendar has the date of birth", () => {
    expect(saidOf(`ada,,,,,,${Buffer.from("M\xfcnchen", "latin1").toString("utf8")},,,`)).toEqual([
      `attributes.city: expected text in UTF-8, got "other bytes" (text_not_utf8)`,
    ]);
    for (const born of ["1990-02-29", "0000-02-28", "1990-04-31"])
      expect(saidOf(`ada,,,,${born},,,,,`)).toEqual([
        `birthday: expected a date of the calendar, or month and day as MM-DD, got "${born}" (birthday_malformed)`,
      ]);
  });

  it("is refused where its consent was stated later than now", () => {
    expect(saidOf("ada,,,,,,,,none,2026-01-03T00:05:00Z")).toEqual([]);
    expect(saidOf("ada,,,,,,,,none,2026-01-03T00:05:01Z")).toEqual([
      `consent_stated_at: expected a time that is not more than 5 minutes ahead of now, got "2026-01-03T00:05:01Z" (consent_time_ahead)`,
    ]);
  });

  it("becomes a profile and a consent; of a date of birth the year is left out", () => {
    expect(read(ROW)).toEqual({
      ok: true,
      value: {
        subject: { userId: "ada", anonymousId: "" },
        profile: {
          loyaltyTier: "gold",
          member: true,
          customerSinceMs: BigInt(Date.UTC(2019, 4, 1)),
          birthday: "02-29",
          tags: ["vip", "early"],
          attributes: { city: "Ulm" },
        },
        consent: {
          purposes: [wire.Purpose.PURPOSE_PERSONALIZATION, wire.Purpose.PURPOSE_MARKETING],
          statedAtMs: BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)),
        },
      },
    });
  });

  it("says nothing of what its file does not say", () => {
    expect(read("ada,none,2026-01-02", "user_id,consent,consent_stated_at")).toEqual({
      ok: true,
      value: {
        subject: { userId: "ada", anonymousId: "" },
        consent: { purposes: [], statedAtMs: BigInt(Date.UTC(2026, 0, 2)) },
      },
    });
    expect(read("b,,", "anonymous_id,consent,consent_stated_at")).toEqual({
      ok: true,
      value: { subject: { userId: "", anonymousId: "b" } },
    });
  });

  it("tells all that is wrong with it, by column, what came and what was expected, and quotes no id", () => {
    expect(saidOf("ada,gold,perhaps,2019-02-30,13-01,,,,personalisation,")).toEqual([
      `customer_since: expected a date or a time such as 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00Z, got "2019-02-30" (time_malformed)`,
      `member: expected true or false (or yes or no, 1 or 0), got "perhaps" (member_malformed)`,
      `birthday: expected month and day as MM-DD, got "13-01" (birthday_malformed)`,
      `consent: expected personalization, marketing, learning, location, device, profile, partner_sharing, research, separated by |, or none; did you mean personalization?, got "personalisation" (purpose_unknown)`,
      "consent_stated_at: expected when the consent was stated, got nothing (consent_time_missing)",
    ]);
    expect(saidOf("ada,gold")).toEqual(["expected 10 values, as the header has columns, got 2 (value_count)"]);
    expect(saidOf(ROW.replace("ada", "a".repeat(300)))).toEqual([
      "user_id: expected an id of 1 to 256 bytes, got a text of 300 bytes (id_too_long)",
    ]);
    expect(saidOf(ROW.replace("ada", ""))).toEqual([expect.stringMatching(/^user_id: .*\(id_missing\)$/)]);
  });

  it("names the column of an attribute that is too long", () => {
    expect(saidOf(ROW.replace("Ulm,", `,${"s".repeat(257)}`))).toEqual([
      expect.stringMatching(/^attributes\.size: expected a text of at most 256 bytes, got .*\(text_too_long\)$/),
    ]);
  });
});
