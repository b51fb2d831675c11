import { type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { wire } from "@leastwise/contracts";
import { connect, failureOf, type RpcServer } from "@leastwise/rpc";
import { bucketOf, partitionOfBucket } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { GivenMap } from "./given/given-map.js";
import { listen, PARTITIONS, subjectIn } from "./given/routed-scorer.js";
import { routingService } from "./routing-service.js";

const WATCHERS_MAX = 20;

let map: GivenMap;
let server: RpcServer;
let client: wire.RoutingServiceClient;

beforeEach(async () => {
  map = new GivenMap(PARTITIONS);
  const opened = await listen(routingService(map, WATCHERS_MAX));
  server = opened.server;
  client = connect(wire.RoutingServiceClient, opened.address);
});

afterEach(async () => {
  client.close();
  await server.drain(0);
});

class Watcher {
  readonly maps: wire.PartitionMap[] = [];
  readonly ended: Promise<ServiceError>;
  readonly stream: ClientReadableStream<wire.PartitionMap>;

  constructor() {
    this.stream = client.watchPartitions({});
    this.stream.on("data", (one: wire.PartitionMap) => this.maps.push(one));
    this.ended = new Promise((resolve) => {
      this.stream.on("error", resolve);
    });
  }

  get versions(): number[] {
    return this.maps.map(({ version }) => Number(version));
  }

  /** The newest map, as soon as it is of this version. */
  async sees(version: number): Promise<wire.PartitionMap> {
    await until(() => this.versions.at(-1) === version);
    return this.maps.at(-1)!;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe("WatchPartitions", () => {
  it("tells the whole map at once, nobody's partitions left out, and the whole map again at a change", async () => {
    map.assign(["a:1", undefined, "b:1", "b:1"]);
    const watcher = new Watcher();
    expect(await watcher.sees(1)).toEqual({
      version: 1n,
      partitionCount: PARTITIONS,
      bucketCount: 256,
      owners: [
        { partition: 0, address: "a:1", epoch: 1n },
        { partition: 2, address: "b:1", epoch: 1n },
        { partition: 3, address: "b:1", epoch: 1n },
      ],
    });
    map.assign(["a:1", "a:1", "b:1", "c:1"]);
    expect((await watcher.sees(2)).owners.map(({ address }) => address)).toEqual(["a:1", "a:1", "b:1", "c:1"]);
    watcher.stream.cancel();
  });

  it("tells enough to find the owner of a bucket", async () => {
    map.assign(["a:1", "b:1", "c:1", "d:1"]);
    const watcher = new Watcher();
    const { owners, partitionCount, bucketCount } = await watcher.sees(1);
    for (let bucket = 0; bucket < bucketCount; bucket += 1) {
      const partition = Math.floor((bucket * partitionCount) / bucketCount);
      expect(partition).toBe(partitionOfBucket(bucketOf(subjectIn(bucket)), PARTITIONS));
      expect(owners.find((owner) => owner.partition === partition)).toBeDefined();
    }
    watcher.stream.cancel();
  });

  it("tells changes that come together as one, and misses none for good", async () => {
    const watcher = new Watcher();
    await watcher.sees(0);
    for (let change = 0; change < 1_000; change += 1) map.assign([`a:${change}`]);
    expect((await watcher.sees(1_000)).owners).toMatchObject([{ address: "a:999" }]);
    expect(watcher.maps.length).toBeLessThan(10);
    for (let change = 0; change < 300; change += 1) {
      map.assign([`b:${change}`]);
      if (change % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await watcher.sees(1_300)).owners).toMatchObject([{ address: "b:299" }]);
    expect([...watcher.versions].sort((one, other) => one - other)).toEqual(watcher.versions);
    watcher.stream.cancel();
  });

  it("has so many watchers and no more, and listens for nobody who has gone", async () => {
    const watchers = Array.from({ length: WATCHERS_MAX }, () => new Watcher());
    await Promise.all(watchers.map((watcher) => watcher.sees(0)));
    await until(() => map.listenerCount === WATCHERS_MAX);
    const refused = failureOf(await new Watcher().ended);
    expect(refused).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "too_many_watchers" });
    for (const { stream } of watchers) stream.cancel();
    await until(() => map.listenerCount === 0);
    const next = new Watcher();
    await next.sees(0);
    next.stream.cancel();
  });

  it("ends when the server stops", async () => {
    const watcher = new Watcher();
    await watcher.sees(0);
    expect(await server.drain(60_000)).toBe(true);
    expect(failureOf(await watcher.ended)).toMatchObject({ code: "UNAVAILABLE", reason: "stopping" });
  });
});
