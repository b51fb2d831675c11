import { DAY_MS, HOUR_MS, MINUTE_MS } from "@leastwise/vocabulary";
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd } from "./program.js";

// What a policy would have changed on a clickstream, asked by a marketer before it is applied.

const NOON = Date.UTC(2026, 10, 23, 12);

const documentOf = (version: string, percent: number, segment: string): string => `version: ${version}
author: ada
reason: to be compared
currency: EUR
segments:
  - {name: everyone, expression: "true"}
  - {name: regulars, expression: features.purchases_30d >= 1}
campaigns:
  - campaign_id: owed
    kind: entitlement
    rules: {segment: ${segment}}
    ladder: [{incentive: {percent_off: {percent: ${percent}%, maximum: 50.00}}}]
    budget_id: all
    offer_ttl: 1h
guardrails: {floor_price: 50%, max_discount: 30%, margin_floor: 0%, assumed_margin: 40%}
budgets: [{budget_id: all, amount: 1000}]
`;

/** One event a line, as the collector takes them. */
function clickstream(currency = "EUR"): string {
  const product = { product_id: "coat", unit_price: { minor: "10000", currency }, quantity: "1" };
  const lines = [{ product_id: "coat", unit_price: { minor: "10000", currency }, quantity: "1" }];
  const visit = (user_id: string, atMs: number) => [
    { kind: "EVENT_KIND_CART_ADD", user_id, occurred_at_ms: String(atMs), event_id: `${user_id}-${atMs}-a`, product },
    {
      ...{
        kind: "EVENT_KIND_PURCHASE",
        user_id,
        occurred_at_ms: String(atMs + MINUTE_MS),
        event_id: `${user_id}-${atMs}-b`,
      },
      order: { order_id: `${user_id}-${atMs}`, lines },
    },
  ];
  const events = [...visit("ada", NOON), ...visit("ben", NOON + HOUR_MS), ...visit("ada", NOON + DAY_MS)];
  return events.map((event) => JSON.stringify(event)).join("\n");
}

// Each command is a process of its own, and a machine at work on other tests takes seconds to begin one.
jest.setTimeout(120_000);

let folder: string;

const fileOf = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};

async function impact(...args: readonly string[]) {
  const { exit, stdout, stderr } = await runToEnd({ args: ["policy", "impact", ...args] });
  return { code: exit.code, out: stdout.join("\n"), err: stderr.join("\n") };
}

beforeAll(() => {
  folder = newFolder();
});

describe("leastwise policy impact", () => {
  it("says what would be decided otherwise, for whom, and what it may cost", async () => {
    const [old, next] = [documentOf("old-1", 5, "everyone"), documentOf("new-1", 10, "regulars")];
    const [before, after] = [fileOf("old.yaml", old), fileOf("new.yaml", next)];
    const page = path.join(folder, "impact.html");
    const replay = fileOf("events.ndjson", clickstream());
    const ask = [after, "--against", before, "--replay", replay, "--format", "leastwise"];
    const json = await impact(...ask, "--json", "--html", page);
    expect([json.code, json.err.includes("The page is")]).toEqual([0, true]);
    expect(JSON.parse(json.out)).toMatchObject({
      ...{ currency: "EUR", decisions: 3 },
      before: { policy_version: "old-1", offered: 3, issued: 3, used: { offers: 3, cost_minor: 1_500 } },
      after: {
        ...{ policy_version: "new-1", offered: 1, used: { offers: 1, cost_minor: 1_000 } },
        kinds: [{ kind: "percent_off", depth_from_percent: 10, decisions: 1, face_value_minor: 1_000 }],
      },
      segments: [
        { segment: "", decisions: 3, gain: 1, lose: 2, face_value_change_minor: -500 },
        { segment: "regulars", decisions: 1, gain: 1, lose: 0, face_value_change_minor: 500 },
        { segment: "everyone", decisions: 3, gain: 1, lose: 2, face_value_change_minor: -500 },
      ].sort((a, b) => (a.segment === "" ? -1 : b.segment === "" ? 1 : a.segment < b.segment ? -1 : 1)),
    });
    const table = await impact(...ask);
    for (const words of ["3 carts", "offers issued", "percent_off 10–15 %", "regulars", "what this does not tell"])
      expect(table.out).toContain(words);
    const html = readFileSync(page, "utf8");
    expect(html).toContain("What would new-1 change in old-1?");
    expect(html).not.toMatch(/<(script|link|img)/);
  });

  it("says which rows of the file were left out, and why", async () => {
    const after = fileOf("new.yaml", documentOf("new-1", 10, "everyone"));
    const wrong = '{"event_id":"x","kind":"cart_add","occurred_at_ms":1790000002000,"user_id":"u","quantity":1}\n';
    const ask = (rows: string) =>
      impact(after, "--against", after, "--replay", fileOf("events.ndjson", rows), "--json");
    const some = await ask(`${clickstream()}\n${wrong}`);
    expect(some.err).toContain("refused: unknown_field: 1");
    expect(JSON.parse(some.out)).toMatchObject({ decisions: 3, file: { "refused: unknown_field": 1 } });
    const none = await ask(wrong);
    expect(none.code).not.toBe(0);
    expect(none.err).toContain("has no cart that could be asked for (refused: unknown_field: 1)");
  });

  it("without consent looks at no features", async () => {
    const before = fileOf("old.yaml", documentOf("old-1", 5, "everyone"));
    const after = fileOf("new.yaml", documentOf("new-1", 10, "regulars"));
    const replay = fileOf("events.ndjson", clickstream());
    const { code, out } = await impact(after, "--against", before, "--replay", replay, "--consent", "nobody", "--json");
    expect([code, JSON.parse(out)]).toMatchObject([0, { after: { offered: 0 }, before: { offered: 3 } }]);
  });

  it.each([
    ["a file that is not there", () => ["--replay", "nowhere.csv"], "nowhere.csv"],
    ["a file in another currency", () => ["--replay", fileOf("usd.ndjson", clickstream("USD"))], "first price in USD"],
    [
      "a page that cannot be written",
      () => ["--replay", fileOf("e.ndjson", clickstream()), "--html", "/no/such/folder/a.html"],
      "--html",
    ],
    [
      "a service that is not there",
      () => ["--replay", fileOf("e.ndjson", clickstream()), "--address", "localhost:1"],
      "localhost:1",
    ],
  ])("refuses %s, in words", async (_name, args, words) => {
    const document = fileOf("new.yaml", documentOf("new-1", 10, "everyone"));
    const given = args();
    const against = given.includes("--address")
      ? []
      : ["--against", fileOf("old.yaml", documentOf("old-1", 5, "everyone"))];
    const { code, err } = await impact(document, ...against, ...given);
    expect(code).not.toBe(0);
    expect(err).toContain(words);
    expect(err).not.toContain("    at ");
  });

  it("says where a document is wrong, and decides nothing", async () => {
    const wrong = fileOf("wrong.yaml", documentOf("new-1", 10, "everybody"));
    const { code, err } = await impact(wrong, "--against", wrong, "--replay", fileOf("e.ndjson", clickstream()));
    expect(code).not.toBe(0);
    expect(err).toContain("campaigns[0].rules.segment");
  });
});
