import { DeviceBundles } from "@leastwise/collector";
import { readPolicy, wire } from "@leastwise/contracts";
import { compilePolicy } from "@leastwise/decision";
import { DeviceClasses, readDeviceBundle, type Seen } from "@leastwise/decision/device";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import { createPublicKey, verify } from "node:crypto";
import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";

const NOON = Date.UTC(2026, 10, 23, 12);
const CLASSES = 16;
const SIGNALS = ["visits", "returns_to_cart", "seconds_on_page", "theme"];
const PROPOSALS = 10_000;
const OPENINGS = 100;
/** What comes before the 32 bytes of an Ed25519 public key in its SubjectPublicKeyInfo form (RFC 8410, section 4). */
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");

const SEEN: Seen = {
  signals: { visits: 2, returns_to_cart: 1, seconds_on_page: 75, theme: "dark" },
  cart: {
    value_minor: 9_000,
    units: 3,
    lines: 2,
    currency: "EUR",
    product_ids: ["shoe", "sock"],
    payment_method: null,
  },
  context: { channel: "web", device: "mobile", country: "DE", region: null },
};

/** What personalization costs a device: a bundle of 16 classes, opened, and asked for the class to propose, none of which holds. */
export const deviceBench: Bench = {
  name: "device",
  summary: `a bundle of ${CLASSES} classes on a device: bytes, opening it, and finding the class to propose`,
  async run({ seconds, say }): Promise<Figures> {
    const signed = signedBundle();
    const propose = proposing(signed);
    const { a, b } = await inTurnFor(
      seconds,
      () => Promise.resolve(microsecondsEach(OPENINGS, () => opening(signed))),
      () => Promise.resolve(microsecondsEach(PROPOSALS, propose)),
    );
    const [openUs, proposeUs] = [spreadOf(a), spreadOf(b)];
    say(`${CLASSES} classes: ${signed.bundle.length} bytes, signed`);
    say(`opened, signature and expressions checked: ${inWords(openUs, 0)} µs`);
    say(`all ${CLASSES} classes asked: ${inWords(proposeUs, 2)} µs`);
    return {
      bundle_bytes: signed.bundle.length,
      ...figuresOf("open_us", openUs),
      ...figuresOf("propose_us", proposeUs),
    };
  },
};

function microsecondsEach(times: number, run: () => unknown): number {
  const startedMs = performance.now();
  for (let i = 0; i < times; i += 1) run();
  return ((performance.now() - startedMs) * 1_000) / times;
}

function opening({ bundle, signature, publicKey }: wire.SignedDeviceBundle): DeviceClasses {
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, publicKey]), format: "der", type: "spki" });
  if (!verify(null, bundle, key, signature)) throw new Error("the bundle is not signed by its key");
  const read = readDeviceBundle(JSON.parse(bundle.toString()));
  if (!read.ok) throw new Error(`the bundle cannot be read: ${read.error.field}`);
  return new DeviceClasses(read.value);
}

function proposing(signed: wire.SignedDeviceBundle): () => void {
  const classes = opening(signed);
  return () => {
    if (classes.propose(SEEN, NOON) !== undefined) throw new Error("a class holds that must not");
  };
}

function signedBundle(): wire.SignedDeviceBundle {
  const names = Array.from({ length: CLASSES }, (_, i) => `class-${i}`);
  const policy = wire.Policy.fromPartial({
    ...{ version: "bench", author: "bench", reason: "devices", currency: "EUR" },
    device: {
      signals: SIGNALS,
      classes: names.map((name, i) => ({
        name,
        expression: `local.visits > ${i + 2} && local.seconds_on_page / 60 < 3.5 || local.theme == "none-${i}" && cart.value_minor > 5000`,
      })),
    },
    campaigns: [
      {
        ...{ campaignId: "nudge", kind: wire.CampaignKind.CAMPAIGN_KIND_ENTITLEMENT, budgetId: "all" },
        approach: { $case: "onDevice", value: { classes: names } },
        ladder: [{ incentive: { kind: { $case: "percentOff", value: { percentBp: 300 } } } }],
        offerTtlMs: BigInt(DAY_MS),
      },
    ],
    guardrails: { maxDiscountBp: 3_000 },
    budgets: [{ budgetId: "all", amount: { minor: 100_000n, currency: "EUR" } }],
  });
  const read = readPolicy(policy);
  const compiled = read.ok ? compilePolicy(read.value, { names: [] }) : read;
  if (!compiled.ok) throw new Error(`the bench's policy is refused: ${JSON.stringify(compiled.error)}`);
  const active = { compiled: compiled.value, written: wire.PolicyRecord.fromPartial({ policy }) };
  const bundles = new DeviceBundles({
    policies: { active: () => active },
    clock: { nowMs: () => NOON as Millis },
    seed: Buffer.alloc(32, 7),
  });
  const current = bundles.current();
  if (!current.ok) throw new Error(`no bundle: ${current.error.reason}`);
  return current.value;
}
