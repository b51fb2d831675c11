import { afterEach, describe, expect, it } from "@jest/globals";
import type { Telemetry } from "@leastwise/telemetry";
import { BUCKET_COUNT, type Bucket } from "@leastwise/vocabulary";
import { quietTelemetry } from "../given/shop.js";
import { GivenMap } from "./given/given-map.js";
import { Router } from "./router.js";

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function open(map: GivenMap): Router {
  const telemetry: Telemetry = quietTelemetry();
  const router = new Router({ map, telemetry, wallNowMs: () => 0, marginMs: 5 });
  closers.push(() => {
    router.close();
    telemetry.close();
  });
  return router;
}

/** Where each partition's first bucket goes, as an address. */
function routes(router: Router, partitions: number): string[] {
  return Array.from({ length: partitions }, (_, partition) => {
    const route = router.routeOf(Math.ceil((partition * BUCKET_COUNT) / partitions) as Bucket);
    return typeof route === "string" ? route : route.address;
  });
}

describe("the router", () => {
  it("follows the map", () => {
    const map = new GivenMap(3);
    map.ownAddress = "own:1";
    const router = open(map);
    expect(routes(router, 3)).toEqual(["nobody", "nobody", "nobody"]);
    map.assign(["own:1", "b:1", undefined]);
    expect(routes(router, 3)).toEqual(["own", "b:1", "nobody"]);
    expect(router.isAlone).toBe(false);
    map.assign(["own:1", "own:1", "own:1"]);
    expect([routes(router, 3), router.isAlone]).toEqual([["own", "own", "own"], true]);
  });

  it("keeps one channel to each other scorer that the map names, and closes those that it names no more", () => {
    const map = new GivenMap(4);
    map.assign(["b:1", "c:1", "b:1", "127.0.0.1:1"]);
    const router = open(map);
    const addresses = () => router.others.map(({ address }) => address);
    expect(addresses()).toEqual(["b:1", "c:1"]);
    const kept = router.routeOf(0 as Bucket);
    expect(router.routeOf(128 as Bucket)).toBe(kept);
    map.assign(["b:1", "d:1", "d:1", undefined]);
    expect(addresses()).toEqual(["b:1", "d:1"]);
    expect(router.routeOf(0 as Bucket)).toBe(kept);
    router.close();
    expect(addresses()).toEqual([]);
    expect(map.listenerCount).toBe(0);
  });

  it("has nobody for what the map calls an address and is none", () => {
    const map = new GivenMap(2);
    map.assign(["no address", "b:1"]);
    expect(routes(open(map), 2)).toEqual(["nobody", "b:1"]);
  });
});
