import {
  credentials,
  InterceptingCall,
  Metadata,
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientOptions,
  type ClientUnaryCall,
  type Interceptor,
  type ServiceError,
} from "@grpc/grpc-js";
import { err, ok, type Result } from "@leastwise/vocabulary";
import { codeName } from "./guarded-call.js";
import { EXPECTED_KEY, FIELD_KEY, isRpcCode, REASON_KEY, type RpcRefusal } from "./rpc-refusal.js";
import { TIMER_MAX_MS } from "./timeout-header.js";

/** A generated client: `wire.DecisionServiceClient`. */
export type ClientClass<C extends Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options?: Partial<ClientOptions>,
) => C;

/** Brings a deadline of more than 24.8 days down to that: farther ones overflow timers or throw inside grpc-js. */
const clampDeadline: Interceptor = (options, nextCall) => {
  const { deadline } = options;
  const longestMs = Date.now() + TIMER_MAX_MS;
  const isTooFar = deadline !== undefined && !(Number(deadline) <= longestMs);
  return new InterceptingCall(nextCall(isTooFar ? { ...options, deadline: longestMs } : options));
};

/** Opens a client to `host:port`. It connects at its first call and again after every loss. Close it when done. */
export function connect<C extends Client>(client: ClientClass<C>, address: string): C {
  return new client(address, credentials.createInsecure(), {
    interceptors: [clampDeadline],
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 5_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 5_000,
  });
}

/** Why a call brought no answer. */
export interface RpcFailure {
  /** Name of the gRPC code: `UNAVAILABLE`. */
  readonly code: string;
  /** Stable reason of a refusal; empty for what did not come from one of our handlers. */
  readonly reason: string;
  /** Path of the offending field; empty if there is none. */
  readonly field: string;
  /** What was expected, in words. */
  readonly expected: string;
  /** One line for a person. */
  readonly message: string;
}

/** A method of a generated client, bound to it. */
export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/**
 * Makes a unary call, its failure a value: `callUnary(client.decide.bind(client), request, { timeoutMs: 50 })`.
 * Without a signal or timeout it waits as long as the server does.
 */
export function callUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  options: { readonly timeoutMs?: number; readonly signal?: AbortSignal; readonly metadata?: Metadata } = {},
): Promise<Result<Response, RpcFailure>> {
  const deadline = options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
  return new Promise((resolve) => {
    const call = method(request, options.metadata ?? new Metadata(), deadline, (error, response) => {
      options.signal?.removeEventListener("abort", cancel);
      resolve(error === null ? ok(response) : err(failureOf(error)));
    });
    const cancel = () => {
      call.cancel();
    };
    options.signal?.addEventListener("abort", cancel, { once: true });
    if (options.signal?.aborted === true) cancel();
  });
}

/**
 * The refusal of a process that was asked on a caller's behalf, for that caller, as that process said it. Undefined for a failure that is no
 * refusal of ours, such as a connection that was lost.
 */
export function passedOn({ code, reason, field, expected, message }: RpcFailure): RpcRefusal | undefined {
  if (reason === "" || !isRpcCode(code)) return undefined;
  return { code, refusal: { reason, field, came: "what the message says", expected }, message };
}

/** What an error of a call says. */
export function failureOf({
  code,
  details,
  metadata,
}: Pick<ServiceError, "code" | "details" | "metadata">): RpcFailure {
  const said = (key: string) => metadata.get(key).map(String)[0] ?? "";
  return {
    code: codeName(code),
    reason: said(REASON_KEY),
    field: said(FIELD_KEY),
    expected: said(EXPECTED_KEY),
    message: details,
  };
}
