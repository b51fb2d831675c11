import { readPolicy, wire } from "@leastwise/contracts";
import { compilePolicy, type CompiledPolicy } from "@leastwise/decision";
import { readDeviceBundle } from "@leastwise/decision/device";
import type { PolicyInForce } from "@leastwise/references";
import { MINUTE_MS, type Millis } from "@leastwise/vocabulary";
import { describe, expect, it } from "@jest/globals";
import { webcrypto } from "node:crypto";
import { DeviceBundles } from "./device-bundles.js";

const NOON = Date.UTC(2026, 10, 23, 12);
/** The first test vector of RFC 8032, section 7.1. */
const SEED = Buffer.from("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "hex");
const PUBLIC_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

function policyInForce(device: boolean): PolicyInForce {
  const policy = wire.Policy.fromPartial({
    ...{ version: "one", author: "merchant", reason: "autumn", currency: "EUR", guardrails: {} },
    ...(device && { device: { signals: ["visits"], classes: [{ name: "hesitant", expression: "local.visits > 2" }] } }),
  });
  return { compiled: compiledOf(policy), written: wire.PolicyRecord.fromPartial({ policy }) };
}

function compiledOf(policy: wire.Policy): CompiledPolicy {
  const read = readPolicy(policy);
  const compiled = read.ok ? compilePolicy(read.value, { names: [] }) : read;
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

function bundles(active: PolicyInForce | undefined, seed?: Uint8Array) {
  let nowMs = NOON;
  const made = new DeviceBundles({
    policies: { active: () => active },
    clock: { nowMs: () => nowMs as Millis },
    seed,
  });
  return { current: () => made.current(), pass: (ms: number) => void (nowMs += ms) };
}

describe("bundles for devices", () => {
  it("are signed with the configured key, as a browser can check", async () => {
    const current = bundles(policyInForce(true), SEED).current();
    if (!current.ok) throw new Error(current.error.reason);
    const { bundle, signature, publicKey } = current.value;
    expect(publicKey.toString("hex")).toBe(PUBLIC_KEY);
    const key = await webcrypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    expect(await webcrypto.subtle.verify("Ed25519", key, signature, bundle)).toBe(true);
    const forged = Buffer.from(bundle.toString().replace("one", "two"));
    expect(await webcrypto.subtle.verify("Ed25519", key, signature, forged)).toBe(false);
    expect(readDeviceBundle(JSON.parse(bundle.toString()))).toMatchObject({
      ok: true,
      value: { policyVersion: "one", issuedAtMs: NOON, signals: ["visits"], classes: [] },
    });
  });

  it("are the same bytes for a minute", () => {
    const { current, pass } = bundles(policyInForce(true), SEED);
    const first = current();
    pass(MINUTE_MS - 1);
    expect(current()).toEqual(first);
    pass(1);
    expect(current()).not.toEqual(first);
  });

  it.each([
    ["no_policy", undefined, SEED],
    ["no_device_policy", policyInForce(false), SEED],
    ["bundle_key_missing", policyInForce(true), undefined],
  ])("are not given, with the reason %s", (reason, active, seed) => {
    expect(bundles(active, seed).current()).toMatchObject({ ok: false, error: { reason } });
  });
});
