import type { Fault } from "./fault.js";

/** Nothing passes between one scorer and the brokers; shop and other scorers still reach it. */
export const cutNetwork: Fault = {
  kind: "cut-network",
  takes: "scorer",
  lastsMs: [4_000, 16_000],
  strike({ proxies, proxiedScorer }) {
    for (const proxy of proxies) proxy.cut();
    const heal = () => {
      for (const proxy of proxies) proxy.mend();
      return Promise.resolve();
    };
    return Promise.resolve({ on: `${proxiedScorer.name} – brokers`, heal });
  },
};
