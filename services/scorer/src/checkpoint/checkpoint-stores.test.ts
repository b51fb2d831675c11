import { describe, expect, it, jest, beforeEach, afterEach } from "@jest/globals";
import { TOPICS } from "@leastwise/contracts";
import { mkdtemp, open, readdir, readFile, rm, truncate, writeFile, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NOON } from "../given/records.js";
import { givenLog, type GivenLog } from "../given/shop.js";
import { openCheckpointFiles } from "./checkpoint-files.js";
import { openCheckpointTopics } from "./checkpoint-topics.js";
import { decodeChunk, decodeManifest, encodeChunk, encodeManifest, type Manifest } from "./chunk.js";
import type { CheckpointStore } from "./store.js";

const PARTITION = 2;

function manifestOf(id: string, chunks: number, fields: Partial<Manifest> = {}): Manifest {
  return {
    ...{
      format: 1,
      incarnation: "i",
      currency: "EUR",
      partition: PARTITION,
      epoch: 5,
      id: id.repeat(32),
      offset: 41,
      chunks,
    },
    ...{ orderChunks: 0, endOffset: 99 },
    ...{ bytes: 3 * chunks, subjects: 1, ...fields },
  };
}

async function write(store: CheckpointStore, manifest: Manifest): Promise<void> {
  const writing = await store.begin(manifest);
  for (let index = 0; index < manifest.chunks; index += 1)
    await writing.chunk(Buffer.from(`${manifest.id[0]!}-${index}`));
  await writing.finish(manifest);
}

async function read(store: CheckpointStore, manifest: Manifest) {
  const payloads: string[] = [];
  const outcome = await store.read(manifest, (payload) => payloads.push(payload.toString()));
  return outcome.ok ? payloads : outcome.error;
}

describe("a chunk and a manifest", () => {
  const place = { partition: PARTITION, index: 7, epoch: 5, id: "a".repeat(32) };

  it("are refused, by name, when any byte of them differs or is missing", () => {
    const chunk = encodeChunk(place, Buffer.from("payload"));
    const manifest = encodeManifest(manifestOf("a", 1));
    expect(decodeChunk(place, chunk)).toMatchObject({ ok: true });
    for (const [bytes, decode, field] of [
      [chunk, (broken: Buffer) => decodeChunk(place, broken), "partition 2, chunk 7"],
      [manifest, decodeManifest, "manifest"],
    ] as const) {
      for (let at = 0; at < bytes.length; at += 1) {
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= 1 << (at % 8);
        for (const broken of [flipped, bytes.subarray(0, at)]) {
          expect(decode(broken)).toMatchObject({ ok: false, error: { reason: "checkpoint_corrupt", field } });
        }
      }
    }
  });

  it("of another owner, checkpoint, partition or place is not taken", () => {
    const chunk = encodeChunk(place, Buffer.from("payload"));
    for (const other of [{ partition: 3 }, { index: 8 }, { epoch: 4 }, { id: "b".repeat(32) }]) {
      expect(decodeChunk({ ...place, ...other }, chunk)).toMatchObject({ ok: false });
    }
  });
});

describe.each(["files", "topics"] as const)("checkpoints in %s", (kind) => {
  let directory: string;
  let given: GivenLog;
  let store: CheckpointStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "leastwise-checkpoints-"));
    given = await givenLog();
    store = kind === "files" ? openCheckpointFiles(directory) : openCheckpointTopics(given.log, () => NOON);
  });
  afterEach(async () => {
    await given.end();
    await rm(directory, { recursive: true });
  });

  it("are there as a whole once the manifest is, and none is before", async () => {
    expect(await store.newest(PARTITION)).toEqual({ ok: true, value: undefined });
    const manifest = manifestOf("a", 3);
    const writing = await store.begin(manifest);
    for (const payload of ["a-0", "a-1", "a-2"]) await writing.chunk(Buffer.from(payload));
    expect(await store.newest(PARTITION)).toEqual({ ok: true, value: undefined });
    await writing.finish(manifest);
    expect(await store.newest(PARTITION)).toEqual({ ok: true, value: manifest });
    expect(await read(store, manifest)).toEqual(["a-0", "a-1", "a-2"]);
    expect(await store.newest(PARTITION + 1)).toEqual({ ok: true, value: undefined });
  });

  it("take the place of the one before, which stays while another is written and when that is given up", async () => {
    const first = manifestOf("a", 2);
    await write(store, first);
    const abandoned = await store.begin(manifestOf("b", 2));
    await abandoned.chunk(Buffer.from("b-0"));
    expect(await read(store, first)).toEqual(["a-0", "a-1"]);
    await abandoned.abandon();
    expect(await read(store, first)).toEqual(["a-0", "a-1"]);
    const second = manifestOf("c", 1, { offset: 90 });
    await write(store, second);
    expect(await store.newest(PARTITION)).toEqual({ ok: true, value: second });
    expect(await read(store, second)).toEqual(["c-0"]);
  });

  it("of which a chunk is missing are none, and say which", async () => {
    const manifest = manifestOf("a", 2);
    await write(store, manifest);
    expect(await read(store, { ...manifest, chunks: 3 })).toMatchObject({
      reason: "checkpoint_corrupt",
      field: expect.stringMatching(
        kind === "files"
          ? /\/2\/a{32}\.chunks: partition 2, chunk 2$/
          : /^window_checkpoints\/2: partition 2, chunk 2$/,
      ),
    });
  });
});

describe("checkpoints in files", () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), "leastwise-checkpoints-"))));
  afterEach(() => rm(directory, { recursive: true }));

  it("are found out wherever the file is cut or a bit of it is flipped, and name the chunk", async () => {
    const store = openCheckpointFiles(directory);
    const manifest = manifestOf("a", 3);
    await write(store, manifest);
    const path = join(directory, String(PARTITION), `${manifest.id}.chunks`);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at += 1) {
      await truncate(path, at);
      const cut = await read(store, manifest);
      const flipped = Buffer.from(whole);
      flipped[at]! ^= 1 << (at % 8);
      await writeFile(path, flipped);
      for (const problem of [cut, await read(store, manifest)]) {
        expect(problem).toMatchObject({ reason: "checkpoint_corrupt" });
        expect(problem).toHaveProperty("field", expect.stringMatching(/: partition 2, chunk [0-2]$/));
        expect(problem).toHaveProperty("field", expect.stringContaining(path));
      }
      await writeFile(path, whole);
    }
    expect(await read(store, manifest)).toEqual(["a-0", "a-1", "a-2"]);
    await rm(path);
    expect(await read(store, manifest)).toMatchObject({ reason: "checkpoint_corrupt", came: '"no file"' });
  });

  it("say in which file a manifest is that is none", async () => {
    const store = openCheckpointFiles(directory);
    await write(store, manifestOf("a", 1));
    const path = join(directory, String(PARTITION), "manifest");
    await writeFile(path, "none");
    expect(await store.newest(PARTITION)).toMatchObject({ ok: false, error: { field: path } });
  });

  it("put a new manifest's name on the disk before anything of the one before is removed", async () => {
    const store = openCheckpointFiles(directory);
    await write(store, manifestOf("a", 1));
    const folder = join(directory, String(PARTITION));
    const handle = await open(folder, "r");
    const seen: string[][] = [];
    const sync = jest
      .spyOn(Object.getPrototypeOf(handle) as FileHandle, "sync")
      .mockImplementation(async () => void seen.push((await readdir(folder)).sort()));
    await handle.close();
    await write(store, manifestOf("b", 1));
    sync.mockRestore();
    expect(seen).toEqual([[`${"a".repeat(32)}.chunks`, `${"b".repeat(32)}.chunks`, "manifest"]]);
  });

  /** What bringing a directory's names to the disk ends with, until it is restored. */
  async function syncEndsWith(code: string) {
    const handle = await open(directory, "r");
    const sync = jest
      .spyOn(Object.getPrototypeOf(handle) as FileHandle, "sync")
      .mockImplementation(() => Promise.reject(Object.assign(new Error(code), { code })));
    await handle.close();
    return sync;
  }

  const chunkFiles = async () => {
    const names = await readdir(join(directory, String(PARTITION)));
    return names.filter((name) => name.endsWith(".chunks")).sort();
  };

  it("do not heap up while new names cannot be brought to the disk, and the one before stays until they are", async () => {
    const store = openCheckpointFiles(directory);
    await write(store, manifestOf("a", 1));
    const sync = await syncEndsWith("EIO");
    for (const id of ["b", "c", "d"]) await expect(write(store, manifestOf(id, 1))).rejects.toThrow("EIO");
    sync.mockRestore();
    expect(await chunkFiles()).toEqual([`${"a".repeat(32)}.chunks`, `${"b".repeat(32)}.chunks`]);
    await write(store, manifestOf("e", 1));
    expect(await chunkFiles()).toEqual([`${"e".repeat(32)}.chunks`]);
  });

  it.each(["EINVAL", "ENOTSUP", "ENOSYS", "EBADF", "EPERM", "EACCES", "EISDIR"])(
    "are written where a directory cannot be synced, which is said by %s",
    async (code) => {
      const store = openCheckpointFiles(directory);
      const sync = await syncEndsWith(code);
      for (const id of ["a", "b", "c"]) await write(store, manifestOf(id, 1));
      sync.mockRestore();
      expect(await chunkFiles()).toEqual([`${"c".repeat(32)}.chunks`]);
    },
  );

  it("that a crash left unfinished go when the next is begun", async () => {
    await write(openCheckpointFiles(directory), manifestOf("a", 1));
    await openCheckpointFiles(directory).begin(manifestOf("b", 1));
    await openCheckpointFiles(directory).begin(manifestOf("c", 1));
    expect(await chunkFiles()).toEqual([`${"a".repeat(32)}.chunks`, `${"c".repeat(32)}.chunks`]);
  });

  it("leave no file of an earlier one behind", async () => {
    const store = openCheckpointFiles(directory);
    await write(store, manifestOf("a", 1));
    await store.begin(manifestOf("b", 1));
    await write(store, manifestOf("c", 1));
    expect((await readdir(join(directory, String(PARTITION)))).sort()).toEqual([
      `${"c".repeat(32)}.chunks`,
      "manifest",
    ]);
  });
});

describe("checkpoints on topics", () => {
  let given: GivenLog;
  beforeEach(async () => (given = await givenLog()));
  afterEach(() => given.end());

  it("of an owner whose time is over count for nothing, whatever it still writes", async () => {
    const store = openCheckpointTopics(given.log, () => NOON);
    const owner = manifestOf("a", 2, { epoch: 6 });
    const zombie = manifestOf("b", 2, { epoch: 5 });
    const late = await store.begin(zombie);
    await late.chunk(Buffer.from("b-0"));
    await write(store, owner);
    await late.chunk(Buffer.from("b-1"));
    await late.finish(zombie);
    expect(await store.newest(PARTITION)).toEqual({ ok: true, value: owner });
    expect(await read(store, owner)).toEqual(["a-0", "a-1"]);
  });

  it("say on which topic a manifest is that is none", async () => {
    const store = openCheckpointTopics(given.log, () => NOON);
    const none = { topic: TOPICS.windowManifests, partition: PARTITION, key: "5", value: Buffer.from("none") };
    await given.log.append([{ ...none, timestampMs: NOON }]);
    const refused = { ok: false, error: { field: `window_manifests/${PARTITION}` } };
    expect(await store.newest(PARTITION)).toMatchObject(refused);
  });

  it("give room: what no manifest names is deleted when the next is written", async () => {
    const store = openCheckpointTopics(given.log, () => NOON);
    await write(store, manifestOf("a", 2, { epoch: 5 }));
    await write(store, manifestOf("b", 1, { epoch: 6 }));
    const tombstones: string[] = [];
    for (const topic of [TOPICS.windowCheckpoints, TOPICS.windowManifests]) {
      const { end } = await given.log.offsets(topic, PARTITION);
      const reading = await given.log.subscribe({
        topic,
        from: () => Promise.resolve(0),
        onBatch: ({ records }) => {
          for (const { key = "", value } of records) if (value.length === 0) tombstones.push(key);
          return Promise.resolve();
        },
      });
      while (end > 0 && tombstones.length < (topic === TOPICS.windowCheckpoints ? 2 : 3)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      await reading.stop();
    }
    expect(tombstones).toEqual([`${"a".repeat(32)}/0`, `${"a".repeat(32)}/1`, "5"]);
  });
});
