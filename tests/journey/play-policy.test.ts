import { describe, expect, it } from "@jest/globals";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd } from "./program.js";

// `npm start -- --policy FILE`: a play under a document of the user's own.

const PLAY_MAX_MS = 120_000;

/** Everybody is owed something, nobody is held out. */
const OWED = `version: thanks-1
author: ada
reason: a small thank-you
currency: EUR
segments: [{ name: everyone, expression: "true" }]
campaigns:
  - campaign_id: thanks
    kind: entitlement
    rules: { segment: everyone }
    ladder: [{ incentive: { percent_off: { percent: 5% } } }]
    budget_id: all
    offer_ttl: 24h
guardrails: { max_discount: 10%, assumed_margin: 40% }
budgets: [{ budget_id: all, amount: 20000 }]
`;

/** Two campaigns name one experiment, one another. */
const HELD_OUT = OWED.replace("guardrails:", `${["a", "b", "c"].map(campaign).join("")}guardrails:`).replace(
  "budgets:",
  "experiments: [{ experiment_id: many, salt: m/1, holdout: 50% }, { experiment_id: few, salt: f/1, holdout: 5% }]\nbudgets:",
);

function campaign(id: string): string {
  return `  - campaign_id: ${id}
    kind: incentive
    rules: { segment: everyone }
    ladder: [{ incentive: { percent_off: { percent: 10% } } }]
    experiment_id: ${id === "a" ? "few" : "many"}
    budget_id: all
    offer_ttl: 24h
    objective: { evidence: 0% }
`;
}

function fileOf(text: string, name = "policy.yaml"): string {
  const file = path.join(newFolder(), name);
  writeFileSync(file, text);
  return file;
}

const play = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  data = path.join(newFolder(), "p"),
) => runToEnd({ args: ["play", "--once", "--data", data, ...args], env }, PLAY_MAX_MS);

const SMALL = ["--shoppers", "60", "--days", "3"];

describe("a play under a policy of one's own", () => {
  it(
    "is in the document's currency, names its version, and says in words that nobody was held out",
    async () => {
      const { exit, stdout } = await play(["--policy", fileOf(OWED), ...SMALL]);
      expect(exit.code).toBe(0);
      const table = stdout.join("\n");
      expect(table).toMatch(/^policy +thanks-1$/m);
      expect(table).toMatch(/^ {2}thanks +entitlement +[1-9]\d* +0 +[\d.]+ EUR$/m);
      expect(table).toContain("lift: no campaign of the policy names an experiment, so nobody was held out");
    },
    PLAY_MAX_MS,
  );

  it(
    "tells the lift of the experiment that most campaigns name",
    async () => {
      const { stdout } = await play(["--policy", fileOf(HELD_OUT), ...SMALL, "--json"]);
      expect(JSON.parse(stdout[0]!)).toMatchObject({
        policy_version: "thanks-1",
        currency: "EUR",
        source: { assortment: "general" },
        lift: { question: { experiment: "many", currency: "EUR" } },
      });
    },
    PLAY_MAX_MS,
  );

  it(
    "asks it at every cart of a clickstream, and issues nothing",
    async () => {
      const goods = { product_id: "p-1", unit_price: { minor: 4_000, currency: "EUR" }, quantity: 1 };
      const at = { occurred_at_ms: Date.UTC(2026, 2, 1, 12), user_id: "u-1", product: goods };
      const events = fileOf(`${JSON.stringify({ event_id: "e-1", kind: "cart_add", ...at })}\n`, "events.ndjson");
      const { stdout } = await play(["--policy", fileOf(OWED), "--replay", events, "--json"]);
      expect(JSON.parse(stdout[0]!)).toMatchObject({
        mode: "replay",
        policy_version: "thanks-1",
        decisions: { answered: 1 },
        spend: { held_minor: 0 },
        lift: null,
      });
    },
    PLAY_MAX_MS,
  );
});

describe("a policy that cannot be played under", () => {
  it.each([
    [
      "is wrong in several places: each line is said",
      OWED.replace("offer_ttl", "offer_tll").replace("max_discount: 10%", "max_discount: 10"),
      [
        /policy\.yaml:12:5: campaigns\[0\]\.offer_tll: .*did you mean offer_ttl\?/,
        /policy\.yaml:13:29: guardrails\.max_discount_bp: expected a percentage .*, got 10 /,
      ],
    ],
    [
      "has a campaign that is over before the play begins",
      OWED.replace("    budget_id", "    schedule: { ends: 2025-12-24 }\n    budget_id"),
      [/policy\.yaml:11:\d+: campaigns\[0\]\.schedule/],
    ],
  ])("%s, before anything is started", async (_, document, words) => {
    const data = path.join(newFolder(), "p");
    const { exit, stdout, stderr } = await play(["--policy", fileOf(document)], {}, data);
    expect([exit.code, stdout, existsSync(data)]).toEqual([1, [], false]);
    const said = stderr.join("\n");
    expect(words.filter((pattern) => !pattern.test(said)).map((pattern) => `${String(pattern)}: ${said}`)).toEqual([]);
    expect(said).not.toMatch(/starting everything|^\s+at /m);
  });

  it(
    "is not there, is standard input, or is in another currency than configuration or file",
    async () => {
      const goods = { product_id: "p-1", unit_price: { minor: 4_000, currency: "USD" }, quantity: 1 };
      const at = { occurred_at_ms: Date.UTC(2026, 2, 1, 12), user_id: "u-1", product: goods };
      const events = fileOf(`${JSON.stringify({ event_id: "e-1", kind: "cart_add", ...at })}\n`, "events.ndjson");
      const policy = fileOf(OWED);
      const said = [];
      for (const [args, env] of [
        [["--policy", "/no/such.yaml"], {}],
        [["--policy", "-"], {}],
        [["--policy", policy], { LEASTWISE_CURRENCY: "USD" }],
        [["--policy", policy, "--replay", events], {}],
        [["--assortment", "toys"], {}],
      ] as const) {
        const { exit, stderr } = await play(args, env);
        said.push(`${exit.code} ${stderr.join("\n")}`);
      }
      expect(said).toEqual([
        expect.stringMatching(/^1 .*\/no\/such\.yaml cannot be read/s),
        expect.stringMatching(/^1 .*--policy: expected the name of a file, got -/s),
        expect.stringMatching(/^1 .*thanks-1 is in EUR, and the configuration says currency USD/s),
        expect.stringMatching(/^1 .*thanks-1 is in EUR, and the file's first price in USD/s),
        expect.stringMatching(/^1 .*Allowed choices are general, grocery, electronics, fashion/s),
      ]);
    },
    PLAY_MAX_MS,
  );
});
