import type { ServerDuplexStream } from "@grpc/grpc-js";
import { err, ok, type Result } from "@leastwise/vocabulary";
import { answerOne, contextOf, givenUp, tell, type CallHooks, type Incoming } from "./guarded-call.js";
import type { BoundMethod, CallContext } from "./handlers.js";
import { statusOf, type RpcRefusal } from "./rpc-refusal.js";

type Call = ServerDuplexStream<Incoming, unknown>;
type Answer = Result<unknown, RpcRefusal>;

/** Answers a two-way stream, message by message or several side by side, as its method says; answers leave in the order of the messages. Never throws. */
export function answerStream(bound: BoundMethod, hooks: CallHooks, call: Call): void {
  new TwoWayStream(bound, hooks, call).listen();
}

class TwoWayStream {
  readonly #bound: BoundMethod;
  readonly #hooks: CallHooks;
  readonly #call: Call;
  readonly #context: CallContext;
  readonly #startedMs = performance.now();
  /** The newest message in hand of each key. */
  readonly #byKey = new Map<string, Promise<Answer>>();
  /** Settles when the answers to all messages so far have left. */
  #left: Promise<void> = Promise.resolve();
  #inHand = 0;
  /** Nothing more is taken in until the answers that wait have drained. */
  #isFull = false;
  #hasEnded = false;
  #isOver = false;

  constructor(bound: BoundMethod, hooks: CallHooks, call: Call) {
    this.#bound = bound;
    this.#hooks = hooks;
    this.#call = call;
    this.#context = contextOf(bound, call);
  }

  listen(): void {
    const call = this.#call;
    call.on("data", (message: Incoming) => {
      this.#take(message);
    });
    call.on("end", () => {
      // A stream that its caller resets ends, too, and is known as cancelled only a tick later.
      setImmediate(() => {
        this.#hasEnded = true; // pausing does not hold this back: messages may still be in hand, and are answered first
        this.#finishIfDone();
      });
    });
    call.on("cancelled", () => {
      this.#finish(err(givenUp(this.#context)));
    });
  }

  #take(message: Incoming): void {
    this.#inHand += 1;
    if (this.#inHand >= (this.#bound.sideBySide?.messagesMax ?? 1)) this.#call.pause();
    const answered = this.#answer(message);
    this.#left = this.#left.then(async () => {
      this.#send(await answered);
    });
  }

  /** Messages of one key are answered one after the other. */
  #answer(message: Incoming): Promise<Answer> {
    const cameMs = performance.now();
    const answer = () => {
      const waitedMs = performance.now() - cameMs;
      return answerOne(this.#bound, this.#hooks, message, { ...this.#context, waitedMs });
    };
    const key = message.ok ? this.#bound.sideBySide?.keyOf(message.value) : undefined;
    if (key === undefined) return answer();
    const answered = this.#byKey.get(key)?.then(answer) ?? answer();
    this.#byKey.set(key, answered);
    void answered.then(() => {
      if (this.#byKey.get(key) === answered) this.#byKey.delete(key);
    });
    return answered;
  }

  #send(answer: Answer): void {
    this.#inHand -= 1;
    if (this.#isOver) return;
    if (!answer.ok) {
      this.#finish(answer);
      return;
    }
    const hasRoom = this.#call.write(answer.value);
    this.#finishIfDone();
    if (!hasRoom) this.#waitForRoom();
    else if (!this.#isFull) this.#call.resume();
  }

  #waitForRoom(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#call.pause();
    this.#call.once("drain", () => {
      this.#isFull = false;
      this.#call.resume();
    });
  }

  #finishIfDone(): void {
    if (this.#hasEnded && this.#inHand === 0) this.#finish(ok(undefined));
  }

  #finish(outcome: Answer): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (outcome.ok) this.#call.end();
    else this.#call.emit("error", statusOf(outcome.error));
    tell(this.#hooks, this.#bound, this.#context, this.#startedMs, outcome);
  }
}
