import type { ServerWritableStream } from "@grpc/grpc-js";
import { err, ok, refusal, type Result } from "@leastwise/vocabulary";
import { performance } from "node:perf_hooks";
import { answerOne, contextOf, defect, givenUp, tell, type CallHooks, type Incoming } from "./guarded-call.js";
import type { BoundMethod } from "./handlers.js";
import { refuse, statusOf, type RpcRefusal } from "./rpc-refusal.js";

type Call = ServerWritableStream<Incoming, unknown>;

/**
 * Answers one message with a stream, each message after the one before has left. It ends with its source, with the caller, with the deadline, or
 * when the server stops. Never throws.
 */
export function answerOneWay(bound: BoundMethod, hooks: CallHooks, stopping: AbortSignal, call: Call): void {
  const startedMs = performance.now();
  const controller = new AbortController();
  const context = contextOf(bound, call, controller);
  let isOver = false;
  const finish = (outcome: Result<unknown, RpcRefusal>) => {
    if (isOver) return;
    isOver = true;
    stopping.removeEventListener("abort", stop);
    if (outcome.ok) call.end();
    else call.emit("error", statusOf(outcome.error));
    tell(hooks, bound, context, startedMs, outcome);
    controller.abort(); // whatever ended the call, its source has nobody left to make anything for
  };
  const stop = () => {
    finish(err(refuse("UNAVAILABLE", STOPPING)));
  };
  call.on("cancelled", () => {
    finish(err(givenUp(context)));
  });
  stopping.addEventListener("abort", stop);
  if (stopping.aborted) stop();
  void answerOne(bound, hooks, call.request, context).then(async (answer) => {
    finish(answer.ok ? await sendAll(bound, hooks, call, answer.value, context.signal) : answer);
  });
}

const STOPPING = refusal("stopping", "", "a stream of a server that stops", "the same call to another server");

async function sendAll(
  { method }: BoundMethod,
  hooks: CallHooks,
  call: Call,
  messages: unknown,
  signal: AbortSignal,
): Promise<Result<undefined, RpcRefusal>> {
  try {
    if (!isIterable(messages)) throw new TypeError(`the handler of ${method.path} has no stream for an answer`);
    for await (const message of messages) {
      if (signal.aborted) break;
      await send(call, message, signal);
    }
    return ok(undefined);
  } catch (error) {
    return err(defect(method.path, hooks, error));
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/**
 * Resolves when the message has left for the socket, or nobody waits for it any more. A writable's own high-water mark would let 16
 * messages wait that are old when they leave.
 */
function send(call: Call, message: unknown, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener("abort", done);
      resolve();
    };
    signal.addEventListener("abort", done);
    call.write(message, done);
  });
}
