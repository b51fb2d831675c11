import { TOPICS } from "@leastwise/contracts";
import { RECORD_BYTES_MAX, type EventLog, type NewRecord } from "@leastwise/eventlog";
import { err, ok, refusal, type Millis, type Refusal, type Result } from "@leastwise/vocabulary";
import { decodeChunk, decodeManifest, encodeChunk, encodeManifest, peekChunk, type Manifest } from "./chunk.js";
import type { CheckpointIdentity, CheckpointStore, CheckpointWriting } from "./store.js";

/** Payload of a chunk at most: a record has room for header and key beside it. */
export const CHUNK_PAYLOAD_BYTES_MAX = RECORD_BYTES_MAX - 4_096;

/**
 * Checkpoints on two compacted topics, each with the partitions of the clickstream: chunks under `<id>/<index>`, manifests under the epoch of their
 * owner. What no manifest names any more is deleted by tombstones when the next one is written.
 */
export function openCheckpointTopics(log: EventLog, nowMs: () => Millis): CheckpointStore {
  return new CheckpointTopics(log, nowMs);
}

class CheckpointTopics implements CheckpointStore {
  readonly #log: EventLog;
  readonly #nowMs: () => Millis;

  constructor(log: EventLog, nowMs: () => Millis) {
    this.#log = log;
    this.#nowMs = nowMs;
  }

  async newest(partition: number): Promise<Result<Manifest | undefined, Refusal>> {
    let newest: Manifest | undefined;
    let problem: Refusal | undefined;
    await readThrough(this.#log, TOPICS.windowManifests, partition, (value) => {
      if (value.length === 0) return;
      const manifest = decodeManifest(value);
      if (!manifest.ok) problem = manifest.error;
      else if (newest === undefined || manifest.value.epoch >= newest.epoch) newest = manifest.value;
    });
    if (newest !== undefined || problem === undefined) return ok(newest);
    return err({ ...problem, field: `${TOPICS.windowManifests}/${partition}` });
  }

  async read(manifest: Manifest, onPayload: (payload: Buffer) => void): Promise<Result<void, Refusal>> {
    let next = 0;
    let problem: Refusal | undefined;
    await readThrough(this.#log, TOPICS.windowCheckpoints, manifest.partition, (value) => {
      // Each comes in its turn, and again if it was sent again.
      const place = peekChunk(value);
      if (problem !== undefined || place?.id !== manifest.id || place.index !== next) return;
      const payload = decodeChunk({ ...manifest, index: next }, value);
      if (payload.ok) onPayload(payload.value);
      else problem = payload.error;
      next += 1;
    });
    if (problem === undefined && next === manifest.chunks) return ok(undefined);
    const refused = problem ?? cut(next, manifest);
    return err({ ...refused, field: `${TOPICS.windowCheckpoints}/${manifest.partition}: ${refused.field}` });
  }

  async begin(identity: CheckpointIdentity): Promise<CheckpointWriting> {
    return Promise.resolve(new TopicWriting(this.#log, this.#nowMs, identity));
  }
}

class TopicWriting implements CheckpointWriting {
  readonly #log: EventLog;
  readonly #nowMs: () => Millis;
  readonly #identity: CheckpointIdentity;
  #index = 0;

  constructor(log: EventLog, nowMs: () => Millis, identity: CheckpointIdentity) {
    this.#log = log;
    this.#nowMs = nowMs;
    this.#identity = identity;
  }

  async chunk(payload: Uint8Array): Promise<void> {
    const index = this.#index;
    this.#index += 1;
    const value = encodeChunk({ ...this.#identity, index }, payload);
    await this.#append(TOPICS.windowCheckpoints, [[chunkKey(this.#identity.id, index), value]]);
  }

  async finish(manifest: Manifest): Promise<void> {
    await this.#append(TOPICS.windowManifests, [[String(manifest.epoch), encodeManifest(manifest)]]);
    // It counts from here on: what cannot be deleted now is deleted by the next one.
    await this.#deleteOthers(manifest).catch(() => undefined);
  }

  async abandon(): Promise<void> {
    const keys = Array.from({ length: this.#index }, (_, index) => chunkKey(this.#identity.id, index));
    await this.#append(TOPICS.windowCheckpoints, keys.map(tombstone));
  }

  /** Tombstones for what earlier checkpoints left, and for manifests of earlier owners. */
  async #deleteOthers({ partition, id, epoch }: Manifest): Promise<void> {
    const manifests = new Set<string>();
    await readThrough(this.#log, TOPICS.windowManifests, partition, (value) => {
      const manifest = value.length === 0 ? undefined : decodeManifest(value);
      if (manifest?.ok === true && manifest.value.epoch < epoch) manifests.add(String(manifest.value.epoch));
    });
    const chunks = new Set<string>();
    await readThrough(this.#log, TOPICS.windowCheckpoints, partition, (value) => {
      const place = peekChunk(value);
      if (place !== undefined && place.id !== id && place.epoch <= epoch) chunks.add(chunkKey(place.id, place.index));
    });
    await this.#append(TOPICS.windowManifests, [...manifests].map(tombstone));
    await this.#append(TOPICS.windowCheckpoints, [...chunks].map(tombstone));
  }

  async #append(topic: string, records: readonly (readonly [key: string, value: Buffer])[]): Promise<void> {
    if (records.length === 0) return;
    const { partition } = this.#identity;
    const timestampMs = this.#nowMs();
    await this.#log.append(records.map(([key, value]): NewRecord => ({ topic, partition, key, value, timestampMs })));
  }
}

function cut(index: number, { partition, chunks, id }: Manifest): Refusal {
  const field = `partition ${partition}, chunk ${index}`;
  return refusal("checkpoint_corrupt", field, "the topic's end", `${chunks} chunks of ${id}`);
}

function tombstone(key: string): readonly [key: string, value: Buffer] {
  return [key, Buffer.alloc(0)];
}

function chunkKey(id: string, index: number): string {
  return `${id}/${index}`;
}

/** Hands on what stands in a partition now, from its beginning to its end. */
async function readThrough(
  log: EventLog,
  topic: string,
  partition: number,
  take: (value: Buffer) => void,
): Promise<void> {
  const { begin, end } = await log.offsets(topic, partition);
  if (begin === end) return;
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const running = await log.scan({
    topic,
    partitions: [partition],
    from: () => Promise.resolve(begin),
    onSpans: ({ count, bytes, valueFrom, valueTo, nextOffset }) => {
      for (let index = 0; index < count; index += 1) take(bytes.subarray(valueFrom[index], valueTo[index]));
      if (nextOffset >= end) finish();
    },
    onPoisoned: ({ nextOffset }) => {
      if (nextOffset >= end) finish();
    },
  });
  try {
    await Promise.race([done, running.finished]);
  } finally {
    await running.stop();
  }
}
