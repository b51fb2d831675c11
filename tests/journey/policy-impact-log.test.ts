import { TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog, openKafkaLog, type EventLog } from "@leastwise/eventlog";
import { callUnary } from "@leastwise/rpc";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd, serve, type Program } from "./program.js";
import { eur, line, need, Shop } from "./shop.js";

// What a policy would have changed in what the shop itself decided, with the profiles, consent and catalog that it knew then.

const documentOf = (version: string, percent: number, segment: string): string => `version: ${version}
author: ada
reason: to be compared
currency: EUR
time_zone: Europe/Berlin
segments:
  - {name: everyone, expression: "true"}
  - {name: members, expression: profile.member == true}
  - {name: coats, expression: '"coats" in cart.categories'}
campaigns:
  - campaign_id: owed
    kind: entitlement
    rules: {segment: ${segment}}
    ladder: [{incentive: {percent_off: {percent: ${percent}%, maximum: 50.00}}}]
    budget_id: all
    offer_ttl: 24h
guardrails: {floor_price: 50%, max_discount: 30%, margin_floor: 0%, assumed_margin: 40%}
budgets: [{budget_id: all, amount: 1000}]
`;

jest.setTimeout(180_000);

let folder: string;

const fileOf = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};

async function policy(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { exit, stdout, stderr } = await runToEnd({ args: ["policy", ...args], env });
  return { code: exit.code, out: stdout.join("\n"), err: stderr.join("\n") };
}

const cartOf = (productId: string) => ({ lines: [line(productId, 1, 10_000)] });

/** Ada, a member, and ben buy under 5 % for everyone, ada with her code; then cy is asked for under 10 %. */
async function tradesOnce(program: Program): Promise<void> {
  const shop = new Shop(program.ports);
  const apply = async (file: string) => {
    const { code, err } = await policy(["apply", file, "--address", `localhost:${program.ports.rpc}`]);
    expect([code, err]).toEqual([0, "what shoppers were answered before stands until their episodes end"]);
  };
  try {
    need(await shop.putProducts({ productId: "coat", price: eur(10_000), category: "coats" }));
    need(await shop.putConsent("ada", wire.Purpose.PURPOSE_PERSONALIZATION, wire.Purpose.PURPOSE_PROFILE));
    const profile = wire.PutProfileRequest.fromPartial({ subject: { userId: "ada" }, profile: { member: true } });
    need(await callUnary(shop.subjects.putProfile.bind(shop.subjects), profile, { timeoutMs: 15_000 }));
    await apply(fileOf("old-1.yaml", documentOf("old-1", 5, "everyone")));
    const granted = need(await shop.decide({ subject: { userId: "ada" }, cart: cartOf("coat") }));
    expect(granted.offer?.faceValue?.minor).toBe(500n);
    need(await shop.decide({ subject: { userId: "ben" }, cart: cartOf("hat") }));
    const redemption = { orderId: "o-1", idempotencyKey: "k-1", code: granted.offer!.code };
    need(await shop.redeem({ subject: { userId: "ada" }, ...cartOf("coat"), ...redemption }));
    await apply(fileOf("old-2.yaml", documentOf("old-2", 10, "everyone")));
    need(await shop.decide({ subject: { userId: "cy" }, cart: cartOf("coat") }));
    await shop.sees("count() FROM decisions", 3);
  } finally {
    shop.close();
  }
}

/** Somebody else writes onto the topic. */
async function strangerWrites(log: EventLog): Promise<void> {
  const value = Buffer.from("not ours");
  await log.append([{ topic: TOPICS.decisions, partition: 1, value, timestampMs: Date.now() as Millis }]);
  await log.close();
}

const AS_DECIDED = {
  ...{ currency: "EUR", decisions: 3 },
  before: { policy_version: "as it was", offered: 3, issued: 3, used: { offers: 1, cost_minor: 500 } },
  after: { policy_version: "new-1", offered: 1, used: { offers: 1, cost_minor: 2_000 } },
  versions: [
    { version: "old-1", decisions: 2 },
    { version: "old-2", decisions: 1 },
  ],
  skipped: {},
  unreadable: { count: 1 },
};

async function saysWhatItWouldChange(given: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const next = fileOf("new.yaml", documentOf("new-1", 20, "members"));
  const page = path.join(folder, "impact.html");
  const { code, out, err } = await policy(["impact", next, "--log", ...given, "--json", "--html", page], env);
  expect([code, err]).toEqual([0, expect.stringContaining("decisions/1@")]);
  expect(JSON.parse(out)).toMatchObject(AS_DECIDED);
  expect(readFileSync(page, "utf8")).toContain("What would new-1 change in as it was?");
  const table = await policy(["impact", next, "--log", ...given], env);
  for (const words of ["3 carts", "as it was", "used by who bought anyhow", "members"])
    expect(table.out).toContain(words);
}

beforeAll(() => {
  folder = newFolder();
});

describe("leastwise policy impact over the embedded log", () => {
  let data: string;

  const impact = (...args: readonly string[]) =>
    policy(["impact", path.join(folder, "new.yaml"), "--log", "--data", data, ...args]);

  beforeAll(async () => {
    data = newFolder();
    const program = await serve(data);
    await tradesOnce(program);
    const busy = await impactWhileItServes();
    expect(busy).toMatchObject({ code: 1, err: expect.stringContaining("is in use by process") });
    await program.stop();
    await strangerWrites(await openEmbeddedLog({ directory: path.join(data, "log") }));
  });

  async function impactWhileItServes() {
    fileOf("new.yaml", documentOf("new-1", 20, "members"));
    return impact();
  }

  it("decides what was decided again, as it was and as it would be, with what the shop knew then", async () => {
    await saysWhatItWouldChange(["--data", data], {});
  });

  it("compares with another document, which was never in force", async () => {
    const coats = fileOf("coats.yaml", documentOf("coats-1", 10, "coats"));
    const { code, out } = await impact("--against", coats, "--json");
    expect([code, JSON.parse(out)]).toMatchObject([0, { before: { policy_version: "coats-1", offered: 2 } }]);
  });

  it.each([
    ["a period without decisions", ["--to", "2020-01-01"], "no decision of the period"],
    ["a period that ends before it begins", ["--from", "2026-02-01", "--to", "2026-01-01"], "expected a time after"],
    ["a time that is none", ["--from", "yesterday"], "--from: expected a date or a time such as"],
    ["a clickstream beside the log", ["--replay", "a.csv"], "--replay"],
    ["a folder without a log", ["--data", "/nonexistent/leastwise"], "holds no log"],
  ])("refuses %s, in words", async (_name, args, words) => {
    const { code, err } = await impact(...args);
    expect(code).not.toBe(0);
    expect(err).toContain(words);
    expect(err).not.toContain("    at ");
  });

  it("takes a period, whose end is not in it", async () => {
    const { code, out } = await impact("--from", "2020-01-01T00:00Z", "--to", "2100-01-01", "--json");
    expect([code, JSON.parse(out)]).toMatchObject([0, AS_DECIDED]);
  });

  it("changes nothing in the log", async () => {
    const bytes = () => readFileSync(path.join(data, "log", "data.mdb"));
    const [files, before] = [readdirSync(path.join(data, "log")), bytes()];
    expect((await impact("--json")).code).toBe(0);
    expect(readdirSync(path.join(data, "log"))).toEqual(files);
    expect(bytes().equals(before)).toBe(true);
  });

  it("wants a clickstream or the log", async () => {
    const { code, err } = await policy(["impact", path.join(folder, "new.yaml")]);
    expect([code, err]).toEqual([1, expect.stringContaining("expected --replay with a clickstream, or --log")]);
  });
});

describe("leastwise policy impact over a log in Kafka", () => {
  let broker: TestBroker;
  let program: Program;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    broker = await startBroker();
    const brokers = broker.brokers.join(",");
    env = {
      ...{ LEASTWISE_LOG__ADAPTER: "kafka", LEASTWISE_LOG__BROKERS: brokers, LEASTWISE_LOG__REPLICATION_FACTOR: "1" },
      ...{ LEASTWISE_SUBJECTS__KEY: "5e".repeat(32), LEASTWISE_CODES__KEY: "c0".repeat(32) },
    };
    program = await serve(newFolder(), env);
    await tradesOnce(program);
    await strangerWrites(await openKafkaLog({ brokers: broker.brokers, clientId: "stranger" }));
  });

  afterAll(async () => {
    await (program as Program | undefined)?.stop();
    await (broker as TestBroker | undefined)?.stop();
  });

  it("reads it while the services run", async () => {
    await saysWhatItWouldChange([], env);
  });
});
