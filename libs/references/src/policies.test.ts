import { channelName, deviceName, TOPICS, wire } from "@leastwise/contracts";
import { EXPRESSION_FIELDS } from "@leastwise/decision";
import { MINUTE_MS } from "@leastwise/vocabulary";
import { FEATURES } from "@leastwise/windows";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { givenLog, NOON, put, takeBack, type GivenLog } from "./given/log.js";
import { withStrangers } from "./given/strangers.js";
import type { PassedOver } from "./passed-over.js";
import { compileProposed, compileWritten, followPolicies, type Policies } from "./policies.js";

let given: GivenLog;
let told: string[];
let passedOver: PassedOver[];
const followed: Policies[] = [];

beforeEach(async () => {
  given = await givenLog();
  told = [];
  passedOver = [];
});

afterEach(async () => {
  for (const policies of followed.splice(0)) await policies.stop();
  await given.end();
});

async function start(): Promise<Policies> {
  const policies = await followPolicies(given.log, {
    onInForce: ({ compiled }) => told.push(`in force ${compiled.version}`),
    onUnusable: (version) => told.push(`unusable ${version}`),
    onPassedOver: (one) => passedOver.push(one),
  });
  followed.push(policies);
  return policies;
}

/** The least that is a policy: nothing may be given. */
function policy(version: string, changes: wire.DeepPartial<wire.Policy> = {}): wire.Policy {
  return wire.Policy.fromPartial({
    ...{ version, author: "merchant", reason: "autumn", currency: "EUR", guardrails: {} },
    ...changes,
  });
}

async function apply(...policies: readonly wire.Policy[]): Promise<void> {
  const records = policies.map((one) => {
    const value = wire.PolicyRecord.encode({ policy: one, appliedAtMs: BigInt(NOON) }).finish();
    return put(TOPICS.policy, one.version, value);
  });
  await given.log.append(records);
}

/** With one campaign of free shipping. */
function withCampaign(changes: wire.DeepPartial<wire.Campaign>): wire.DeepPartial<wire.Policy> {
  return {
    experiments: [{ experimentId: "all", salt: "all/1" }],
    budgets: [{ budgetId: "all", amount: { minor: 100n, currency: "EUR" } }],
    segments: [{ name: "all", expression: "true" }],
    campaigns: [
      {
        ...{
          campaignId: "autumn",
          kind: wire.CampaignKind.CAMPAIGN_KIND_INCENTIVE,
          approach: { $case: "rules" as const, value: { segment: "all" } },
        },
        ladder: [{ incentive: { kind: { $case: "freeShipping" as const, value: {} } } }],
        ...{ experimentId: "all", budgetId: "all", offerTtlMs: BigInt(MINUTE_MS) },
        ...changes,
      },
    ],
  };
}

describe("a policy that is written", () => {
  it("is type-checked by what each feature can be, by its unit, and by the channels and devices that the contracts have", () => {
    const problemsOf = (expression: string) => {
      const compiled = compileProposed(policy("one", { segments: [{ name: "s", expression }] }));
      return compiled.ok ? [] : compiled.error.map(({ reason, textOffset }) => [reason, textOffset]);
    };
    const channels = Object.values(wire.Channel).flatMap((one) => channelName(one) ?? []);
    const devices = Object.values(wire.Device).flatMap((one) => deviceName(one) ?? []);
    expect(EXPRESSION_FIELDS.context.channel.type).toMatchObject({ values: channels });
    expect(EXPRESSION_FIELDS.context.device.type).toMatchObject({ values: devices });
    expect(problemsOf('features.last_channel == "app" && features.last_device in ["mobile", "tablet"]')).toEqual([]);
    expect(problemsOf('features.last_device == "phone"')).toEqual([["expression_out_of_range", 24]]);
    for (const { name, unit } of FEATURES) {
      expect(problemsOf(`features.${name} == 0.5`)).toHaveLength(unit === "minor" || unit === "ms" ? 0 : 1);
      expect(problemsOf(`features.${name} == 24`)).toHaveLength(unit === "hour" || unit === "flag" ? 1 : 0);
      expect(problemsOf(`"zero" != features.${name}`)).toEqual([["expression_type_mismatch", 0]]);
    }
  });

  it("is refused where a campaign of it is over, but for one that stops everything", () => {
    const over = withCampaign({ schedule: { endsAtMs: BigInt(NOON) } });
    const refused = compileProposed(policy("one", over), NOON);
    expect(refused).toMatchObject({ ok: false, error: [{ reason: "campaign_over" }] });
    expect(compileProposed(policy("one", { ...over, killSwitch: true }), NOON).ok).toBe(true);
  });

  it("is refused where it contradicts itself, and stays in force where it stands on the log", async () => {
    const kind = { $case: "percentOff" as const, value: { percentBp: 500 } };
    const changes = withCampaign({ ladder: [{ incentive: { kind } }] });
    const reason = "rung_never_admitted";
    expect(compileProposed(policy("one", changes))).toMatchObject({ ok: false, error: [{ reason }] });
    expect(compileProposed(policy("one", { ...changes, killSwitch: true })).ok).toBe(true);
    const policies = await start();
    await apply(policy("one", changes));
    await policies.appears("one");
    expect(told).toEqual(["in force one"]);
  });
});

/** Expressions that an earlier version put into force, and that are not taken from anybody who proposes them now. */
const EARLIER = [
  'profile.birthday == "24.12."',
  "context.hour >= 25",
  "features.purchases_30d == 1.5",
  'rfm.recency == "champion"',
  "cart.units + 2.5 == 3",
  "cart.units in [1, 2 * 1.5]",
  "1 < 2",
  "cart.units / 0 > 1",
];

describe("an expression that stands on the log", () => {
  it("keeps its policy in force where an earlier version let it pass, and its kill switch stays pulled", async () => {
    const one = policy("one", { segments: [{ name: "s", expression: "true" }] });
    const two = policy("two", { segments: [{ name: "s", expression: 'context.channel == "wbe"' }] });
    expect(compileProposed(two)).toMatchObject({ ok: false, error: [{ reason: "expression_out_of_range" }] });
    await apply(one, two, { ...two, version: "three", killSwitch: true });
    const policies = await start();
    expect(told).toEqual(["in force one", "in force two", "in force three"]);
    expect(policies.active()?.compiled).toMatchObject({ version: "three", killSwitch: true });
  });

  it.each(EARLIER)("compiles where it is %s, in a segment", (expression) => {
    const bounds = [1n, 2n, 3n, 4n];
    const rfm = { recencyMs: bounds, frequency: bounds, monetary: bounds.map((minor) => ({ minor, currency: "EUR" })) };
    const written = policy("one", { segments: [{ name: "s", expression }], rfm });
    expect(compileProposed(written).ok).toBe(false);
    expect(compileWritten(written)).toMatchObject({ ok: true });
    expect(compileProposed({ ...written, killSwitch: true })).toMatchObject({ ok: true });
  });

  it("compiles on a device as well", () => {
    for (const expression of ['context.channel == "wbe"', "1 < 2", "cart.units + 2.5 == 3"]) {
      const device = { signals: ["visits"], classes: [{ name: "a", expression }] };
      expect(compileProposed(policy("one", { device })).ok).toBe(false);
      expect(compileWritten(policy("one", { device }))).toMatchObject({ ok: true });
    }
  });
});

describe("the policies", () => {
  it("have none in force before the first", async () => {
    const policies = await start();
    expect(policies.active()).toBeUndefined();
    expect(policies.version("one")).toBeUndefined();
    expect(told).toEqual([]);
  });

  it("have the newest in force, and the older by their versions", async () => {
    await apply(policy("one"), policy("two", { killSwitch: true }));
    const policies = await start();
    expect(policies.active()?.compiled).toMatchObject({ version: "two", killSwitch: true });
    expect(policies.active()?.written.appliedAtMs).toBe(BigInt(NOON));
    expect(policies.version("one")?.compiled).toMatchObject({ version: "one", killSwitch: false });
    expect(told).toEqual(["in force one", "in force two"]);
  });

  it("take a version that is put into force later", async () => {
    await apply(policy("one"));
    const policies = await start();
    await apply(policy("two"));
    await policies.appears("two");
    expect(policies.active()?.compiled.version).toBe("two");
  });

  it("take an older version back into force when it is written again", async () => {
    await apply(policy("one"), policy("two"), policy("one"));
    expect((await start()).active()?.compiled.version).toBe("one");
  });

  it("say what budgets there are, in minor units", async () => {
    const budgets = [{ budgetId: "marketing", amount: { minor: 500n, currency: "EUR" }, shadowPriceBp: 100 }];
    await apply(policy("one", { budgets }));
    expect((await start()).active()?.compiled.budgets).toMatchObject([
      { budgetId: "marketing", amountMinor: 500, shadowPriceBp: 100 },
    ]);
  });

  it("know the features that the windows have", async () => {
    const expression = 'features.page_views_1h > 3.0 && features.last_channel == "app"';
    await apply(policy("one", { segments: [{ name: "busy", expression }] }));
    const compiled = (await start()).active()?.compiled;
    expect(compiled?.featureSlots.map(({ name }) => name)).toEqual(["page_views_1h"]);
    expect(compiled?.textFeatures).toEqual(["last_channel"]);
  });

  it.each<[string, wire.Policy]>([
    ["whose segment cannot be compiled", policy("bad", { segments: [{ name: "s", expression: "1 +" }] })],
    ["with an amount in no currency", policy("bad", { budgets: [{ amount: { minor: 1n, currency: "XYZ" } }] })],
    ["without guardrails", policy("bad", { guardrails: undefined })],
  ])("report one %s, and leave the one before in force", async (_, unusable) => {
    await apply(policy("good"), unusable);
    const policies = await start();
    expect(policies.active()?.compiled.version).toBe("good");
    expect(policies.version("bad")).toBeUndefined();
    expect(told).toEqual(["in force good", "unusable bad"]);
  });

  it("stop what is in force as long as the newest cannot be compiled and has its kill switch on", async () => {
    const policies = await start();
    const after = async (version: string, changes: wire.DeepPartial<wire.Policy>) => {
      await apply(policy(version, changes));
      await policies.reachesEnd(new AbortController().signal);
      return [policies.active()?.compiled.version, policies.active()?.isStopped ?? false];
    };
    const unusable = { segments: [{ name: "nobody", expression: "features.nonsense > 1" }] };
    expect(await after("bad-1", { ...unusable, killSwitch: true })).toEqual([undefined, false]);
    expect(await after("good-1", {})).toEqual(["good-1", false]);
    expect(await after("bad-2", { ...unusable, killSwitch: true })).toEqual(["good-1", true]);
    expect(await after("bad-3", unusable)).toEqual(["good-1", false]);
    expect(await after("bad-4", { ...unusable, killSwitch: true })).toEqual(["good-1", true]);
    expect(await after("good-1", {})).toEqual(["good-1", false]);
  });

  it("pass over a version that was taken back", async () => {
    await apply(policy("one"));
    await given.log.append([takeBack(TOPICS.policy, "two")]);
    expect((await start()).active()?.compiled.version).toBe("one");
  });
});

describe("whoever waits for a version", () => {
  it("goes on at once where it is or was in force", async () => {
    await apply(policy("one"), policy("two"));
    const policies = await start();
    await policies.appears("one");
    await policies.appears("two");
  });

  it("goes on when it comes, however many wait, and not at another", async () => {
    const policies = await start();
    const came: string[] = [];
    const all = ["a", "b"].map((name) => policies.appears("two").then(() => came.push(name)));
    await apply(policy("one"));
    await policies.appears("one");
    expect(came).toEqual([]);
    await apply(policy("two"));
    await Promise.all(all);
    expect(came).toEqual(["a", "b"]);
  });

  it("is not left waiting when nobody follows any more", async () => {
    const policies = await start();
    const waiting = policies.appears("never");
    await policies.stop();
    await waiting;
    expect(policies.version("never")).toBeUndefined();
  });

  it("waits for the version in force, not for its record: one that is unusable does not count", async () => {
    const policies = await start();
    let hasCome = false;
    void policies.appears("bad").then(() => (hasCome = true));
    await apply(
      policy("bad", { guardrails: { perSubjectPeriodMs: BigInt(MINUTE_MS), floorPriceBp: -1 } }),
      policy("good"),
    );
    await policies.appears("good");
    expect([hasCome, ...told]).toEqual([false, "unusable bad", "in force good"]);
  });
});

describe("what somebody else wrote onto the policies", () => {
  const written = (one: wire.Policy | undefined) =>
    wire.PolicyRecord.encode({ policy: one, appliedAtMs: BigInt(NOON) }).finish();

  it("is passed over, and it is said where it stands and what is wrong with it", async () => {
    await apply(policy("one"));
    await given.log.append([
      put(TOPICS.policy, "one", Buffer.from([0x0a, 0xff, 0xff])),
      put(TOPICS.policy, "one", written(undefined)),
      put(TOPICS.policy, "one", written(policy(""))),
      put(TOPICS.policy, "one", written(policy("two"))),
    ]);
    const policies = await start();
    expect(policies.active()?.compiled.version).toBe("one");
    expect(policies.version("two")).toBeUndefined();
    expect(told).toEqual(["in force one"]);
    expect(
      passedOver.map(({ topic, partition, offset, problem }) => [`${topic}/${partition}/${offset}`, problem]),
    ).toEqual([
      ["policy/0/1", "premature EOF"],
      ["policy/0/2", "policy is missing"],
      ["policy/0/3", "policy.version is missing"],
      ["policy/0/4", "its key is not its policy.version"],
    ]);
  });

  it("changes nothing, wherever it stands", async () => {
    const own = ["one", "two"].map((version) => put(TOPICS.policy, version, written(policy(version))));
    await fc.assert(
      fc.asyncProperty(withStrangers(TOPICS.policy, own, ["one", "two"]), async ({ records, strangers }) => {
        const mixed = await givenLog();
        await mixed.log.append(records);
        const heard: string[] = [];
        const followed = await followPolicies(mixed.log, {
          onInForce: ({ compiled }) => heard.push(compiled.version),
          onUnusable: (version) => heard.push(`unusable ${version}`),
          onPassedOver: () => (strangers -= 1),
        });
        const active = followed.active()?.compiled.version;
        await followed.stop();
        await mixed.end();
        expect([active, heard, strangers]).toEqual(["two", ["one", "two"], 0]);
      }),
      { numRuns: 25 },
    );
  });
});
