import type { Fault } from "./fault.js";

/** Longest delay of one way, ms. */
const DELAY_MAX_MS = 400;

/** What passes between one scorer and the brokers comes late, both ways. */
export const delayNetwork: Fault = {
  kind: "delay-network",
  takes: "scorer",
  lastsMs: [5_000, 15_000],
  strike({ proxies, proxiedScorer }, draw) {
    const delayMs = Math.round(50 + draw * (DELAY_MAX_MS - 50));
    for (const proxy of proxies) proxy.delay(delayMs);
    const heal = () => {
      for (const proxy of proxies) proxy.mend();
      return Promise.resolve();
    };
    return Promise.resolve({ on: `${proxiedScorer.name} – brokers, ${delayMs} ms`, heal });
  },
};
