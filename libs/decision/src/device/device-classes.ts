import { CivilClock } from "../policy/civil-time.js";
import type { BundledClass, DeviceBundle } from "./device-bundle.js";
import {
  compileSignalExpression,
  type SignalContext,
  type SignalExpression,
  type Signals,
} from "./signal-expressions.js";

/** What a device knows at the moment it proposes. */
export interface Seen {
  readonly signals: Signals;
  readonly cart: SignalContext["cart"];
  /** Null what is not known. */
  readonly context: Omit<SignalContext["context"], "hour" | "weekday">;
}

/**
 * The classes of a bundle, ready to be asked, on the device: of what it sees nothing but the name of a class leaves it. Whoever opens a bundle checks its signature
 * first.
 */
export class DeviceClasses {
  readonly #bundle: DeviceBundle;
  readonly #clock: CivilClock;
  readonly #classes: readonly (BundledClass & { readonly compiled: SignalExpression })[];

  /**
   * A class whose expression this build cannot read is left out: it is never proposed.
   *
   * @throws RangeError if the bundle names a time zone that there is not
   */
  constructor(bundle: DeviceBundle) {
    this.#bundle = bundle;
    this.#clock = new CivilClock(bundle.timeZone);
    const signals = new Set(bundle.signals);
    this.#classes = bundle.classes.flatMap((one) => {
      const compiled = compileSignalExpression(one.expression, signals);
      return compiled.ok ? [{ ...one, compiled: compiled.value }] : [];
    });
  }

  /**
   * The class to propose: the first that holds and that a campaign takes now; undefined if there is none, or the bundle has run out. Signals that the bundle does not
   * name are not looked at; those that are not there, or are no finite number, are null.
   */
  propose({ signals, cart, context }: Seen, nowMs: number): string | undefined {
    if (nowMs >= this.#bundle.expiresAtMs) return undefined;
    const { minute, weekday } = this.#clock.at(nowMs);
    const seen = {
      local: this.#localOf(signals),
      cart,
      context: { ...context, hour: Math.floor(minute / 60), weekday },
    };
    return this.#classes.find((one) => isTaken(one, nowMs) && one.compiled.evaluate(seen) === "holds")?.name;
  }

  #localOf(signals: Signals): SignalContext["local"] {
    return Object.fromEntries(
      this.#bundle.signals.map((name) => {
        const value = Object.hasOwn(signals, name) ? signals[name] : undefined;
        return [name, value === undefined || (typeof value === "number" && !Number.isFinite(value)) ? null : value];
      }),
    );
  }
}

function isTaken({ startsAtMs, endsAtMs }: BundledClass, nowMs: number): boolean {
  return nowMs >= (startsAtMs ?? Number.NEGATIVE_INFINITY) && nowMs < (endsAtMs ?? Number.POSITIVE_INFINITY);
}
