import { readJson, wire } from "@leastwise/contracts";
import { DeviceClasses, readDeviceBundle, type Seen } from "@leastwise/decision/device";
import { callUnary } from "@leastwise/rpc";
import { DAY_MS } from "@leastwise/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createPublicKey, createPrivateKey, webcrypto } from "node:crypto";
import { newFolder, serve, type Program } from "./program.js";
import { CART, eur, need, Shop } from "./shop.js";
import { until } from "./until.js";

// A browser that finds out by itself what it proposes: the server sees the name of a class, and none of what the browser saw.

const SEED = "7d".repeat(32);

let program: Program;
let shop: Shop;

beforeAll(async () => {
  program = await serve(newFolder(), { LEASTWISE_DEVICES__KEY: SEED });
  shop = new Shop(program.ports);
}, 60_000);

afterAll(async () => {
  shop.close();
  await program.stop();
}, 60_000);

const policy = (version: string, killSwitch: boolean) =>
  wire.Policy.fromPartial({
    ...{ version, killSwitch, author: "journey", reason: "on devices", currency: "EUR" },
    device: {
      signals: ["returns_to_cart", "seconds_on_page"],
      classes: [{ name: "hesitant", expression: "local.returns_to_cart >= 2 && local.seconds_on_page > 90" }],
    },
    campaigns: [
      {
        ...{ campaignId: "nudge", kind: wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT, budgetId: "wide" },
        approach: { $case: "onDevice", value: { classes: ["hesitant"] } },
        ladder: [{ incentive: { kind: { $case: "percentOff", value: { percentBp: 300, maximum: eur(1_000) } } } }],
        ...{ horizonMs: BigInt(7 * DAY_MS), offerTtlMs: BigInt(DAY_MS) },
      },
    ],
    guardrails: { floorPriceBp: 5_000, maxDiscountBp: 3_000, marginFloorBp: 500, assumedMarginBp: 4_000 },
    budgets: [{ budgetId: "wide", amount: eur(100_000_000) }],
    templates: [{ language: "en", placement: "checkout", text: "For {cohort}: {incentive}, until {expires}." }],
  });

async function apply(version: string, killSwitch: boolean): Promise<void> {
  const { policies } = shop;
  need(
    await callUnary(
      policies.applyPolicy.bind(policies),
      { policy: policy(version, killSwitch) },
      { timeoutMs: 15_000 },
    ),
  );
}

/** What a browser does: gets the bundle, checks it by the key that it was built with, and reads it. */
async function fetchBundle(): Promise<{ readonly classes: DeviceClasses; readonly version: string }> {
  const response = await fetch(`http://127.0.0.1:${String(shop.ports.http)}/v1/device-bundle`);
  expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
  const signed = readJson("SignedDeviceBundle", await response.json());
  if (!signed.ok) throw new Error(signed.error.reason);
  const { bundle, signature } = signed.value;
  const key = await webcrypto.subtle.importKey("raw", publicKey(), "Ed25519", false, ["verify"]);
  expect(await webcrypto.subtle.verify("Ed25519", key, signature, bundle)).toBe(true);
  const read = readDeviceBundle(JSON.parse(bundle.toString()));
  if (!read.ok) throw new Error(read.error.field);
  return { classes: new DeviceClasses(read.value), version: read.value.policyVersion };
}

function publicKey(): Buffer {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.from(SEED, "hex")]);
  const own = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return createPublicKey(own).export({ format: "der", type: "spki" }).subarray(-32);
}

const seen = (signals: Seen["signals"]): Seen => ({
  signals,
  cart: { value_minor: 10_000, units: 1, lines: 1, currency: "EUR", product_ids: ["coat"], payment_method: null },
  context: { channel: "web", device: "mobile", country: null, region: null },
});

async function decide(userId: string, proposedClass: string): Promise<wire.DecideResponse> {
  return need(await shop.decide({ requestId: userId, subject: { userId }, cart: CART, proposedClass }));
}

async function consenting(userId: string): Promise<string> {
  need(await shop.putConsent(userId, wire.Purpose.PURPOSE_PERSONALIZATION, wire.Purpose.PURPOSE_DEVICE));
  return userId;
}

describe("personalization on the device", () => {
  it("gives what a class is for to whom the device proposes it, with consent, and tells the server nothing else", async () => {
    await apply("devices-1", false);
    const { classes } = await fetchBundle();
    const hesitant = classes.propose(seen({ returns_to_cart: 3, seconds_on_page: 240 }), Date.now());
    expect(hesitant).toBe("hesitant");
    expect(classes.propose(seen({ returns_to_cart: 1, seconds_on_page: 240 }), Date.now())).toBeUndefined();
    const given = await until(async () => {
      const answer = await decide(await consenting(`zebra-${performance.now()}`), hesitant ?? "");
      return answer.offer === undefined ? undefined : answer;
    }, "an offer for the hesitant");
    expect(given).toMatchObject({ personalDataUsed: true, policyVersion: "devices-1" });
    const others = [
      await decide(await consenting("zebra-b"), ""),
      await decide(await consenting("zebra-c"), "older-bundle"),
    ];
    const silent = await decide("zebra-without-consent", "hesitant");
    for (const { offer, freshness } of [...others, silent])
      expect([offer, freshness]).toEqual([undefined, wire.Freshness.FRESHNESS_FRESH]);
    const explained = need(
      await callUnary(
        shop.decisions.explain.bind(shop.decisions),
        { decisionId: given.decisionId, language: "" },
        { timeoutMs: 15_000 },
      ),
    );
    expect(explained.record?.proposedClass).toBe("hesitant");
  }, 60_000);

  it("wins nothing over the kill switch, whatever bundle a device still has", async () => {
    await apply("devices-2", true);
    const { classes, version } = await until(async () => {
      const bundle = await fetchBundle();
      return bundle.version === "devices-2" ? bundle : undefined;
    }, "the bundle of the new version");
    expect(version).toBe("devices-2");
    expect(classes.propose(seen({ returns_to_cart: 3, seconds_on_page: 240 }), Date.now())).toBeUndefined();
    const userId = await consenting("zebra-late");
    await until(async () => {
      const answer = await decide(`${userId}-${performance.now()}`, "hesitant");
      return answer.policyVersion === "devices-2" ? answer : undefined;
    }, "a decision under the new version");
    expect((await decide(userId, "hesitant")).offer).toBeUndefined();
  }, 60_000);

  it("refuses a name that is too long", async () => {
    const refused = await shop.decide({ subject: { userId: "zebra-x" }, cart: CART, proposedClass: "x".repeat(65) });
    expect(refused).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT", field: "proposed_class" } });
  });
});
