import { wire } from "@leastwise/contracts";
import { callUnary } from "@leastwise/rpc";
import { startCluster, type ClusterNode, type TestCluster } from "@leastwise/testkit";
import { DAY_MS } from "@leastwise/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import path from "node:path";
import { newFolder, startProgram, type Program } from "./program.js";
import { CART, eur, need, Shop } from "./shop.js";
import { until } from "./until.js";

// The kill switch on two scorers of one cluster, and scorers that do not hear from the broker that would tell them of it.

/** How long after `policy apply` has answered something new may still be given: what the design promises. */
const KILLED_WITHIN_MS = 1_000;

/** How long a call waits that should be given something, ms. One without a deadline has a scorer's own, and does not wait for a broker that hangs. */
const PATIENT = { timeoutMs: 15_000 };
const HASTY = {};

const data = newFolder();
const programs: Program[] = [];
let cluster: TestCluster;
let paused: ClusterNode | undefined;
let collector: Program;
let doors: readonly Shop[];

beforeAll(async () => {
  cluster = await startCluster({ brokers: 3 });
  // Whoever starts first makes the topics.
  collector = await start("collector", 0);
  const scorers = await Promise.all([start("scorer", 1), start("scorer", 2)]);
  doors = scorers.map(({ ports }) => new Shop({ ...ports, http: collector.ports.http! }, collector.ports.rpc));
}, 240_000);

afterAll(async () => {
  await paused?.resume();
  for (const door of (doors as readonly Shop[] | undefined) ?? []) door.close();
  await Promise.all(programs.map((program) => program.kill()));
  await (cluster as TestCluster | undefined)?.stop();
}, 60_000);

async function start(role: "collector" | "scorer", number: number): Promise<Program> {
  const program = await startProgram({
    args: [role],
    env: {
      LEASTWISE_LOG__ADAPTER: "kafka",
      LEASTWISE_LOG__BROKERS: cluster.brokers.join(","),
      LEASTWISE_LOG__REPLICATION_FACTOR: "3",
      LEASTWISE_SUBJECTS__KEY: "5e".repeat(32),
      LEASTWISE_CODES__KEY: "c0".repeat(32),
      LEASTWISE_SCORER__POLICY_UNSEEN_MS: "1000",
      LEASTWISE_DATA_DIRECTORY: path.join(data, `${role}-${number}`),
    },
  });
  programs.push(program);
  return program;
}

/** A policy under which everybody is owed a percentage, in every arm. */
function generous(version: string, killSwitch: boolean): wire.Policy {
  return wire.Policy.fromPartial({
    ...{ version, killSwitch, author: "journey", reason: "to be stopped", currency: "EUR" },
    segments: [{ name: "everyone", expression: "true" }],
    campaigns: [
      {
        ...{ campaignId: "welcome", kind: wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT, budgetId: "wide" },
        approach: { $case: "rules", value: { segment: "everyone" } },
        ladder: [{ incentive: { kind: { $case: "percentOff", value: { percentBp: 300, maximum: eur(1_000) } } } }],
        ...{ horizonMs: BigInt(7 * DAY_MS), offerTtlMs: BigInt(DAY_MS), stackingGroup: "checkout" },
        frequencyCaps: [{ offersMax: 4, periodMs: BigInt(7 * DAY_MS) }],
      },
    ],
    guardrails: {
      ...{ floorPriceBp: 5_000, maxDiscountBp: 3_000, marginFloorBp: 500, assumedMarginBp: 4_000 },
      ...{ perSubjectMax: eur(1_000_000), perSubjectPeriodMs: BigInt(30 * DAY_MS) },
    },
    stackingGroups: [{ name: "checkout" }],
    budgets: [{ budgetId: "wide", amount: eur(100_000_000) }],
    templates: [{ language: "en", placement: "checkout", text: "For {cohort}: {incentive}, until {expires}." }],
  });
}

async function apply(policy: wire.Policy): Promise<void> {
  const { policies } = doors[0]!;
  need(await callUnary(policies.applyPolicy.bind(policies), { policy }, { timeoutMs: 60_000 }));
}

type CallPatience = { readonly timeoutMs?: number };

let shoppers = 0;

/** Asks at every door for a few shoppers who were never there before; some are the one scorer's, some the other's. */
async function askNew(patience: CallPatience = PATIENT): Promise<readonly wire.DecideResponse[]> {
  const asked = doors.flatMap((door) => Array.from({ length: 6 }, () => ask(door, `new-${(shoppers += 1)}`, patience)));
  return Promise.all(asked);
}

async function ask(door: Shop, user: string, patience: CallPatience = PATIENT): Promise<wire.DecideResponse> {
  const request = {
    requestId: `${user}-${(shoppers += 1)}`,
    caller: "heartbeat",
    subject: { userId: user },
    cart: CART,
  };
  const whole = wire.DecideRequest.fromPartial(request);
  return need(await callUnary(door.decisions.decide.bind(door.decisions), whole, patience));
}

const isGranted = ({ offer }: wire.DecideResponse) => offer !== undefined;
const isUnseen = ({ degradedReason }: wire.DecideResponse) => degradedReason === "policy_unseen";

/** Resolves when every new shopper at every door is given something. */
const untilWhole = (what: string) =>
  until(async () => ((await askNew()).every(isGranted) ? true : undefined), what, 120_000);

/** Asks until twice the time is over in which something may be given, and tells when something was given that was asked for after it. */
async function givenTooLate(appliedMs: number): Promise<readonly number[]> {
  const late: number[] = [];
  for (let askedMs = appliedMs; askedMs - appliedMs < 2 * KILLED_WITHIN_MS;) {
    askedMs = performance.now();
    const given = (await askNew()).some(isGranted);
    if (given && askedMs - appliedMs > KILLED_WITHIN_MS) late.push(askedMs - appliedMs);
  }
  return late;
}

describe("the kill switch", () => {
  it("stops new offers on every scorer within a second, and those that were given are honoured", async () => {
    await apply(generous("generous-1", false));
    await untilWhole("a gift for everybody");
    const { offer } = await ask(doors[0]!, "regular");
    await apply(generous("stopped-1", true));
    expect(await givenTooLate(performance.now())).toEqual([]);
    for (const door of doors) expect((await ask(door, "regular")).offer?.code).toBe(offer?.code);
    await apply(generous("generous-2", false));
    await untilWhole("a gift for everybody again");
  }, 180_000);
});

describe("scorers that do not hear from the broker that leads the policy's topic", () => {
  it("give nothing new, say why, honour what stands, and are whole again", async () => {
    const { offer } = await ask(doors[0]!, "regular");
    expect(offer).toBeDefined();
    for (const topic of ["policy", "decisions", "owners"]) await cluster.inSync(topic);
    paused = await cluster.leaderOf("policy", 0);
    await paused.pause();
    const answers = await until(
      async () => {
        const seen = (await askNew(HASTY)).filter(isUnseen);
        return seen.length > 0 ? seen : undefined;
      },
      "answers that say policy_unseen",
      60_000,
    );
    expect(answers.filter(isGranted)).toEqual([]);
    for (const door of doors) expect((await ask(door, "regular", HASTY)).offer?.code).toBe(offer?.code);
    // Other brokers lead its partitions by now, and are asked.
    await untilWhole("a gift for everybody while the broker still hangs");
    await paused.resume();
    paused = undefined;
    await untilWhole("a gift for everybody after the pause");
  }, 300_000);
});
