import { describe, expect, it } from "@jest/globals";
import { ACTS_MAX, ORDERS_MAX, RESERVATION_TTL_MS, RESERVATION_TTL_MS_MAX } from "@leastwise/offers";
import { DAY_MS, MINUTE_MS } from "@leastwise/vocabulary";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

// What docs/offers.md says is held against the code.
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (name: string) => readFileSync(path.join(ROOT, name), "utf8");
const PAGE = read("docs/offers.md");

describe("docs/offers.md", () => {
  it("says the bounds that hold", () => {
    expect([RESERVATION_TTL_MS, RESERVATION_TTL_MS_MAX]).toEqual([15 * MINUTE_MS, 7 * DAY_MS]);
    expect(PAGE).toContain("15 minutes where nobody says, 1 ms to 7 days where somebody does");
    expect([ACTS_MAX, ORDERS_MAX]).toEqual([{ holds: 256, refunds: 1_024 }, 16]);
    expect(PAGE).toMatch(/up to 256 reservations, renewals and\s+releases, and 1,024 refunds/);
    expect(PAGE).toContain("At most 16 orders");
  });

  it("names reasons that there are", () => {
    const reasons = read("libs/offers/src/reasons.ts");
    const named = [...PAGE.matchAll(/\(`([a-z]+(?:_[a-z]+)+)`\)/g)].map(([, reason = ""]) => reason);
    expect(named.length).toBeGreaterThan(10);
    // A field of the call, not a reason.
    const unknown = named.filter(
      (reason) => !reasons.includes(`"${reason}"`) && !["ttl_ms", "order_id"].includes(reason),
    );
    expect(unknown).toEqual([]);
  });

  it("names tests that there are", () => {
    const tests = read("tests/conformance/promotion-semantics.test.ts");
    const rows = PAGE.slice(PAGE.indexOf("| expected ")).trim().split("\n").slice(2);
    const named = rows.map((row) => row.split("|")[2]?.trim() ?? "");
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !tests.includes(`it("${name}"`))).toEqual([]);
  });
});
