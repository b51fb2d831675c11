import type { Refusal, Result } from "@leastwise/vocabulary";
import type { Manifest } from "./chunk.js";

/**
 * A checkpoint in the making. Nothing of it counts before {@link CheckpointWriting.finish} is called; it counts for certain when that has resolved,
 * and perhaps when it has rejected. It is whole or absent whatever happens.
 */
export interface CheckpointWriting {
  /** Takes the next piece. Resolves when it is stored. */
  chunk(payload: Uint8Array): Promise<void>;
  /** Writes the manifest; what was there before goes. After a rejection it may be there all the same, with all its chunks, or the one before. */
  finish(manifest: Manifest): Promise<void>;
  /** Takes the chunks away, as well as it can. Not to be called once the manifest was tried. */
  abandon(): Promise<void>;
}

/** Which checkpoint is begun. */
export type CheckpointIdentity = Pick<Manifest, "partition" | "epoch" | "id">;

/** Where checkpoints are kept: beside the embedded log, or on topics. Failures are exceptions; what is wrong with a checkpoint is a refusal. */
export interface CheckpointStore {
  /** The newest manifest of a partition; undefined if there is none. Refuses `checkpoint_corrupt`, naming its file or topic. */
  newest(partition: number): Promise<Result<Manifest | undefined, Refusal>>;
  /** Hands the payloads of a manifest's chunks on, in order. Refuses `checkpoint_corrupt`, naming file or topic, and chunk; some may have been handed on by then. */
  read(manifest: Manifest, onPayload: (payload: Buffer) => void): Promise<Result<void, Refusal>>;
  /** Begins the only checkpoint of its partition that is being written. What unfinished ones left may go. */
  begin(identity: CheckpointIdentity): Promise<CheckpointWriting>;
}
