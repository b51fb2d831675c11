import type { GuardedRung } from "./guarded-rung.js";

/** The switch stops every new offer. */
export function killSwitch({ situation }: GuardedRung): "kill_switch" | undefined {
  return situation.stopped ? "kill_switch" : undefined;
}
