import { LogError, type LogErrorCode, type RecordSpans } from "@leastwise/eventlog";
import type { Worker } from "node:worker_threads";
import type { Restored } from "../checkpoint/checkpoint-keeper.js";
import type { Manifest } from "../checkpoint/chunk.js";
import type { AddedPartition, Claims } from "./ingest.js";
import { waitToStop } from "./stop-wait.js";
import type { FromThread, PostedPoison, PostedSpans, ToThread } from "./thread-messages.js";
import type { FoldEffects } from "./windows-fold.js";

/** What the thread has to say and to ask. */
export interface ThreadListener {
  readonly onCheckpoint: (manifest: Manifest, tookMs: number) => void;
  readonly onCheckpointFailed: (partition: number, message: string) => void;
  /** Resolves when the stretch may be passed over: what it has is kept elsewhere. A rejection fails the thread. */
  readonly onPoisoned: (batch: PostedPoison) => Promise<void>;
  readonly areMovesDurable: (partition: number, offset: number) => Promise<boolean>;
  readonly onMovesDurable: (partition: number, below: number) => void;
  readonly reaches: (partition: number, offset: number) => Promise<boolean>;
}

/** A question that the thread has not answered. */
interface Asked {
  readonly kind: ToThread["kind"];
  readonly answer: (answer: FromThread) => void;
  readonly fail: (error: unknown) => void;
}

type WithoutId<Message> = Message extends { readonly id: number } ? Omit<Message, "id"> : never;

/** A thread that takes partitions of the clickstream in, seen from the one that answers. */
export class IngestThread {
  /** Rejects when the thread has failed; resolves when it has ended as it was told to. */
  readonly finished: Promise<void>;
  readonly #worker: Worker;
  readonly #listener: ThreadListener;
  readonly #asked = new Map<number, Asked>();
  #lastAsked = 0;
  #onEffects: (effects: FoldEffects) => void = () => undefined;
  #isStopping = false;
  #stopped: Promise<void> | undefined;
  /** Why there is nobody left to ask. */
  #ended: { readonly error: unknown } | undefined;
  #fail: (error: unknown) => void = () => undefined;

  constructor(worker: Worker, listener: ThreadListener) {
    this.#worker = worker;
    this.#listener = listener;
    this.finished = new Promise((resolve, reject) => {
      this.#fail = reject;
      worker.on("exit", (code) => {
        this.#over(new Error(`the ingest thread ended with ${code}`));
        if (this.#isStopping) resolve();
      });
    });
    this.finished.catch(() => undefined);
    worker.on("error", (error) => {
      this.#over(error);
    });
    worker.on("message", (message: FromThread) => {
      // What cannot be done here about what the thread says would be missing for good: the thread has failed.
      this.#take(message).catch((error: unknown) => {
        this.#over(error);
      });
    });
  }

  /** Has partitions taken up, and their windows filled from checkpoints. */
  async restore(added: readonly AddedPartition[]): Promise<readonly Restored[]> {
    const answer = await this.#ask({ kind: "restore", added });
    if (answer.kind !== "restored") throw new Error(`expected what was restored, got ${answer.kind}`);
    return answer.restored;
  }

  /** Has it know what its partitions are held as: see `Ingest.assume`. */
  async assume(claims: Claims): Promise<void> {
    await this.#ask({ kind: "assume", claims });
  }

  /** Has partitions let go. When it resolves, all that came of them has been heard. */
  async release(partitions: readonly number[]): Promise<void> {
    await this.#ask({ kind: "release", partitions });
  }

  /** Has records taken in that were read here. What cannot be taken in, or not be seen to, fails the thread. */
  async take(spans: RecordSpans, onEffects: (effects: FoldEffects) => void): Promise<void> {
    const posted = postedSpans(spans);
    // Seen to within the message: whatever the thread asks next finds it done.
    await this.#ask({ kind: "spans", spans: posted }, [posted.bytes.buffer as ArrayBuffer], (answer) => {
      if (answer.kind !== "effects") throw new Error(`expected effects, got ${answer.kind}`);
      onEffects(answer.effects);
    });
  }

  /** Has the thread follow the log that it opened itself. */
  async follow(onEffects: (effects: FoldEffects) => void): Promise<void> {
    this.#onEffects = onEffects;
    await this.#ask({ kind: "follow" });
  }

  /** Has a checkpoint of each of its partitions written. */
  async checkpoint(): Promise<void> {
    await this.#ask({ kind: "checkpoint" });
  }

  /** Resolves when the thread has ended: as it says, or, if it does not say so for long, because it is made to. */
  stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    await waitToStop(this.#ask({ kind: "stop" }));
    await this.#worker.terminate();
  }

  /** The answer, once `onAnswer` has heard it. */
  #ask(
    question: WithoutId<ToThread>,
    transfer: readonly ArrayBuffer[] = [],
    onAnswer: (answer: FromThread) => void = () => undefined,
  ): Promise<FromThread> {
    if (this.#ended !== undefined) return Promise.reject(asError(this.#ended.error));
    this.#lastAsked += 1;
    const id = this.#lastAsked;
    return new Promise((resolve, fail) => {
      const answer = (given: FromThread): void => {
        onAnswer(given);
        resolve(given);
      };
      this.#asked.set(id, { kind: question.kind, answer, fail });
      this.#worker.postMessage({ ...question, id }, [...transfer]);
    });
  }

  async #take(message: FromThread): Promise<void> {
    if (this.#ended !== undefined) return;
    switch (message.kind) {
      case "followed":
        this.#onEffects(message.effects);
        this.#worker.postMessage({ kind: "taken", batches: 1 } satisfies ToThread);
        return;
      case "areMovesDurable":
        this.#answer(message.id, await this.#listener.areMovesDurable(message.partition, message.offset));
        return;
      case "reaches":
        this.#answer(message.id, await this.#listener.reaches(message.partition, message.offset));
        return;
      case "movesDurable":
        this.#listener.onMovesDurable(message.partition, message.below);
        return;
      case "poisoned":
        await this.#listener.onPoisoned(message.batch);
        this.#answer(message.id, true);
        return;
      case "checkpointed":
        this.#listener.onCheckpoint(message.manifest, message.tookMs);
        return;
      case "checkpointFailed":
        this.#listener.onCheckpointFailed(message.partition, message.message);
        return;
      case "failed":
        this.#failed(message.id, thrown(message.message, message.code));
        return;
      case "restored":
      case "effects":
      case "done":
        this.#asked.get(message.id)?.answer(message);
        this.#asked.delete(message.id);
    }
  }

  #answer(id: number, value: boolean): void {
    this.#worker.postMessage({ kind: "answer", id, value } satisfies ToThread);
  }

  #failed(id: number | undefined, error: Error): void {
    const asked = id === undefined ? undefined : this.#asked.get(id);
    // Records that were not taken in are as bad when they were handed over as when the thread followed them.
    if (id === undefined || asked === undefined || asked.kind === "spans") {
      this.#over(error);
      return;
    }
    this.#asked.delete(id);
    asked.fail(error);
  }

  /** Nothing more is taken in, so that no checkpoint can have what was not seen to here. */
  #over(error: unknown): void {
    this.#ended ??= { error };
    for (const { fail } of this.#asked.values()) fail(error);
    this.#asked.clear();
    if (this.#isStopping) return;
    this.#fail(error);
    void this.#worker.terminate();
  }
}

/** A copy: what it is a view of is used again. */
function postedSpans(spans: RecordSpans): PostedSpans {
  const { topic, partition, count, offsets, timestampsMs, valueFrom, valueTo, endOffset, nextOffset, removedFrom } =
    spans;
  const from = count === 0 ? 0 : (valueFrom[0] ?? 0);
  const to = count === 0 ? 0 : (valueTo[count - 1] ?? 0);
  return {
    ...{ topic, partition, count, endOffset, nextOffset, removedFrom },
    offsets: offsets.slice(0, count),
    timestampsMs: timestampsMs.slice(0, count),
    valueFrom: valueFrom.slice(0, count).map((at) => at - from),
    valueTo: valueTo.slice(0, count).map((at) => at - from),
    bytes: Uint8Array.prototype.slice.call(spans.bytes, from, to),
  };
}

function thrown(message: string, code: string): Error {
  return code === "" ? new Error(message) : new LogError(code as LogErrorCode, message, "terminal");
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
