import { LogError, type EventLog, type PoisonedBatch } from "@leastwise/eventlog";
import { randomBytes } from "node:crypto";
import type { MessagePort } from "node:worker_threads";
import type { CheckpointStore } from "../checkpoint/store.js";
import { Ingest } from "./ingest.js";
import type { FromThread, PostedPoison, ThreadData, ToThread } from "./thread-messages.js";
import type { FoldEffects } from "./windows-fold.js";

/** What a thread works with: a log of its own, if it is to follow one, and where checkpoints go, if there are to be any. */
export interface ThreadOpening {
  readonly log?: EventLog | undefined;
  readonly checkpoints?: CheckpointStore | undefined;
}

/** Batches whose effects the other thread has not taken yet: beyond, no more records are taken in. */
const UNTAKEN_MAX = 16;

/** Takes the clickstream in, in this thread, for the one at the other end of the port. */
export function serveIngestThread(port: MessagePort, data: ThreadData, opening: ThreadOpening): void {
  new ServingThread(port, data, opening).serve();
}

/** An ingest thread from within: what `IngestThread` is the other end of. */
class ServingThread {
  readonly #port: MessagePort;
  readonly #opening: ThreadOpening;
  readonly #ingest: Ingest;
  readonly #asked = new Map<number, (value: boolean) => void>();
  #lastAsked = 0;
  #untaken = 0;
  #isStopping = false;
  #mayGoOn: (() => void)[] = [];

  constructor(port: MessagePort, data: ThreadData, opening: ThreadOpening) {
    this.#port = port;
    this.#opening = opening;
    const { currency, incarnation, epoch, objectiveMs } = data;
    const store = opening.checkpoints;
    const newId = () => randomBytes(16).toString("hex");
    const checkpoints = store === undefined ? undefined : { store, epoch, objectiveMs, newId };
    this.#ingest = new Ingest(
      { currency, incarnation, checkpoints },
      {
        onCheckpoint: (manifest, tookMs) => {
          this.#post({ kind: "checkpointed", manifest, tookMs });
        },
        onCheckpointFailed: (partition, message) => {
          this.#post({ kind: "checkpointFailed", partition, message });
        },
        onPoisoned: (batch) => this.#setAside(postedPoison(batch)),
        areMovesDurable: (partition, offset) => this.#ask((id) => ({ kind: "areMovesDurable", id, partition, offset })),
        onMovesDurable: (partition, below) => {
          this.#post({ kind: "movesDurable", partition, below });
        },
        reaches: (partition, offset) => this.#ask((id) => ({ kind: "reaches", id, partition, offset })),
      },
    );
    this.#ingest.finished.catch((error: unknown) => {
      if (!this.#isStopping) this.#fail(undefined, error);
    });
  }

  serve(): void {
    this.#port.on("message", (message: ToThread) => {
      this.#take(message).catch((error: unknown) => {
        this.#fail("id" in message ? message.id : undefined, error);
      });
    });
  }

  async #take(message: ToThread): Promise<void> {
    switch (message.kind) {
      case "restore":
        this.#post({ kind: "restored", id: message.id, restored: await this.#ingest.restore(message.added) });
        return;
      case "assume":
        await this.#ingest.assume(message.claims);
        this.#post({ kind: "done", id: message.id });
        return;
      case "release":
        await this.#ingest.release(message.partitions);
        this.#post({ kind: "done", id: message.id });
        return;
      case "spans": {
        const { bytes, ...spans } = message.spans;
        const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
        this.#post({ kind: "effects", id: message.id, effects: this.#ingest.take({ ...spans, bytes: buffer }) });
        return;
      }
      case "follow":
        await this.#follow();
        this.#post({ kind: "done", id: message.id });
        return;
      case "checkpoint":
        await this.#ingest.checkpoint();
        this.#post({ kind: "done", id: message.id });
        return;
      case "taken":
        this.#untaken -= message.batches;
        for (const goOn of this.#mayGoOn.splice(0)) goOn();
        return;
      case "answer":
        this.#asked.get(message.id)?.(message.value);
        this.#asked.delete(message.id);
        return;
      case "stop":
        await this.#stop();
        this.#post({ kind: "done", id: message.id });
        this.#port.close();
    }
  }

  async #follow(): Promise<void> {
    const { log } = this.#opening;
    if (log === undefined) throw new Error("this thread has no log of its own to follow");
    await this.#ingest.follow(log, (effects) => this.#tell(effects));
  }

  async #tell(effects: FoldEffects): Promise<void> {
    this.#post({ kind: "followed", effects });
    this.#untaken += 1;
    while (this.#untaken >= UNTAKEN_MAX) await new Promise<void>((resolve) => this.#mayGoOn.push(resolve));
  }

  /** Holds its partition up until the stretch is a dead letter that stands on the log: no checkpoint goes beyond before. */
  async #setAside(batch: PostedPoison): Promise<void> {
    if (!(await this.#ask((id) => ({ kind: "poisoned", id, batch })))) throw new Error("the thread ends");
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    const stopped = this.#ingest.stop();
    this.#untaken = 0;
    for (const goOn of this.#mayGoOn.splice(0)) goOn();
    for (const answer of this.#asked.values()) answer(false);
    await stopped;
    await this.#opening.log?.close();
  }

  /** The answer to a question; false once the thread is told to end. */
  #ask(question: (id: number) => FromThread): Promise<boolean> {
    if (this.#isStopping) return Promise.resolve(false);
    this.#lastAsked += 1;
    const id = this.#lastAsked;
    this.#post(question(id));
    return new Promise((resolve) => this.#asked.set(id, resolve));
  }

  #fail(id: number | undefined, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#post({ kind: "failed", id, message, code: error instanceof LogError ? error.code : "" });
  }

  #post(message: FromThread): void {
    this.#port.postMessage(message);
  }
}

function postedPoison({ partition, firstOffset, nextOffset, reason, bytes }: PoisonedBatch): PostedPoison {
  return { partition, firstOffset, nextOffset, reason, bytes: Uint8Array.from(bytes) };
}
