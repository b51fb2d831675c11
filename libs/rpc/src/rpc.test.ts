import { connectivityState, Metadata, type Client, type ServiceError } from "@grpc/grpc-js";
import { fileDescriptors, wire } from "@leastwise/contracts";
import { err, ok, refusal } from "@leastwise/vocabulary";
import { afterEach, describe, expect, it } from "@jest/globals";
import { service as healthDefinition } from "grpc-health-check";
import http2 from "node:http2";
import type { CallEnd } from "./guarded-call.js";
import { defineService, type CallContext, type Handlers, type SideBySides } from "./handlers.js";
import { callUnary, connect } from "./rpc-client.js";
import { invalidArgument, refuse, statusOf, unimplemented } from "./rpc-refusal.js";
import { startRpcServer, type RpcServer } from "./rpc-server.js";
import { clampTimeoutHeader } from "./timeout-header.js";

type CollectorHandlers = Handlers<wire.CollectorServiceService>;

const EMPTY: wire.RecordResponse = { verdicts: [], accepted: 0, position: "" };
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(
  record: CollectorHandlers["record"],
  stream: CollectorHandlers["recordStream"] = record,
  sideBySides: SideBySides<wire.CollectorServiceService> = {},
) {
  const ends: CallEnd[] = [];
  const defects: { error: unknown; reference: string }[] = [];
  const started = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    services: [defineService(wire.CollectorServiceService, { record, recordStream: stream }, sideBySides)],
    hooks: {
      onCall: (end) => ends.push(end),
      onDefect: (error, reference) => defects.push({ error, reference }),
    },
  });
  if (!started.ok) throw new Error(started.error.expected);
  const server: RpcServer = started.value;
  const client = connect(wire.CollectorServiceClient, `127.0.0.1:${server.port}`);
  closers.push(
    () => server.drain(0),
    () => {
      client.close();
    },
  );
  const call = (request: Partial<wire.RecordRequest> = {}, timeoutMs?: number) =>
    callUnary(client.record.bind(client), { events: [], ...request }, timeoutMs === undefined ? {} : { timeoutMs });
  return { server, client, call, ends, defects };
}

/** One unary call with bytes and headers of our own: what no generated client would send. */
async function rawCall(port: number, body: Buffer, headers: Record<string, string> = {}) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  closers.push(
    () =>
      new Promise<void>((resolve) => {
        session.close(resolve);
      }),
  );
  const stream = session.request({
    ":method": "POST",
    ":path": "/leastwise.v1.CollectorService/Record",
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  const frame = Buffer.alloc(5 + body.length);
  frame.writeUInt32BE(body.length, 1);
  body.copy(frame, 5);
  stream.end(frame);
  return new Promise<{ code: string; reason: string }>((resolve, reject) => {
    let seen: http2.IncomingHttpHeaders = {};
    stream.on("response", (first) => (seen = { ...seen, ...first }));
    stream.on("trailers", (last: http2.IncomingHttpHeaders) => (seen = { ...seen, ...last }));
    stream.on("error", reject);
    stream.on("close", () => {
      resolve({ code: String(seen["grpc-status"]), reason: String(seen["leastwise-reason"] ?? "") });
    });
    stream.resume();
  });
}

describe("unary calls", () => {
  it("answer, and are told", async () => {
    const { call, ends } = await start(() => Promise.resolve(ok({ ...EMPTY, accepted: 7 })));
    expect(await call()).toEqual({ ok: true, value: { ...EMPTY, accepted: 7 } });
    expect(ends).toMatchObject([{ method: "/leastwise.v1.CollectorService/Record", code: "OK", reason: "" }]);
  });

  it("carry a refusal with its reason, field and what was expected", async () => {
    const refused = refusal("unknown_currency", "events[0].product", "EURO", "an ISO 4217 code – like EUR");
    const { call } = await start(() => Promise.resolve(err(invalidArgument(refused))));
    expect(await call()).toEqual({
      ok: false,
      error: {
        code: "INVALID_ARGUMENT",
        reason: "unknown_currency",
        field: "events[0].product",
        expected: "an ISO 4217 code ? like EUR",
        message: 'events[0].product: expected an ISO 4217 code – like EUR, got "EURO" (unknown_currency)',
      },
    });
  });

  it("survive a lone surrogate in an error's text", async () => {
    const broken = { reason: "bad\ud800", field: "a\udc00\n", came: "\ud83d", expected: "x\ud800".repeat(2_000) };
    const { call } = await start(() => Promise.resolve(err(refuse("FAILED_PRECONDITION", broken))));
    expect(await call()).toMatchObject({ ok: false, error: { code: "FAILED_PRECONDITION", reason: "bad?" } });
    expect(await call()).toMatchObject({ ok: false, error: { code: "FAILED_PRECONDITION" } });
    expect(() => encodeURI(broken.expected)).toThrow(URIError);
    expect(encodeURI(statusOf({ code: "INTERNAL", refusal: broken }).details).length).toBeLessThan(8_192);
  });

  it.each([
    ["a rejection", () => Promise.reject(new Error("secret \ud800"))],
    [
      "a throw",
      () => {
        throw new TypeError("secret");
      },
    ],
  ])("turn %s into INTERNAL with a reference, and live on", async (_, handler) => {
    const { call, defects, ends } = await start(handler);
    const answer = await call();
    expect(answer).toMatchObject({ ok: false, error: { code: "INTERNAL", reason: "internal" } });
    expect(JSON.stringify(answer)).not.toContain("secret");
    expect(answer.ok ? "" : answer.error.message).toContain(defects[0]!.reference);
    expect(await call()).toMatchObject({ ok: false });
    expect(ends.map(({ code }) => code)).toEqual(["INTERNAL", "INTERNAL"]);
  });

  it("say which method is not there yet", async () => {
    const { call } = await start(() => Promise.resolve(err(unimplemented("CollectorService.Record"))));
    expect(await call()).toMatchObject({ ok: false, error: { code: "UNIMPLEMENTED", reason: "unimplemented" } });
  });

  it("live on when a hook throws", async () => {
    const started = await startRpcServer({
      host: "127.0.0.1",
      port: 0,
      services: [
        defineService(wire.CollectorServiceService, {
          record: () => Promise.resolve(ok(EMPTY)),
          recordStream: () => Promise.resolve(ok(EMPTY)),
        }),
      ],
      hooks: {
        onCall() {
          throw new Error("a hook's own bug");
        },
      },
    });
    if (!started.ok) throw new Error();
    const client = connect(wire.CollectorServiceClient, `127.0.0.1:${started.value.port}`);
    closers.push(
      () => started.value.drain(0),
      () => {
        client.close();
      },
    );
    expect(await callUnary(client.record.bind(client), { events: [] })).toMatchObject({ ok: true });
    expect(await callUnary(client.record.bind(client), { events: [] })).toMatchObject({ ok: true });
  });
});

describe("messages", () => {
  it("that are truncated are the sender's fault", async () => {
    const { server } = await start(() => Promise.resolve(ok(EMPTY)));
    const whole = Buffer.from(
      wire.RecordRequest.encode(wire.RecordRequest.fromPartial({ events: [{ eventId: "e", userId: "u" }] })).finish(),
    );
    expect(await rawCall(server.port, whole)).toEqual({ code: "0", reason: "" });
    for (let length = 1; length < whole.length; length += 1) {
      const answer = await rawCall(server.port, whole.subarray(0, length));
      expect({ length, ...answer }).toEqual({ length, code: "3", reason: "message_malformed" });
    }
  });

  it("of 5 MiB are refused with the limit, those of 9 MiB too, and the server lives on", async () => {
    const { call } = await start(() => Promise.resolve(ok(EMPTY)));
    const large = (bytes: number) => ({ events: [wire.Event.fromPartial({ eventId: "x".repeat(bytes) })] });
    expect(await call(large(5 * 1024 * 1024))).toMatchObject({
      ok: false,
      error: { code: "RESOURCE_EXHAUSTED", reason: "message_too_large", expected: "at most 4194304 bytes" },
    });
    expect(await call(large(9 * 1024 * 1024))).toMatchObject({ ok: false, error: { code: "RESOURCE_EXHAUSTED" } });
    expect(await call(large(1_000))).toMatchObject({ ok: true });
  });
});

describe("deadlines", () => {
  const waits = (seen: CallContext[]): CollectorHandlers["record"] => {
    return (_, context) => {
      seen.push(context);
      return new Promise((resolve) => {
        context.signal.addEventListener("abort", () => {
          resolve(ok(EMPTY));
        });
      });
    };
  };

  it.each([0, -60_000])("of %d ms are exceeded at once", async (timeoutMs) => {
    const { call } = await start(waits([]));
    expect(await call({}, timeoutMs)).toMatchObject({ ok: false, error: { code: "DEADLINE_EXCEEDED" } });
  });

  it("of 0 on the wire do not reach the handler for long", async () => {
    const { server } = await start(waits([]));
    expect(await rawCall(server.port, Buffer.alloc(0), { "grpc-timeout": "0m" })).toMatchObject({ code: "4" });
  });

  it("that pass tell the handler and are told", async () => {
    const seen: CallContext[] = [];
    const { server, ends } = await start(waits(seen));
    // A client with a timer of its own may give up a moment earlier, and is then seen as gone.
    expect(await rawCall(server.port, Buffer.alloc(0), { "grpc-timeout": "50m" })).toMatchObject({ code: "4" });
    while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(seen[0]!.signal.aborted).toBe(true);
    expect(ends).toMatchObject([{ code: "DEADLINE_EXCEEDED" }]);
  });

  it("that pass are told by the client, whoever noticed first", async () => {
    const { call } = await start(waits([]));
    expect(await call({}, 50)).toMatchObject({ ok: false, error: { code: "DEADLINE_EXCEEDED" } });
  });

  it.each(["99999999H", "2147484S", "35791395M", "597H", "99999999S"])(
    "of %s on the wire do not overflow a timer",
    async (timeout) => {
      const seen: CallContext[] = [];
      const { server } = await start((_, context) => {
        seen.push(context);
        return Promise.resolve(ok(EMPTY));
      });
      expect(await rawCall(server.port, Buffer.alloc(0), { "grpc-timeout": timeout })).toEqual({
        code: "0",
        reason: "",
      });
      const left = seen[0]!.deadlineMs! - Date.now();
      expect(left).toBeGreaterThan(24 * 86_400_000);
      expect(left).toBeLessThan(2 ** 31);
    },
  );

  it.each([2 ** 31, 30 * 86_400_000, 1e17, Infinity])("of %d ms at the client are brought down", async (timeoutMs) => {
    const { call } = await start(() => Promise.resolve(ok(EMPTY)));
    expect(await call({}, timeoutMs)).toMatchObject({ ok: true });
  });

  it("that are short stay as they are", () => {
    expect(["1S", "50m", "2147483S", "596H", "0n", "nonsense", "123456789S"].map(clampTimeoutHeader)).toEqual([
      "1S",
      "50m",
      "2147483S",
      "596H",
      "0n",
      "nonsense",
      "123456789S",
    ]);
  });
});

describe("two-way streams", () => {
  const echo: CollectorHandlers["recordStream"] = ({ events }) =>
    Promise.resolve(ok({ ...EMPTY, accepted: events.length }));

  function collect(client: wire.CollectorServiceClient, sizes: readonly number[], isEnding = true) {
    const stream = client.recordStream();
    const got: number[] = [];
    const done = new Promise<{ got: number[]; error?: ServiceError }>((resolve) => {
      stream.on("data", (answer: wire.RecordResponse) => got.push(answer.accepted));
      stream.on("error", (error: ServiceError) => {
        resolve({ got, error });
      });
      stream.on("end", () => {
        resolve({ got });
      });
    });
    const event = wire.Event.fromPartial({ eventId: "e" });
    for (const size of sizes) stream.write({ events: Array.from({ length: size }, () => event) });
    if (isEnding) stream.end();
    return { stream, done };
  }

  it("answer one by one, in order", async () => {
    const { client } = await start(echo);
    const sizes = Array.from({ length: 200 }, (_, index) => index % 7);
    expect((await collect(client, sizes).done).got).toEqual(sizes);
  });

  it("answer the last message, too, however long that takes after the caller has ended", async () => {
    const { client, ends } = await start(echo, async (request, context) => {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      return echo(request, context);
    });
    expect((await collect(client, [1, 2, 3]).done).got).toEqual([1, 2, 3]);
    expect(ends).toMatchObject([{ code: "OK" }]);
  });

  it("end with a refusal, after the answers before it", async () => {
    const refused = invalidArgument(refusal("batch_empty", "events", "\ud800", "1 to 1000 events"));
    const { client } = await start(echo, (request, context) =>
      request.events.length === 0 ? Promise.resolve(err(refused)) : echo(request, context),
    );
    const { got, error } = await collect(client, [1, 2, 0, 3]).done;
    expect(got).toEqual([1, 2]);
    expect(error?.metadata.get("leastwise-reason")).toEqual(["batch_empty"]);
  });

  it("end with INTERNAL when the handler throws, and the server lives on", async () => {
    const { client, call } = await start(echo, () => Promise.reject(new Error("\ud800")));
    expect((await collect(client, [1]).done).error?.code).toBe(13);
    expect(await call()).toMatchObject({ ok: true });
  });

  describe("whose messages are answered side by side", () => {
    /** Holds every message back until a test lets its size go, and says what is in hand. */
    async function startHeld(messagesMax: number, keyOf: (size: number) => string = String) {
      const held = new Map<number, () => void>();
      const waitedMs = new Map<number, number>();
      const stream: CollectorHandlers["recordStream"] = async (request, context) => {
        const size = request.events.length;
        waitedMs.set(size, context.waitedMs);
        await new Promise<void>((resolve) => held.set(size, resolve));
        held.delete(size);
        return size === 0 ? err(invalidArgument(refusal("batch_empty", "events", "", "1"))) : echo(request, context);
      };
      const recordStream = { messagesMax, keyOf: ({ events }: wire.RecordRequest) => keyOf(events.length) };
      const { client, ends } = await start(echo, stream, { recordStream });
      const inHand = async (...sizes: readonly number[]) => {
        while (sizes.some((size) => !held.has(size))) await new Promise((resolve) => setImmediate(resolve));
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        expect([...held.keys()].sort()).toEqual(sizes);
      };
      const letGo = (size: number) => {
        held.get(size)!();
      };
      return { client, ends, inHand, letGo, waitedMs };
    }

    it("have so many in hand and no more, and their answers leave in order", async () => {
      const { client, ends, inHand, letGo } = await startHeld(3);
      const { done } = collect(client, [1, 2, 3, 4, 5]);
      await inHand(1, 2, 3);
      letGo(3);
      letGo(2);
      await inHand(1);
      letGo(1);
      await inHand(4, 5);
      letGo(5);
      letGo(4);
      expect((await done).got).toEqual([1, 2, 3, 4, 5]);
      expect(ends).toMatchObject([{ code: "OK" }]);
    });

    it("are answered one after the other where they have one key", async () => {
      const { client, inHand, letGo } = await startHeld(4, (size) => (size % 2 === 0 ? "even" : "odd"));
      const { done } = collect(client, [1, 2, 3, 4]);
      await inHand(1, 2);
      letGo(2);
      await inHand(1, 4);
      letGo(4);
      letGo(1);
      await inHand(3);
      letGo(3);
      expect((await done).got).toEqual([1, 2, 3, 4]);
    });

    it("know how long they have waited behind those of their key, since they came", async () => {
      const { client, inHand, letGo, waitedMs } = await startHeld(4, (size) => (size === 3 ? "other" : "one"));
      const { done } = collect(client, [1, 2, 3]);
      // The third is in hand, so that the second has come.
      await inHand(1, 3);
      const hereMs = performance.now();
      while (performance.now() < hereMs + 5) await new Promise((resolve) => setImmediate(resolve));
      letGo(1);
      await inHand(2, 3);
      expect(waitedMs.get(2)).toBeGreaterThanOrEqual(5);
      expect(waitedMs.get(3)).toBeLessThan(waitedMs.get(2)!);
      for (const size of [2, 3]) letGo(size);
      await done;
    });

    it("end with the first refusal, after the answers before it", async () => {
      const { client, ends, inHand, letGo } = await startHeld(3);
      const { done } = collect(client, [1, 0, 2], false);
      await inHand(0, 1, 2);
      for (const size of [2, 0, 1]) letGo(size);
      const { got, error } = await done;
      expect(got).toEqual([1]);
      expect(error?.metadata.get("leastwise-reason")).toEqual(["batch_empty"]);
      expect(ends).toMatchObject([{ code: "INVALID_ARGUMENT", reason: "batch_empty" }]);
    });

    it("leave in order past what the socket takes at once", async () => {
      const sizes = Array.from({ length: 2_000 }, (_, index) => index % 7);
      const big = "x".repeat(20_000);
      const recordStream = { messagesMax: 8, keyOf: String };
      const { client } = await start(
        echo,
        async ({ events }) => Promise.resolve(ok({ ...EMPTY, accepted: events.length, position: big })),
        { recordStream },
      );
      expect((await collect(client, sizes).done).got).toEqual(sizes);
    });
  });

  it("are told when the caller goes", async () => {
    const { client, ends } = await start(echo);
    const { stream, done } = collect(client, [1], false);
    stream.once("data", () => {
      stream.cancel();
    });
    expect((await done).error?.code).toBe(1);
    while (ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toMatchObject([{ code: "CANCELLED" }]);
  });
});

describe("the server", () => {
  it("says in words that a port is taken", async () => {
    const { server } = await start(() => Promise.resolve(ok(EMPTY)));
    const second = await startRpcServer({ host: "127.0.0.1", port: server.port, services: [] });
    expect(second).toMatchObject({ ok: false, error: { reason: "port_taken", field: "port" } });
    expect(second.ok ? "" : second.error.expected).toContain(`port ${server.port}`);
  });

  it("says in words that an address is not here", async () => {
    const started = await startRpcServer({ host: "192.0.2.1", port: 0, services: [] });
    expect(started).toMatchObject({ ok: false, error: { reason: "address_unusable" } });
  });

  it("answers health checks, and not serving while it drains", async () => {
    const { server } = await start(() => Promise.resolve(ok(EMPTY)));
    const check = definitionOf(healthDefinition, "check");
    const client = openUntyped(server.port);
    const status = async (name: string) =>
      new Promise((resolve) => {
        client.makeUnaryRequest(
          check.path,
          check.requestSerialize,
          check.responseDeserialize,
          { service: name },
          (error: ServiceError | null, answer) => {
            resolve(error === null ? (answer as { status: string }).status : error.code);
          },
        );
      });
    expect(await status("")).toBe("NOT_SERVING");
    server.setServing(true);
    expect(await status("")).toBe("SERVING");
    expect(await status("leastwise.v1.CollectorService")).toBe("SERVING");
    expect(await status("no.such.Service")).toBe(5);
  });

  it("finishes the calls under way when it drains, and takes no more", async () => {
    let release = () => {};
    let entered = () => {};
    const inHand = new Promise<void>((resolve) => (entered = resolve));
    const { server, call, client } = await start(async () => {
      entered();
      await new Promise<void>((resolve) => (release = resolve));
      return ok({ ...EMPTY, accepted: 1 });
    });
    const first = call();
    await inHand;
    const drained = server.drain();
    release();
    expect(await first).toMatchObject({ ok: true, value: { accepted: 1 } });
    expect(await drained).toBe(true);
    expect(client.getChannel().getConnectivityState(false)).not.toBe(connectivityState.SHUTDOWN);
    expect(await call({}, 2_000)).toMatchObject({ ok: false });
  });

  it("cuts off what does not finish", async () => {
    let entered = () => {};
    const inHand = new Promise<void>((resolve) => (entered = resolve));
    const { server, call } = await start(() => {
      entered();
      return new Promise(() => {});
    });
    const hanging = call();
    await inHand;
    expect(await server.drain(1)).toBe(false);
    expect(await hanging).toMatchObject({ ok: false });
  });

  it("answers reflection: the services that are here, and their files", async () => {
    const { server } = await start(() => Promise.resolve(ok(EMPTY)));
    const answers = await reflect(server.port, [
      Buffer.from([0x3a, 1, 0x2a]), // list_services: "*"
      symbolRequest("leastwise.v1.CollectorService"),
      symbolRequest("no.such.Symbol"),
      symbolRequest("grpc.health.v1.Health"),
    ]);
    expect(answers[0]!.toString("latin1")).toContain("leastwise.v1.CollectorService");
    expect(answers[0]!.toString("latin1")).toContain("grpc.health.v1.Health");
    expect(answers[0]!.toString("latin1")).not.toContain("DecisionService");
    for (const file of fileDescriptors()) {
      const text = Buffer.from(file).toString("latin1");
      const isNeeded = /leastwise\/v1\/(events|money)\.proto/.test(text.slice(0, 40));
      if (isNeeded) expect(answers[1]!.includes(Buffer.from(text.slice(2, 26), "latin1"))).toBe(true);
    }
    expect(answers[3]!.toString("latin1")).toContain("StatusesEntry");
    expect(answers[2]!.toString("latin1")).toContain("no.such.Symbol");
  });
});

interface UntypedMethod {
  path: string;
  requestSerialize: (value: unknown) => Buffer;
  responseDeserialize: (bytes: Buffer) => unknown;
}

function definitionOf(service: object, name: string): UntypedMethod {
  const found = Object.entries(service).find(([key]) => key.toLowerCase() === name);
  return found![1] as UntypedMethod;
}

function openUntyped(port: number): Client {
  const client = connect(wire.CollectorServiceClient, `127.0.0.1:${port}`);
  closers.push(() => {
    client.close();
  });
  return client;
}

/** ServerReflectionRequest with file_containing_symbol (field 4). */
function symbolRequest(symbol: string): Buffer {
  return Buffer.concat([Buffer.from([0x22, symbol.length]), Buffer.from(symbol)]);
}

async function reflect(port: number, requests: readonly Buffer[]): Promise<Buffer[]> {
  const stream = openUntyped(port).makeBidiStreamRequest(
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    (bytes: Buffer) => bytes,
    (bytes: Buffer) => Buffer.from(bytes),
    new Metadata(),
  );
  for (const request of requests) stream.write(request);
  stream.end();
  const answers: Buffer[] = [];
  for await (const answer of stream) answers.push(answer as Buffer);
  return answers;
}
