import type { Situation } from "../situation.js";

/** The switch stops every new offer. */
export function killSwitch(situation: Situation): "kill_switch" | undefined {
  return situation.stopped ? "kill_switch" : undefined;
}
