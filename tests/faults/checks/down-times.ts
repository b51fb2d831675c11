import type { ServiceTold, Told } from "../told.js";

/** From when to when a process was not itself, Unix ms. */
interface DownTime {
  readonly what: ServiceTold["what"];
  readonly fromMs: number;
  readonly toMs: number;
}

/** After a process says that it serves, a call that was under way before may still end badly, ms. */
const SETTLES_MS = 250;

/** When a service was killed, paused, stopping or dead, until it served again. */
export function downTimes(told: readonly Told[], service: string): readonly DownTime[] {
  const times: DownTime[] = [];
  let down: ServiceTold | undefined;
  for (const line of told) {
    if (line.told !== "service" || line.service !== service) continue;
    if (line.what === "serves") {
      if (down !== undefined) times.push({ what: down.what, fromMs: down.atMs, toMs: line.atMs + SETTLES_MS });
      down = undefined;
    } else down ??= line;
  }
  return down === undefined ? times : [...times, { what: down.what, fromMs: down.atMs, toMs: Infinity }];
}
