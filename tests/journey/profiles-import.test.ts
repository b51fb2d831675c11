import { readPolicyDocument } from "@leastwise/policy";
import { callUnary } from "@leastwise/rpc";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { newFolder, runToEnd, serve, type Program } from "./program.js";
import { CART, need, RAW_MARK, Shop } from "./shop.js";
import { until } from "./until.js";

// The shop's customer records as a file, and what a checkout knows of its shoppers then.

jest.setTimeout(180_000);

const CALL = { timeoutMs: 15_000 };

const campaign = (name: string, priority: number) => `
  - campaign_id: ${name}
    kind: incentive
    rules: { segment: ${name} }
    priority: ${priority}
    ladder: [{ incentive: { percent_off: { percent: 10% } } }]
    experiment_id: everybody
    offer_ttl: 24h
    objective: { evidence: 0% }
    exploration: { floor: 0%, cold_start_decisions_per_rung: 0 }
    budget_id: ours`;

const DOCUMENT = `
version: customers-1
author: ada
reason: what the customer records say
currency: EUR
segments:
  - { name: gold, expression: 'profile.loyalty_tier == "gold"' }
  - { name: members, expression: profile.member == true }
  - { name: new-year, expression: 'profile.birthday == "01-01"' }
  - { name: cyclists, expression: '"cycling" in profile.tags && profile.attributes["city"] == "Ulm"' }
campaigns:${["gold", "members", "new-year", "cyclists"].map((name, place) => campaign(name, 4 - place)).join("")}
guardrails: { floor_price: 30%, max_discount: 70%, margin_floor: 5%, assumed_margin: 40% }
experiments: [{ experiment_id: everybody, salt: customers/1, holdout: 0% }]
budgets: [{ budget_id: ours, amount: 1000.00 }]
`;

const NAMES = ["gold", "member", "newyear", "cyclist", "silent"] as const;
const id = (name: (typeof NAMES)[number]) => `${RAW_MARK}-${name}`;

const FILE = [
  "user_id,loyalty_tier,member,birthday,tags,attributes.city,consent,consent_stated_at",
  `${id("gold")},gold,false,,,,personalization|profile,2026-01-01`,
  `${id("member")},,true,,,,personalization|profile,2026-01-01`,
  `${id("newyear")},,,1990-01-01,,,personalization|profile|learning,2026-01-01`,
  `${id("cyclist")},,,,cycling|"red" bikes,"Ulm",personalization|profile,2026-01-01`,
  `${id("silent")},gold,yes,,,,,`,
  `${id("gold")},gold,perhaps,,,"Neu,Ulm",personalization|profile,2026-01-01`,
  "",
].join("\n");

let program: Program;
let shop: Shop;
let file: string;
let asked = 0;

beforeAll(async () => {
  file = path.join(newFolder(), "customers.csv.gz");
  writeFileSync(file, gzipSync(FILE));
  program = await serve(newFolder());
  shop = new Shop(program.ports);
  const document = readPolicyDocument(DOCUMENT);
  if (!document.ok) throw new Error(JSON.stringify(document.error));
  need(await callUnary(shop.policies.applyPolicy.bind(shop.policies), { policy: document.value.policy }, CALL));
});

afterAll(async () => {
  shop.close();
  await program.stop();
});

async function imported(...args: readonly string[]) {
  const { exit, stdout, stderr } = await runToEnd({ args: ["profiles", "import", ...args] });
  return { code: exit.code, out: stdout.join("\n"), err: stderr.filter((line) => !/ rows,? .*\/s/.test(line)) };
}

const address = () => ["--address", `localhost:${program.ports.rpc}`];

async function campaignFor(name: (typeof NAMES)[number]): Promise<string | undefined> {
  const request = { requestId: `r-${(asked += 1)}`, subject: { userId: id(name) }, cart: CART };
  return need(await shop.decide(request)).offer?.campaignId;
}

describe("leastwise profiles import", () => {
  it("checks a file without asking anybody", async () => {
    expect(await imported(file, "--dry-run", "--json")).toMatchObject({
      code: 1,
      out: expect.stringContaining(`"rows":6,"profiles":5,"consents":4,"rejected":1,"dry_run":true`),
    });
  });

  it("keeps what is right, tells what is wrong, and the checkout knows its shoppers", async () => {
    const rejects = `${file}.rejects.csv`;
    expect(await imported(file, ...address(), "--rejects", rejects)).toEqual({
      code: 1,
      out: `${file}: 6 rows: 5 profiles and 4 consents sent, 1 row rejected`,
      err: [
        `${file}:7: member: expected true or false (or yes or no, 1 or 0), got "perhaps" (member_malformed)`,
        `leastwise: 1 row was not taken: ${rejects} has them, with what is wrong`,
      ],
    });
    await until(async () => ((await campaignFor("gold")) === undefined ? undefined : true), "the profiles are known");
    expect(await Promise.all(NAMES.map(campaignFor))).toEqual(["gold", "members", "new-year", "cyclists", undefined]);
    // Mended, the rejected row can be imported as it stands.
    writeFileSync(rejects, readFileSync(rejects, "utf8").replace("perhaps", "true"));
    expect(await imported(rejects, ...address())).toMatchObject({ code: 0, err: [] });
    const known = need(
      await callUnary(
        shop.subjects.getSubject.bind(shop.subjects),
        { subject: { userId: id("gold"), anonymousId: "" } },
        CALL,
      ),
    );
    expect(known.profile).toMatchObject({ member: true, attributes: { city: "Neu,Ulm" } });
  });

  it("says what is wrong with the header, the file, or the address", async () => {
    const wrong = path.join(newFolder(), "wrong.csv");
    writeFileSync(wrong, "user_id,loyality_tier\nada,gold\n");
    expect(await imported(wrong, "--dry-run")).toMatchObject({
      code: 1,
      err: [
        "leastwise: nothing was imported, as the header is wrong",
        expect.stringContaining("did you mean loyalty_tier?"),
      ],
    });
    expect(await imported(`${wrong}.none`, "--dry-run")).toMatchObject({
      code: 1,
      err: [expect.stringContaining("(file_not_found)")],
    });
    expect(await imported(file, "--address", "localhost:1")).toMatchObject({
      code: 1,
      err: expect.arrayContaining([expect.stringContaining("does a service run there? --address says where to ask")]),
    });
  });
});
