import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { decodeChunk, decodeManifest, encodeChunk, encodeManifest, type Manifest } from "./chunk.js";
import type { CheckpointIdentity, CheckpointStore, CheckpointWriting } from "./store.js";

/** Before each chunk in the file stands its length. */
const LENGTH_BYTES = 4;
/** No chunk is written that is larger; a length beyond is damage. */
const CHUNK_BYTES_MAX = 2 ** 26;
const READ_BYTES = 4 * 2 ** 20;

/**
 * Checkpoints in a directory of this machine, one below it for each partition: `<id>.chunks`, and `manifest`, which is put into the place of
 * the one before at once, after the chunks are on the disk.
 */
export function openCheckpointFiles(directory: string): CheckpointStore {
  return new CheckpointFiles(directory);
}

class CheckpointFiles implements CheckpointStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async newest(partition: number): Promise<Result<Manifest | undefined, Refusal>> {
    const path = join(this.#of(partition), "manifest");
    const bytes = await readIfThere(path);
    if (bytes === undefined) return ok(undefined);
    const manifest = decodeManifest(bytes);
    return manifest.ok ? manifest : err({ ...manifest.error, field: path });
  }

  async read(manifest: Manifest, onPayload: (payload: Buffer) => void): Promise<Result<void, Refusal>> {
    const path = join(this.#of(manifest.partition), `${manifest.id}.chunks`);
    const read = await readFileOf(path, manifest, onPayload);
    return read.ok ? read : err({ ...read.error, field: `${path}: ${read.error.field}` });
  }

  async begin(identity: CheckpointIdentity): Promise<CheckpointWriting> {
    const directory = this.#of(identity.partition);
    await mkdir(directory, { recursive: true });
    await this.#removeUnfinished(identity.partition);
    return FileWriting.open(directory, identity);
  }

  /** Removes what crashes and rejections of {@link CheckpointWriting.finish} left, so that it does not heap up. */
  async #removeUnfinished(partition: number): Promise<void> {
    const directory = this.#of(partition);
    const newest = await this.newest(partition);
    // Which chunks a damaged manifest names is not known: they go when the next one stands.
    if (!newest.ok) return;
    const left = await chunksBeside(directory, newest.value?.id);
    if (left.length === 0) return;
    // As in finishing: the manifest of before, which names some of them, may come back until this one's name is on the disk.
    await syncDirectory(directory);
    await removeAll(directory, left).catch(() => undefined);
  }

  #of(partition: number): string {
    return join(this.#directory, String(partition));
  }
}

async function readFileOf(
  path: string,
  manifest: Manifest,
  onPayload: (payload: Buffer) => void,
): Promise<Result<void, Refusal>> {
  const file = await openIfThere(path);
  if (file === undefined) return err(cut(0, "no file", manifest));
  try {
    return await readChunks(file, manifest, onPayload);
  } finally {
    await file.close();
  }
}

async function readChunks(
  file: FileHandle,
  manifest: Manifest,
  onPayload: (payload: Buffer) => void,
): Promise<Result<void, Refusal>> {
  const reading = new Reading(file);
  for (let index = 0; index < manifest.chunks; index += 1) {
    const head = await reading.take(LENGTH_BYTES);
    const length = head?.readUInt32LE(0) ?? 0;
    const bytes = length === 0 || length > CHUNK_BYTES_MAX ? undefined : await reading.take(length);
    if (bytes === undefined) return err(cut(index, "the file's end", manifest));
    const payload = decodeChunk({ ...manifest, index }, bytes);
    if (!payload.ok) return err(payload.error);
    onPayload(payload.value);
  }
  return ok(undefined);
}

function cut(index: number, got: string, { partition, chunks }: Manifest): Refusal {
  return refusal("checkpoint_corrupt", `partition ${partition}, chunk ${index}`, got, `a file of ${chunks} chunks`);
}

/** Reads a file from its beginning in large steps. */
class Reading {
  readonly #file: FileHandle;
  #buffer = Buffer.alloc(0);

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The next so many bytes, good until the next call; undefined if the file ends before. */
  async take(bytes: number): Promise<Buffer | undefined> {
    while (this.#buffer.length < bytes) {
      const more = Buffer.allocUnsafe(Math.max(READ_BYTES, bytes));
      const { bytesRead } = await this.#file.read(more, 0, more.length);
      if (bytesRead === 0) return undefined;
      this.#buffer = Buffer.concat([this.#buffer, more.subarray(0, bytesRead)]);
    }
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    return taken;
  }
}

class FileWriting implements CheckpointWriting {
  readonly #directory: string;
  readonly #identity: CheckpointIdentity;
  readonly #file: FileHandle;
  #index = 0;

  private constructor(directory: string, identity: CheckpointIdentity, file: FileHandle) {
    this.#directory = directory;
    this.#identity = identity;
    this.#file = file;
  }

  static async open(directory: string, identity: CheckpointIdentity): Promise<FileWriting> {
    return new FileWriting(directory, identity, await open(join(directory, `${identity.id}.chunks`), "wx"));
  }

  async chunk(payload: Uint8Array): Promise<void> {
    const bytes = encodeChunk({ ...this.#identity, index: this.#index }, payload);
    this.#index += 1;
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32LE(bytes.length);
    await this.#file.writev([length, bytes]);
  }

  async finish(manifest: Manifest): Promise<void> {
    await this.#file.datasync();
    await this.#file.close();
    const path = join(this.#directory, "manifest");
    const next = await open(`${path}.next`, "w");
    await next.writeFile(encodeManifest(manifest));
    await next.datasync();
    await next.close();
    await rename(`${path}.next`, path);
    // Both names are on the disk before what the manifest of before names is removed: after a loss of power it may stand there again.
    await syncDirectory(this.#directory);
    // It counts from here on: files that cannot be removed now are removed by the next one.
    await this.#removeOthers(manifest.id).catch(() => undefined);
  }

  async #removeOthers(id: string): Promise<void> {
    await removeAll(this.#directory, await chunksBeside(this.#directory, id));
  }

  async abandon(): Promise<void> {
    await this.#file.close();
    await rm(join(this.#directory, `${this.#identity.id}.chunks`), { force: true });
  }
}

/** Names of the files of chunks that are not those of the checkpoint. */
async function chunksBeside(directory: string, id: string | undefined): Promise<readonly string[]> {
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith(".chunks") && name !== `${id}.chunks`);
}

async function removeAll(directory: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(directory, name), { force: true });
}

/** How systems say that directories cannot be opened or synced: Windows, and file systems of networks and containers. They keep names by themselves. */
const NOT_SUPPORTED = ["EINVAL", "ENOTSUP", "ENOSYS", "EBADF", "EPERM", "EACCES", "EISDIR"];

async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, "r");
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!hasCode(error, ...NOT_SUPPORTED)) throw error;
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  return ifThere(() => readFile(path));
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return ifThere(() => open(path, "r"));
}

async function ifThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return typeof error === "object" && error !== null && "code" in error && codes.includes(String(error.code));
}
