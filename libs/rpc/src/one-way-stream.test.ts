import { type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { fileDescriptors, wire } from "@leastwise/contracts";
import { err, ok, refusal } from "@leastwise/vocabulary";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { CallEnd } from "./guarded-call.js";
import { defineService, type CallContext, type Handlers } from "./handlers.js";
import { connect, failureOf } from "./rpc-client.js";
import { invalidArgument } from "./rpc-refusal.js";
import { startRpcServer, type RpcServer } from "./rpc-server.js";

type Watch = Handlers<wire.RoutingServiceService>["watchPartitions"];

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(watchPartitions: Watch) {
  const ends: CallEnd[] = [];
  const defects: string[] = [];
  const started = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    services: [defineService(wire.RoutingServiceService, { watchPartitions })],
    hooks: { onCall: (end) => ends.push(end), onDefect: (_, reference) => defects.push(reference) },
  });
  if (!started.ok) throw new Error(started.error.expected);
  const server: RpcServer = started.value;
  const client = connect(wire.RoutingServiceClient, `127.0.0.1:${server.port}`);
  closers.push(
    () => server.drain(0),
    () => {
      client.close();
    },
  );
  return { server, client, ends, defects };
}

interface Watched {
  readonly versions: number[];
  readonly end: Promise<ServiceError | undefined>;
}

/** What comes of a stream, and how it ends: undefined as it should. */
function read(stream: ClientReadableStream<wire.PartitionMap>): Watched {
  const versions: number[] = [];
  const end = new Promise<ServiceError | undefined>((resolve) => {
    stream.on("data", ({ version }: wire.PartitionMap) => versions.push(Number(version)));
    stream.on("error", (error: ServiceError) => {
      resolve(error);
    });
    stream.on("end", () => {
      resolve(undefined);
    });
  });
  return { versions, end };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function versionOf(version: number): wire.PartitionMap {
  return wire.PartitionMap.fromPartial({ version: BigInt(version), partitionCount: 1, bucketCount: 256 });
}

async function* counting(to: number): AsyncGenerator<wire.PartitionMap> {
  for (let version = 1; version <= to; version += 1) yield await Promise.resolve(versionOf(version));
}

/** Sends one message and then waits until nobody does any more. */
async function* waiting({ signal }: CallContext, ended: string[]): AsyncGenerator<wire.PartitionMap> {
  try {
    yield versionOf(1);
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        resolve();
      });
    });
  } finally {
    ended.push("ended");
  }
}

describe("one-way streams", () => {
  it("send all that their source has, in order, and are told", async () => {
    const { client, ends } = await start(() => Promise.resolve(ok(counting(500))));
    const { versions, end } = read(client.watchPartitions({}));
    expect(await end).toBeUndefined();
    expect(versions).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(ends).toMatchObject([{ method: "/leastwise.v1.RoutingService/WatchPartitions", code: "OK", reason: "" }]);
  });

  it("may be refused before they begin", async () => {
    const refused = invalidArgument(refusal("not_now", "", "a call", "another"));
    const { client, ends } = await start(() => Promise.resolve(err(refused)));
    expect(failureOf((await read(client.watchPartitions({})).end)!)).toMatchObject({
      code: "INVALID_ARGUMENT",
      reason: "not_now",
    });
    expect(ends).toMatchObject([{ code: "INVALID_ARGUMENT", reason: "not_now" }]);
  });

  it.each([
    ["handler", () => Promise.reject(new Error("secret"))],
    [
      "source",
      () => {
        async function* broken() {
          yield* counting(3);
          throw new Error("secret");
        }
        return Promise.resolve(ok(broken()));
      },
    ],
  ] satisfies [string, Watch][])("end with INTERNAL and a reference when the %s throws", async (_, watch) => {
    const { client, defects } = await start(watch);
    const error = failureOf((await read(client.watchPartitions({})).end)!);
    expect(error).toMatchObject({ code: "INTERNAL", reason: "internal" });
    expect(error.message).toContain(defects[0]!);
    expect(error.message).not.toContain("secret");
    expect((await read(client.watchPartitions({})).end)?.code).toBe(13);
  });

  it("end their source when the caller goes", async () => {
    const ended: string[] = [];
    const { client, ends } = await start((_, context) => Promise.resolve(ok(waiting(context, ended))));
    const stream = client.watchPartitions({});
    const { versions, end } = read(stream);
    await until(() => versions.length === 1);
    stream.cancel();
    expect((await end)?.code).toBe(1);
    await until(() => ended.length === 1 && ends.length === 1);
    expect(ends).toMatchObject([{ code: "CANCELLED" }]);
  });

  it("end at their deadline", async () => {
    const ended: string[] = [];
    const { client, ends } = await start((_, context) => Promise.resolve(ok(waiting(context, ended))));
    const { end } = read(client.watchPartitions({}, { deadline: Date.now() + 100 }));
    expect((await end)?.code).toBe(4);
    await until(() => ended.length === 1 && ends.length === 1);
    expect(["DEADLINE_EXCEEDED", "CANCELLED"]).toContain(ends[0]!.code);
  });

  it("end when the server stops, and do not hold it up", async () => {
    const ended: string[] = [];
    const { server, client, ends } = await start((_, context) => Promise.resolve(ok(waiting(context, ended))));
    const watched = [1, 2, 3].map(() => read(client.watchPartitions({})));
    await until(() => watched.every(({ versions }) => versions.length === 1));
    expect(await server.drain(60_000)).toBe(true);
    for (const { end } of watched) {
      expect(failureOf((await end)!)).toMatchObject({ code: "UNAVAILABLE", reason: "stopping" });
    }
    await until(() => ended.length === 3);
    expect(ends.map(({ reason }) => reason)).toEqual(["stopping", "stopping", "stopping"]);
  });

  it("ask for the next message when the one before has left: a slow reader is not sent what is old", async () => {
    let made = 0;
    let newest = 0;
    async function* newestOf() {
      for (let sent = 0; sent < 20_000;) {
        made += 1;
        await new Promise((resolve) => setImmediate(resolve));
        sent = newest;
        yield { ...versionOf(sent), owners: manyOwners() };
      }
    }
    const { client } = await start(() => Promise.resolve(ok(newestOf())));
    const stream = client.watchPartitions({});
    const { versions, end } = read(stream);
    stream.pause();
    // The reader has stopped; when nothing has been asked for during so many turns, the window of its connection is full.
    for (let before = -1, quiet = 0; quiet < 200; quiet = made === before ? quiet + 1 : 0) {
      before = made;
      newest += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const whilePaused = made;
    newest = 20_000;
    stream.resume();
    expect(await end).toBeUndefined();
    expect(whilePaused).toBeLessThan(200);
    expect(versions.at(-1)).toBe(20_000);
    expect(versions.length).toBeLessThanOrEqual(whilePaused + 2);
  });

  it("are there for reflection", () => {
    const files = fileDescriptors().map((file) => Buffer.from(file).toString("latin1"));
    expect(files.some((file) => file.includes("WatchPartitions") && file.includes("RoutingService"))).toBe(true);
  });
});

function manyOwners(): wire.PartitionOwner[] {
  return Array.from({ length: 256 }, (_, partition) => ({ partition, address: "scorer.example:7400", epoch: 1n }));
}
