import { wire } from "@leastwise/contracts";
import { defineService, refuse, type Outgoing, type RpcService } from "@leastwise/rpc";
import { BUCKET_COUNT, err, ok, refusal } from "@leastwise/vocabulary";
import type { PartitionMap } from "./partition-map.js";

/** Most watchers at the same time unless told otherwise. */
const WATCHERS_MAX = 1_000;

/** Tells clients that choose the scorer themselves who answers for whom, now and at each change. */
export function routingService(map: PartitionMap, watchersMax = WATCHERS_MAX): RpcService {
  let watchers = 0;
  async function* counted(maps: Outgoing<wire.PartitionMap>): AsyncGenerator<wire.PartitionMap> {
    watchers += 1;
    try {
      yield* maps;
    } finally {
      watchers -= 1;
    }
  }
  return defineService(wire.RoutingServiceService, {
    watchPartitions: (_, { signal }) => {
      if (watchers < watchersMax) return Promise.resolve(ok(counted(newestMaps(map, signal))));
      const expected = `at most ${watchersMax} watchers of one scorer; another one, or the map that one has`;
      return Promise.resolve(
        err(refuse("RESOURCE_EXHAUSTED", refusal("too_many_watchers", "", watchers + 1, expected))),
      );
    },
  });
}

/** The map as it is, then as it is whenever it has changed since it was last asked for. */
async function* newestMaps(map: PartitionMap, signal: AbortSignal): AsyncGenerator<wire.PartitionMap> {
  let told: number | undefined;
  while (!signal.aborted) {
    if (map.version === told) await changed(map, signal);
    else {
      told = map.version;
      yield mapToWire(map);
    }
  }
}

/** Resolves after a change, those that come at the same moment being one, or when nobody watches any more. */
function changed(map: PartitionMap, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stopListening();
      signal.removeEventListener("abort", done);
      setImmediate(resolve);
    };
    const stopListening = map.onChange(done);
    signal.addEventListener("abort", done);
  });
}

function mapToWire(map: PartitionMap): wire.PartitionMap {
  const owners = Array.from({ length: map.partitionCount }, (_, partition): wire.PartitionOwner[] => {
    const owner = map.ownerOf(partition);
    return owner === undefined ? [] : [{ partition, address: owner.address, epoch: BigInt(owner.epoch) }];
  });
  return {
    version: BigInt(map.version),
    partitionCount: map.partitionCount,
    bucketCount: BUCKET_COUNT,
    owners: owners.flat(),
  };
}
