import { writeJson, wire } from "@leastwise/contracts";
import { deviceBundleOf, type DeviceBundle } from "@leastwise/decision";
import type { Policies } from "@leastwise/references";
import { err, ok, refusal, type Clock, type Refusal, type Result } from "@leastwise/vocabulary";
import { createPrivateKey, createPublicKey, sign, type KeyObject } from "node:crypto";

/** What comes before the 32 bytes of an Ed25519 seed in a private key's PKCS #8 form (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
/** Bytes of the public key, the last of its SubjectPublicKeyInfo form (RFC 8410, section 4). */
const PUBLIC_KEY_BYTES = 32;

export interface DeviceBundlesOptions {
  readonly policies: Pick<Policies, "active">;
  readonly clock: Clock;
  /** Seed of the Ed25519 key that bundles are signed with, 32 bytes. Absent: none are handed out. */
  readonly seed?: Uint8Array | undefined;
}

/** Bundles for devices, of the policy in force, signed. The same bytes for a minute. */
export class DeviceBundles {
  readonly #policies: DeviceBundlesOptions["policies"];
  readonly #clock: Clock;
  readonly #keys: { readonly own: KeyObject; readonly publicKey: Buffer } | undefined;
  #newest:
    { readonly version: string; readonly issuedAtMs: number; readonly signed: wire.SignedDeviceBundle } | undefined;

  constructor({ policies, clock, seed }: DeviceBundlesOptions) {
    this.#policies = policies;
    this.#clock = clock;
    this.#keys = seed === undefined ? undefined : keysOf(seed);
  }

  /** The one for now. Reasons: `no_policy`, `no_device_policy`, `bundle_key_missing`. */
  current(): Result<wire.SignedDeviceBundle, Refusal> {
    const active = this.#policies.active();
    if (active === undefined)
      return err(refusal("no_policy", "", "no policy", "a policy in force: put one with ApplyPolicy"));
    const bundle = deviceBundleOf(active.compiled, this.#clock.nowMs());
    if (bundle === undefined)
      return err(refusal("no_device_policy", "device", undefined, "a policy in force that has `device`"));
    const { policyVersion: version, issuedAtMs } = bundle;
    if (this.#newest?.version === version && this.#newest.issuedAtMs === issuedAtMs) return ok(this.#newest.signed);
    if (this.#keys === undefined)
      return err(
        refusal("bundle_key_missing", "devices.key", undefined, "a key in the configuration, or devices.key_file"),
      );
    const bytes = bytesOf(bundle);
    const signature = sign(null, bytes, this.#keys.own);
    const signed = { bundle: bytes, signature, publicKey: this.#keys.publicKey };
    this.#newest = { version, issuedAtMs, signed };
    return ok(signed);
  }
}

function keysOf(seed: Uint8Array): { readonly own: KeyObject; readonly publicKey: Buffer } {
  const own = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(own).export({ format: "der", type: "spki" });
  return { own, publicKey: spki.subarray(-PUBLIC_KEY_BYTES) };
}

function bytesOf({ issuedAtMs, expiresAtMs, classes, ...bundle }: DeviceBundle): Buffer {
  const message = wire.DeviceBundle.fromPartial({
    ...{ ...bundle, signals: [...bundle.signals] },
    ...{ issuedAtMs: BigInt(issuedAtMs), expiresAtMs: BigInt(expiresAtMs) },
    classes: classes.map(({ name, expression, startsAtMs, endsAtMs }) => ({
      ...{ name, expression },
      ...(startsAtMs !== undefined && { startsAtMs: BigInt(startsAtMs) }),
      ...(endsAtMs !== undefined && { endsAtMs: BigInt(endsAtMs) }),
    })),
  });
  return Buffer.from(JSON.stringify(writeJson("DeviceBundle", message)));
}
