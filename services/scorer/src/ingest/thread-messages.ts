import type { RecordSpans } from "@leastwise/eventlog";
import type { CurrencyCode } from "@leastwise/vocabulary";
import type { Restored } from "../checkpoint/checkpoint-keeper.js";
import type { Manifest } from "../checkpoint/chunk.js";
import type { AddedPartition, Claims } from "./ingest.js";
import type { FoldEffects } from "./windows-fold.js";

/** What an ingest thread is started with. Memory comes with `restore`: what a thread is started with is kept as long as it lives. */
export interface ThreadData {
  /** Which of the ingest threads it is, from 0 on. */
  readonly thread: number;
  readonly currency: CurrencyCode;
  readonly incarnation: string;
  /** Of the process whose thread it is: see `CheckpointOptions`. */
  readonly epoch: number;
  readonly objectiveMs: number;
  /** Whatever the thread's entry opens log and checkpoints from. */
  readonly opening: unknown;
}

/** Records that this thread read for the other one. */
export type PostedSpans = Omit<RecordSpans, "bytes"> & { readonly bytes: Uint8Array };

/** A stretch that cannot be read. */
export interface PostedPoison {
  readonly partition: number;
  readonly firstOffset: number;
  readonly nextOffset: number;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

/** To the ingest thread. Each question has an id, which its answer has too. */
export type ToThread =
  | { readonly kind: "restore"; readonly id: number; readonly added: readonly AddedPartition[] }
  | { readonly kind: "assume"; readonly id: number; readonly claims: Claims }
  | { readonly kind: "release"; readonly id: number; readonly partitions: readonly number[] }
  | { readonly kind: "spans"; readonly id: number; readonly spans: PostedSpans }
  | { readonly kind: "follow"; readonly id: number }
  | { readonly kind: "checkpoint"; readonly id: number }
  | { readonly kind: "stop"; readonly id: number }
  | { readonly kind: "taken"; readonly batches: number }
  | { readonly kind: "answer"; readonly id: number; readonly value: boolean };

/** From the ingest thread. `areMovesDurable`, `reaches` and `poisoned` are its own questions, with ids of their own. */
export type FromThread =
  | { readonly kind: "restored"; readonly id: number; readonly restored: readonly Restored[] }
  | { readonly kind: "effects"; readonly id: number; readonly effects: FoldEffects }
  | { readonly kind: "followed"; readonly effects: FoldEffects }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number | undefined; readonly message: string; readonly code: string }
  | { readonly kind: "areMovesDurable"; readonly id: number; readonly partition: number; readonly offset: number }
  | { readonly kind: "reaches"; readonly id: number; readonly partition: number; readonly offset: number }
  | { readonly kind: "movesDurable"; readonly partition: number; readonly below: number }
  | { readonly kind: "poisoned"; readonly id: number; readonly batch: PostedPoison }
  | { readonly kind: "checkpointed"; readonly manifest: Manifest; readonly tookMs: number }
  | { readonly kind: "checkpointFailed"; readonly partition: number; readonly message: string };
