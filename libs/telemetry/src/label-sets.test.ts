import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { DEPTH_BAND_NAMES, EVENT_KINDS, INCENTIVE_KINDS, RPC_METHODS, depthBandOf } from "./label-sets.js";

const CONTRACTS = new URL("../../../proto/leastwise/v1/", import.meta.url);
const contracts = readdirSync(CONTRACTS)
  .filter((name) => name.endsWith(".proto"))
  .map((name) => readFileSync(new URL(name, CONTRACTS), "utf8"))
  .join("\n");

describe("label sets", () => {
  it("have every service and method of the contracts, and no other", () => {
    const inContracts = new Map<string, string[]>();
    for (const [, service = "", body = ""] of contracts.matchAll(/^service (\w+) \{([\s\S]*?)^\}/gm)) {
      const methods = [...body.matchAll(/^ {2}rpc (\w+)\(/gm)].map(([, method = ""]) => method);
      inContracts.set(`leastwise.v1.${service}`, methods.sort());
    }
    const here = Object.entries(RPC_METHODS).filter(([service]) => service.startsWith("leastwise."));
    expect(new Map(here.map(([service, methods]) => [service, [...methods].sort()]))).toEqual(inContracts);
  });

  it("have every event kind of the contracts, and no other", () => {
    const kinds = [...contracts.matchAll(/^ {2}EVENT_KIND_(\w+) = [1-9]\d*;/gm)].map(([, kind = ""]) =>
      kind.toLowerCase(),
    );
    expect([...EVENT_KINDS].sort()).toEqual(kinds.sort());
  });

  it("have every kind of incentive of the contracts, and none", () => {
    const oneof = /^message Incentive \{[\s\S]*?oneof kind \{([\s\S]*?)^ {2}\}/m.exec(contracts)?.[1] ?? "";
    const kinds = [...oneof.matchAll(/ (\w+) = \d+;/g)].map(([, kind = ""]) => kind);
    expect([...INCENTIVE_KINDS].sort()).toEqual([...kinds, "none"].sort());
  });
});

describe("depthBandOf", () => {
  it.each([
    [-1, "0"],
    [0, "0"],
    [1, "under_5pct"],
    [499, "under_5pct"],
    [500, "5_to_10pct"],
    [1_000, "10_to_15pct"],
    [1_999, "15_to_20pct"],
    [2_000, "20_to_30pct"],
    [3_000, "30pct_up"],
    [10_000, "30pct_up"],
  ])("puts %d bp into %s", (depthBp, band) => {
    expect(depthBandOf(depthBp)).toBe(band);
  });

  it("puts no number into other, which no band is called", () => {
    expect(depthBandOf(Number.NaN)).toBe("other");
    expect(DEPTH_BAND_NAMES).not.toContain("other");
  });
});
