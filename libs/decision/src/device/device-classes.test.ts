import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS } from "@leastwise/vocabulary";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { campaign, compiled, NOON } from "../given/store.js";
import type { Policy } from "../policy/policy.js";
import { deviceBundleOf } from "./device-bundle.js";
import { DeviceClasses, type Seen } from "./device-classes.js";
import { readDeviceBundle } from "./read-bundle.js";
import { compileSignalExpression } from "./signal-expressions.js";

const DEVICE = {
  signals: ["returns_to_cart", "seconds_on_page", "theme"],
  classes: [
    { name: "hesitant", expression: "local.returns_to_cart >= 2 && cart.value_minor > 5000" },
    { name: "night-owl", expression: "context.hour >= 22" },
    { name: "unused", expression: "true" },
  ],
  bundleTtlMs: 0,
};

const taking = (campaignId: string, classes: readonly string[], schedule: Policy["campaigns"][number]["schedule"]) =>
  campaign({ campaignId, approach: { kind: "on_device", classes }, ...(schedule && { schedule }) });

function policyWith(changes: Partial<Policy> = {}) {
  const until = { timeZone: "", weekly: [], endsAtMs: NOON + DAY_MS };
  const campaigns = [taking("a", ["hesitant"], until), taking("b", ["night-owl", "hesitant"], undefined)];
  return compiled({ device: DEVICE, campaigns, ...changes });
}

const SEEN: Seen = {
  signals: { returns_to_cart: 2, secret: "what the policy does not name" },
  cart: { value_minor: 9_000, units: 1, lines: 1, currency: "EUR", product_ids: ["shoe"], payment_method: null },
  context: { channel: "web", device: "mobile", country: null, region: null },
};

describe("a bundle", () => {
  it("has the classes that a campaign takes which is not over, in the policy's order, and runs out", () => {
    const bundle = deviceBundleOf(policyWith(), NOON + 1_234);
    expect(bundle).toEqual({
      policyVersion: compiled().version,
      issuedAtMs: NOON,
      expiresAtMs: NOON + DAY_MS,
      timeZone: "UTC",
      signals: DEVICE.signals,
      classes: DEVICE.classes.slice(0, 2),
    });
    const campaigns = [
      taking("a", ["hesitant"], { timeZone: "", weekly: [], startsAtMs: NOON - 5, endsAtMs: NOON + 1 }),
    ];
    const [hesitant] = deviceBundleOf(policyWith({ campaigns }), NOON)!.classes;
    expect(hesitant).toEqual({ ...DEVICE.classes[0], startsAtMs: NOON - 5, endsAtMs: NOON + 1 });
    expect(deviceBundleOf(policyWith({ campaigns }), NOON + HOUR_MS)!.classes).toEqual([]);
  });

  it("has nothing to propose under the kill switch, and is none where the policy says nothing of devices", () => {
    expect(deviceBundleOf(policyWith({ killSwitch: true }), NOON)!.classes).toEqual([]);
    expect(deviceBundleOf(compiled(), NOON)).toBeUndefined();
  });

  it("stays below 16 KiB however much a policy says", () => {
    const signals = Array.from({ length: 32 }, (_, i) => `s${String(i)}`.padEnd(64, "x"));
    const classes = Array.from({ length: 16 }, (_, i) => ({
      name: `c${String(i)}`.padEnd(64, "x"),
      expression: `cart.payment_method == "${"x".repeat(485)}"`,
    }));
    const campaigns = [
      taking(
        "a",
        classes.map(({ name }) => name),
        undefined,
      ),
    ];
    const policy = policyWith({ device: { signals, classes, bundleTtlMs: 0 }, campaigns });
    expect(JSON.stringify(deviceBundleOf(policy, NOON)).length).toBeLessThan(16 * 1_024);
  });
});

describe("a device", () => {
  const propose = (seen: Partial<Seen>, nowMs: number = NOON, policy = policyWith()) =>
    new DeviceClasses(deviceBundleOf(policy, NOON)!).propose({ ...SEEN, ...seen }, nowMs);

  it("proposes the first class that holds", () => {
    expect(propose({})).toBe("hesitant");
    expect(propose({}, NOON + 10 * HOUR_MS)).toBe("hesitant");
    expect(propose({ signals: {} }, NOON + 10 * HOUR_MS)).toBe("night-owl");
  });

  it("proposes nothing where none holds, a signal is not there or no number, or the bundle has run out", () => {
    expect(propose({ signals: { returns_to_cart: 1 } })).toBeUndefined();
    expect(propose({ signals: {} })).toBeUndefined();
    expect(propose({ signals: { returns_to_cart: Number.NaN } })).toBeUndefined();
    expect(propose({}, NOON + DAY_MS)).toBeUndefined();
  });

  it("sees no hour of its own: the policy's time zone tells it", () => {
    const policy = policyWith({ timeZone: "Pacific/Auckland" });
    expect(propose({ signals: {} }, NOON, policy)).toBeUndefined();
    expect(propose({ signals: {} }, NOON - 2 * HOUR_MS, policy)).toBe("night-owl");
  });

  it("leaves a class out that it cannot read, as of a later version", () => {
    const bundle = deviceBundleOf(policyWith(), NOON)!;
    const [first, ...others] = bundle.classes;
    const later = {
      ...bundle,
      classes: [{ ...first!, expression: "local.returns_to_cart.in_the_year_3000(" }, ...others],
    };
    expect(new DeviceClasses(later).propose(SEEN, NOON + 10 * HOUR_MS)).toBe("night-owl");
  });
});

describe("a bundle's JSON", () => {
  const json = {
    policy_version: "autumn-1",
    ...{ issued_at_ms: "1795435200000", expires_at_ms: "1795521600000", time_zone: "UTC" },
    signals: ["visits"],
    classes: [{ name: "hesitant", expression: "true", ends_at_ms: "1795435300000", later: "not known here" }],
  };

  it("is read", () => {
    expect(readDeviceBundle(json)).toEqual({
      ok: true,
      value: {
        policyVersion: "autumn-1",
        ...{ issuedAtMs: 1_795_435_200_000, expiresAtMs: 1_795_521_600_000, timeZone: "UTC" },
        signals: ["visits"],
        classes: [{ name: "hesitant", expression: "true", endsAtMs: 1_795_435_300_000 }],
      },
    });
  });

  it.each([
    ["", []],
    ["policy_version", { ...json, policy_version: 1 }],
    ["time_zone", { ...json, time_zone: "Mars/Base" }],
    ["issued_at_ms", { ...json, issued_at_ms: "soon" }],
    ["expires_at_ms", { ...json, expires_at_ms: undefined }],
    ["signals", { ...json, signals: [1] }],
    ["classes", { ...json, classes: {} }],
    ["classes[0]", { ...json, classes: [{ name: "a" }] }],
  ])("is refused where %p is not what it should be", (field, came) => {
    expect(readDeviceBundle(came)).toMatchObject({ ok: false, error: { reason: "wrong_type", field } });
  });
});

it("has() is false of a signal that is not there", () => {
  const compiled = compileSignalExpression("has(local.visits)", new Set(["visits"]));
  const cart = { value_minor: 1, units: 1, lines: 1, currency: "EUR", product_ids: [], payment_method: null };
  const context = { channel: null, device: null, country: null, region: null, hour: 1, weekday: 1 };
  const verdictOf = (visits: number | null) =>
    compiled.ok && compiled.value.evaluate({ local: { visits }, cart, context });
  expect([verdictOf(null), verdictOf(3)]).toEqual(["does_not_hold", "holds"]);
});

describe("what runs on a device", () => {
  it("needs no module of Node, and little of ours", () => {
    const reached = new Set<string>();
    reach(fileURLToPath(new URL("index.ts", import.meta.url)), reached);
    const names = [...reached].map((file) => path.relative(fileURLToPath(new URL("..", import.meta.url)), file)).sort();
    expect(names).toEqual([
      "device/device-classes.ts",
      "device/index.ts",
      "device/read-bundle.ts",
      "device/signal-expressions.ts",
      "policy/cel-cost.ts",
      "policy/cel.ts",
      "policy/civil-time.ts",
    ]);
  });
});

/** Follows a source's imports of values within the package; those of others may be of the two that run anywhere. */
function reach(file: string, reached: Set<string>): void {
  if (reached.has(file)) return;
  reached.add(file);
  for (const [, from = ""] of readFileSync(file, "utf8").matchAll(
    /^(?:import|export) (?!type )[^;]*? from "([^"]+)";/gm,
  )) {
    if (!from.startsWith(".")) expect(["@leastwise/vocabulary", "@marcbachmann/cel-js"]).toContain(from);
    else reach(path.resolve(path.dirname(file), from.replace(/\.js$/, ".ts")), reached);
  }
}
