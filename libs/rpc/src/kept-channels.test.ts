import { Metadata } from "@grpc/grpc-js";
import { wire } from "@leastwise/contracts";
import { err, ok, refusal } from "@leastwise/vocabulary";
import { afterEach, describe, expect, it } from "@jest/globals";
import { defineService, type CallContext, type Handlers } from "./handlers.js";
import { hasHopped, hopMetadata } from "./hops.js";
import { KeptChannels } from "./kept-channels.js";
import { callUnary, connect, passedOn } from "./rpc-client.js";
import { invalidArgument, refuse } from "./rpc-refusal.js";
import { startRpcServer } from "./rpc-server.js";

type Record = Handlers<wire.CollectorServiceService>["record"];

const METHOD = wire.CollectorServiceService.record;
const EMPTY: wire.RecordResponse = { verdicts: [], accepted: 0, position: "" };
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(record: Record, port = 0) {
  const services = [defineService(wire.CollectorServiceService, { record, recordStream: record })];
  const started = await startRpcServer({ host: "127.0.0.1", port, services });
  if (!started.ok) throw new Error(started.error.expected);
  closers.push(() => started.value.drain(0));
  return { server: started.value, address: `127.0.0.1:${started.value.port}` };
}

function channels(channelsMax?: number): KeptChannels {
  const kept = new KeptChannels(channelsMax);
  closers.push(() => {
    kept.close();
  });
  return kept;
}

describe("a kept channel", () => {
  it("calls, thousands at once, over the one connection", async () => {
    const peers = new Set<string>();
    const { address } = await serve(({ events }, { peer }) => {
      peers.add(peer);
      return Promise.resolve(ok({ ...EMPTY, accepted: events.length }));
    });
    const channel = channels().to(address)!;
    const event = wire.Event.fromPartial({ eventId: "e" });
    const calls = Array.from({ length: 2_000 }, (_, index) =>
      channel.call(METHOD, { events: Array.from({ length: index % 5 }, () => event) }, { timeoutMs: 60_000 }),
    );
    expect(channel.underWay).toBe(2_000);
    const answers = await Promise.all(calls);
    expect(answers.filter((answer) => !answer.ok)).toEqual([]);
    expect(answers.map((answer) => answer.ok && answer.value.accepted)).toEqual(calls.map((_, index) => index % 5));
    expect(channel.underWay).toBe(0);
    expect(peers.size).toBe(1);
  });

  it("takes so many calls and no more", async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const { address } = await serve(async () => {
      await released;
      return ok(EMPTY);
    });
    const channel = channels().to(address)!;
    const calls = Array.from({ length: 4_096 }, () => channel.call(METHOD, { events: [] }, { timeoutMs: 60_000 }));
    expect(await channel.call(METHOD, { events: [] }, { timeoutMs: 60_000 })).toMatchObject({
      ok: false,
      error: { code: "UNAVAILABLE", reason: "" },
    });
    release();
    expect((await Promise.all(calls)).filter((answer) => !answer.ok)).toEqual([]);
  });

  it("passes the time that is left, and what goes along", async () => {
    const seen: CallContext[] = [];
    const { address } = await serve((_, context) => {
      seen.push(context);
      return Promise.resolve(ok(EMPTY));
    });
    const caller = new Metadata();
    caller.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    caller.set("authorization", "not yours");
    expect(hasHopped({ metadata: caller })).toBe(false);
    const metadata = hopMetadata({ metadata: caller });
    await channels().to(address)!.call(METHOD, { events: [] }, { timeoutMs: 5_000, metadata });
    const [context] = seen;
    expect(context!.deadlineMs! - Date.now()).toBeLessThanOrEqual(5_000);
    expect(hasHopped(context!)).toBe(true);
    expect(context!.metadata.get("traceparent")).toEqual(caller.get("traceparent"));
    expect(context!.metadata.get("authorization")).toEqual([]);
  });

  it("cancels a call with its signal, and lets the other side know", async () => {
    let cancelled = () => {};
    const heard = new Promise<void>((resolve) => (cancelled = resolve));
    let entered = () => {};
    const inHand = new Promise<void>((resolve) => (entered = resolve));
    const { address } = await serve((_, { signal }) => {
      signal.addEventListener("abort", () => {
        cancelled();
      });
      entered();
      return new Promise(() => {});
    });
    const controller = new AbortController();
    const { signal } = controller;
    const call = channels().to(address)!.call(METHOD, { events: [] }, { timeoutMs: 60_000, signal });
    await inHand;
    controller.abort();
    expect(await call).toMatchObject({ ok: false, error: { code: "CANCELLED" } });
    await heard;
  });

  it("fails at once while nobody listens, and is good again when somebody does", async () => {
    const { server, address } = await serve(() => Promise.resolve(ok(EMPTY)));
    await server.drain(0);
    const channel = channels().to(address)!;
    const call = (timeoutMs: number) => channel.call(METHOD, { events: [] }, { timeoutMs });
    expect(await call(600_000)).toMatchObject({ ok: false, error: { code: "UNAVAILABLE", reason: "" } });
    await serve(() => Promise.resolve(ok(EMPTY)), server.port);
    let answer = await call(10_000);
    while (!answer.ok) answer = await call(10_000);
    expect(answer.value).toEqual(EMPTY);
  });

  it("that is closed lets calls under way end, and takes no more", async () => {
    let release = () => {};
    let entered = () => {};
    const inHand = new Promise<void>((resolve) => (entered = resolve));
    const { address } = await serve(async () => {
      entered();
      await new Promise<void>((resolve) => (release = resolve));
      return ok(EMPTY);
    });
    const kept = channels();
    const channel = kept.to(address)!;
    const call = channel.call(METHOD, { events: [] }, { timeoutMs: 60_000 });
    await inHand;
    kept.keep(new Set());
    release();
    expect(await call).toMatchObject({ ok: true });
    expect(await channel.call(METHOD, { events: [] }, { timeoutMs: 60_000 })).toMatchObject({ ok: false });
  });
});

describe("kept channels", () => {
  it("are one an address, those that are kept and no others, at most so many", () => {
    const kept = channels(3);
    const first = kept.to("127.0.0.1:1");
    expect(kept.to("127.0.0.1:1")).toBe(first);
    kept.keep(new Set(["127.0.0.1:1", "127.0.0.1:2"]));
    expect([...kept.open.keys()]).toEqual(["127.0.0.1:1", "127.0.0.1:2"]);
    expect(kept.open.get("127.0.0.1:1")).toBe(first);
    kept.keep(new Set(["127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5"]));
    expect([...kept.open.keys()]).toEqual(["127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"]);
    expect(kept.to("127.0.0.1:5")).toBeUndefined();
    kept.close();
    expect([kept.open.size, kept.to("127.0.0.1:2")]).toEqual([0, undefined]);
  });

  it.each(["", "host", "host:", "host:123456", "unix:/tmp/x:1", "dns:///a:1", "a b:1", "http://a:1", ":1"])(
    "open none to %j, which is no address",
    (address) => {
      expect(channels().to(address)).toBeUndefined();
    },
  );

  it.each(["scorer-0.scorers.example:7400", "[::1]:7400", "10.0.0.1:7400"])("open one to %j", (address) => {
    expect(channels().to(address)?.address).toBe(address);
  });
});

describe("a refusal that is passed on", () => {
  it("reaches the caller as it was said", async () => {
    const refused = refusal("unknown_currency", "events[0].product", "EURO – ü", "an ISO 4217 code – like EUR");
    const owner = await serve(() => Promise.resolve(err(invalidArgument(refused))));
    const channel = channels().to(owner.address)!;
    const between = await serve(async (request) => {
      const answer = await channel.call(METHOD, request, { timeoutMs: 10_000 });
      return answer.ok ? answer : err(passedOn(answer.error) ?? refuse("INTERNAL", refused));
    });
    const said = await Promise.all(
      [owner, between].map(async ({ address }) => {
        const client = connect(wire.CollectorServiceClient, address);
        closers.push(() => {
          client.close();
        });
        return callUnary(client.record.bind(client), { events: [] });
      }),
    );
    expect(said[1]).toEqual(said[0]);
    expect(said[1]).toMatchObject({ error: { message: expect.stringContaining("EURO – ü") as unknown } });
  });

  it("is only what a process of ours refused", () => {
    const failure = { reason: "", field: "", expected: "", message: "connection dropped" };
    expect(passedOn({ code: "UNAVAILABLE", ...failure })).toBeUndefined();
    expect(passedOn({ code: "UNKNOWN", ...failure, reason: "x" })).toBeUndefined();
  });
});
