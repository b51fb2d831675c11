import {
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type MethodDefinition,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { HealthImplementation } from "grpc-health-check";
import { setMaxListeners } from "node:events";
import { answerUnary, readIncoming, type CallHooks, type Incoming } from "./guarded-call.js";
import type { BoundMethod, RpcService } from "./handlers.js";
import { answerOneWay } from "./one-way-stream.js";
import { addReflection } from "./reflection.js";
import { guardTimeoutHeader } from "./timeout-header.js";
import { answerStream } from "./two-way-stream.js";

/** Largest message taken unless told otherwise, bytes. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** How long a drain waits for calls under way unless told otherwise, ms. */
export const DRAIN_MAX_MS = 10_000;

export interface RpcServerOptions {
  /** An address of this machine: `127.0.0.1`, `0.0.0.0`, `::`. */
  readonly host: string;
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
  readonly services: readonly RpcService[];
  /** Largest message taken, bytes; default {@link MESSAGE_BYTES_MAX}. */
  readonly maxMessageBytes?: number;
  readonly hooks?: CallHooks;
}

export interface RpcServer {
  /** The port that it listens on. */
  readonly port: number;
  /** What the health service says of this server; it starts as not serving. */
  setServing(isServing: boolean): void;
  /**
   * Says that it is not serving, takes no new connection or call, ends one-way streams (UNAVAILABLE, `stopping`), waits for the calls
   * under way, at most `maxMs` (default {@link DRAIN_MAX_MS}), then cuts them off. Resolves to whether all could finish.
   * Idempotent.
   */
  drain(maxMs?: number): Promise<boolean>;
}

/**
 * Starts a gRPC server with health checking and reflection. Whatever a handler does, a call ends with a status and the
 * process lives on. Errors: `port_taken`, `address_unusable`.
 */
export async function startRpcServer(options: RpcServerOptions): Promise<Result<RpcServer, Refusal>> {
  guardTimeoutHeader();
  setLogVerbosity(logVerbosity.NONE); // its errors reach us as values; the rest is not in our log's form
  const maxMessageBytes = options.maxMessageBytes ?? MESSAGE_BYTES_MAX;
  // Up to twice the limit a message is read to be refused with a reason; beyond, grpc-js cuts it off without one.
  const server = new Server({
    "grpc.max_receive_message_length": maxMessageBytes * 2,
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
  });
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // each one-way stream listens to it, however many there are
  const door = { maxMessageBytes, hooks: options.hooks ?? {}, stopping: stopping.signal };
  for (const service of options.services) addService(server, service, door);
  const names = ["", ...options.services.map(({ name }) => name)];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "NOT_SERVING" as const])));
  health.addToServer(server);
  addReflection(server, names.slice(1));
  const port = await bind(server, options);
  if (!port.ok) return port;
  const setServing = (isServing: boolean) => {
    for (const name of names) health.setStatus(name, isServing ? "SERVING" : "NOT_SERVING");
  };
  let drained: Promise<boolean> | undefined;
  return ok({
    port: port.value,
    setServing,
    drain(maxMs = DRAIN_MAX_MS) {
      setServing(false);
      stopping.abort();
      drained ??= shutDown(server, maxMs);
      return drained;
    },
  });
}

/** What all services of a server have in common. */
interface Door {
  readonly maxMessageBytes: number;
  readonly hooks: CallHooks;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
}

function addService(server: Server, { methods }: RpcService, door: Door): void {
  const definition: Record<string, MethodDefinition<Incoming, unknown>> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const bound of methods) {
    definition[bound.name] = guardedDefinition(bound, door.maxMessageBytes);
    implementation[bound.name] = guardedHandler(bound, door);
  }
  const service: ServiceDefinition = definition;
  server.addService(service, implementation);
}

function guardedHandler(bound: BoundMethod, { hooks, stopping }: Door): UntypedServiceImplementation[string] {
  const { requestStream, responseStream } = bound.method;
  if (requestStream) return answerStream.bind(undefined, bound, hooks);
  return responseStream
    ? answerOneWay.bind(undefined, bound, hooks, stopping)
    : answerUnary.bind(undefined, bound, hooks);
}

function guardedDefinition(bound: BoundMethod, maxMessageBytes: number): MethodDefinition<Incoming, unknown> {
  const { method } = bound;
  if (method.requestStream && !method.responseStream) throw new Error(`${method.path} streams to the server only`);
  return {
    path: method.path,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: () => {
      throw new Error("a server sends no requests");
    },
    requestDeserialize: (bytes) => readIncoming(bound, bytes, maxMessageBytes),
    responseSerialize: (value) => method.responseSerialize(value),
    responseDeserialize: (bytes) => method.responseDeserialize(bytes),
  };
}

function bind(server: Server, { host, port }: RpcServerOptions): Promise<Result<number, Refusal>> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, boundPort) => {
      if (error === null) {
        resolve(ok(boundPort));
        return;
      }
      server.forceShutdown();
      const isTaken = error.message.includes("EADDRINUSE");
      const expected = isTaken
        ? `a free port: another process listens on port ${port}`
        : "an address of this machine and a port that this user may listen on";
      resolve(err(refusal(isTaken ? "port_taken" : "address_unusable", "port", address, expected)));
    });
  });
}

function shutDown(server: Server, maxMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve(false);
    }, maxMs);
    server.tryShutdown((error) => {
      clearTimeout(timer);
      if (error !== undefined) server.forceShutdown();
      resolve(error === undefined);
    });
  });
}
