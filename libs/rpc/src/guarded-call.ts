import { status, type Deadline, type Metadata, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { err, InWords, ok, printable, refusal, type Result } from "@leastwise/vocabulary";
import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { BoundMethod, CallContext } from "./handlers.js";
import { callerGone, invalidArgument, refuse, statusOf, type RpcCode, type RpcRefusal } from "./rpc-refusal.js";

/** How a call ended. */
export interface CallEnd {
  /** Full name of the method. */
  readonly method: string;
  readonly code: "OK" | RpcCode;
  /** Reason of the refusal; empty if there was none. */
  readonly reason: string;
  readonly durationMs: number;
  /** Time that was left to the caller's deadline, below 0 after it; undefined where there is none. */
  readonly leftMs: number | undefined;
}

/** What a server tells of its calls. */
export interface CallHooks {
  /** After each call: for metrics. */
  onCall?(end: CallEnd): void;
  /** A handler threw: a bug. The caller was told the reference and nothing else. */
  onDefect?(error: unknown, reference: string, method: string): void;
}

/** A message as it came over the wire: read, or why not. */
export type Incoming = Result<unknown, RpcRefusal>;

/** Reads a message's bytes, never throwing: grpc-js answers a throw with INTERNAL, as if the fault were ours. */
export function readIncoming({ method }: BoundMethod, bytes: Buffer, maxMessageBytes: number): Incoming {
  if (bytes.length > maxMessageBytes) {
    const refused = refusal("message_too_large", "", `${bytes.length} bytes`, `at most ${maxMessageBytes} bytes`);
    return err(refuse("RESOURCE_EXHAUSTED", refused));
  }
  try {
    return ok(method.requestDeserialize(bytes));
  } catch {
    return err(invalidArgument(refusal("message_malformed", "", `${bytes.length} bytes`, "a whole protobuf message")));
  }
}

/** What calls of all kinds have. */
interface AnyCall {
  readonly metadata: Metadata;
  getDeadline(): Deadline;
  getPeer(): string;
  on(event: "cancelled", listener: () => void): unknown;
}

/** Answers a unary call. Never throws and never rejects. */
export function answerUnary(
  bound: BoundMethod,
  hooks: CallHooks,
  call: ServerUnaryCall<Incoming, unknown>,
  callback: sendUnaryData<unknown>,
): void {
  const startedMs = performance.now();
  const context = contextOf(bound, call);
  void answerOne(bound, hooks, call.request, context).then((answer) => {
    if (answer.ok) callback(null, answer.value);
    else callback(statusOf(answer.error));
    tell(hooks, bound, context, startedMs, answer);
  });
}

/** What the handler makes of one message, or why it makes nothing. Never throws and never rejects. */
export async function answerOne(
  { method, handler }: BoundMethod,
  hooks: CallHooks,
  request: Incoming,
  context: CallContext,
): Promise<Result<unknown, RpcRefusal>> {
  if (!request.ok) return request;
  if (isPast(context)) return err(pastDeadline());
  try {
    return await handler(request.value, context);
  } catch (error) {
    return err(defect(method.path, hooks, error));
  }
}

/** Tells the hook of a bug, and what the caller hears of it. */
export function defect(method: string, hooks: CallHooks, error: unknown): RpcRefusal {
  const reference = randomUUID();
  safely(() => hooks.onDefect?.(error, reference, method));
  return refuse("INTERNAL", refusal("internal", "", reference, "no defect; quote the reference to the operators"));
}

/** How a call ends that its caller, or its deadline, has ended. */
export function givenUp(context: CallContext): RpcRefusal {
  return isPast(context) ? pastDeadline() : callerGone();
}

function isPast({ deadlineMs }: CallContext): boolean {
  return deadlineMs !== undefined && deadlineMs <= Date.now();
}

function pastDeadline(): RpcRefusal {
  return refuse(
    "DEADLINE_EXCEEDED",
    refusal("deadline_passed", "grpc-timeout", new InWords("a deadline in the past"), "one still to come"),
  );
}

const OVER = new Error("the call is over");

/** What a handler knows of a call. The controller's signal is the handler's, and aborts when the caller has gone. */
export function contextOf({ method }: BoundMethod, call: AnyCall, controller = new AbortController()): CallContext {
  // grpc-js says so of every call that is over. A reason of one's own spares each of them the making of an exception.
  call.on("cancelled", () => {
    controller.abort(OVER);
  });
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  return {
    method: method.path,
    deadlineMs: Number.isFinite(deadlineMs) ? deadlineMs : undefined,
    waitedMs: 0,
    signal: controller.signal,
    peer: call.getPeer(),
    metadata: call.metadata,
  };
}

/** Tells the hook how a call ended. */
export function tell(
  hooks: CallHooks,
  { method }: BoundMethod,
  context: CallContext,
  startedMs: number,
  answer: Result<unknown, RpcRefusal>,
): void {
  const end: CallEnd = {
    method: method.path,
    code: answer.ok ? codeOfAnswered(context) : answer.error.code,
    reason: answer.ok ? "" : answer.error.refusal.reason,
    durationMs: performance.now() - startedMs,
    leftMs: leftMs(context),
  };
  safely(() => hooks.onCall?.(end));
}

/** Runs a hook: its own bug costs neither the call nor the process. */
function safely(hook: () => void): void {
  try {
    hook();
  } catch (error) {
    process.emitWarning(printable(`a hook of the gRPC server threw: ${String(error)}`));
  }
}

/** A caller's clock runs ahead of what is left here by the way that the call took: who gives up so near to the deadline has met it. */
const WAY_MS = 25;

/** An answer that came too late reached nobody. */
function codeOfAnswered(context: CallContext): "OK" | RpcCode {
  if (!context.signal.aborted) return "OK";
  return (leftMs(context) ?? Number.POSITIVE_INFINITY) <= WAY_MS ? "DEADLINE_EXCEEDED" : "CANCELLED";
}

function leftMs({ deadlineMs }: CallContext): number | undefined {
  return deadlineMs === undefined ? undefined : deadlineMs - Date.now();
}

/** The name of a status code. */
export function codeName(code: status): string {
  return status[code];
}
