import { CheckpointKeeper, openCheckpointFiles, OrderBook, type CheckpointStore } from "@leastwise/scorer";
import {
  createWindowStore,
  emptySnapshot,
  reserveSegment,
  SlabEvent,
  WindowReader,
  type SlabWindowStore,
} from "@leastwise/windows";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { fillFrom, shapeStream, type EventStream } from "./event-stream.js";
import { figuresOf, inTurnFor, inWords, spreadOf, type Bench, type Figures } from "./harness.js";

const SUBJECTS = 1_000_000;
const BARE_BYTES = 256;
/** Shoppers who are asked about, all over the memory. */
const ASKED = 1_000;
const BYTES_MAX = 2 ** 30;

/**
 * From a checkpoint without a tail to answers about any shopper that are not degraded, against reading 256 bytes a shopper from the same disk,
 * in large steps, and doing nothing with them. Neither finds anything of its file in memory.
 */
export const restoreBench: Bench = {
  name: "restore",
  summary:
    "a million shoppers' windows from a checkpoint in files, against reading 256 bytes a shopper from the same disk",
  async run({ seconds, say }): Promise<Figures> {
    const directory = await mkdtemp(join(tmpdir(), "leastwise-bench-"));
    try {
      const store = openCheckpointFiles(directory);
      say(`filling the windows of ${SUBJECTS} shoppers`);
      const windows = createWindowStore({ bytesMax: BYTES_MAX });
      const stream = shapeStream(SUBJECTS);
      takeIn(stream, windows);
      const records = stream.count;
      const keeper = keeperOf(windows, store);
      keeper.taken(0, records, 0);
      await keeper.write(0);
      const manifest = await store.newest(0);
      if (!manifest.ok || manifest.value === undefined) throw new Error("the checkpoint was not written");
      const { bytes } = manifest.value;
      const chunks = join(directory, "0", `${manifest.value.id}.chunks`);
      const bare = join(directory, "bare");
      await writeBare(bare);
      const { a, b } = await inTurnFor(
        seconds,
        () => restoreOnce(store, stream, chunks),
        () => readBare(bare),
      );
      const ratio = spreadOf(a.map((took, round) => took / (b[round] ?? Number.NaN)));
      const live = windows.bytesInUse;
      const took = spreadOf(a);
      say(`restored in ${inWords(took, 2)} s, ${a.length} rounds; ${inWords(ratio, 2)} of a bare read`);
      say(`${(bytes / SUBJECTS).toFixed(0)} bytes a shopper stored, ${(live / SUBJECTS).toFixed(0)} in memory`);
      return {
        ...figuresOf("seconds", took),
        ...figuresOf("bare_read_seconds", spreadOf(b)),
        ...figuresOf("vs_bare_read", ratio),
        stored_vs_live: bytes / live,
        stored_bytes: bytes,
        live_bytes: live,
        subjects: SUBJECTS,
        rounds: a.length,
      };
    } finally {
      await rm(directory, { recursive: true });
    }
  },
};

function takeIn(stream: EventStream, windows: SlabWindowStore): void {
  const event = new SlabEvent();
  for (let index = 0; index < stream.count; index += 1) {
    fillFrom(stream, index, event);
    windows.applySlabEvent(event, index);
  }
}

function keeperOf(windows: SlabWindowStore, store: CheckpointStore): CheckpointKeeper {
  return new CheckpointKeeper({
    windows: [windows],
    orders: [new OrderBook()],
    store,
    ...{ incarnation: "bench", currency: "USD", epoch: 1, objectiveMs: 3_600_000 },
    newId: () => randomBytes(16).toString("hex"),
    areMovesDurable: () => Promise.resolve(true),
    onMovesDurable: () => undefined,
    reaches: () => Promise.resolve(true),
    onWritten: () => undefined,
    onFailed: (_, error) => {
      throw error;
    },
  });
}

/** Seconds until the windows are there and shoppers from all over were answered. */
async function restoreOnce(store: CheckpointStore, stream: EventStream, chunks: string): Promise<number> {
  await dropFromMemory(chunks);
  const startedMs = performance.now();
  const memory = reserveSegment(BYTES_MAX);
  const windows = createWindowStore({ memory });
  const { refused } = await keeperOf(windows, store).restore(0, { begin: 0, end: stream.count });
  if (refused !== undefined) throw new Error(`the checkpoint was refused: ${refused.reason}`);
  const reader = new WindowReader(memory);
  const snapshot = emptySnapshot();
  for (let asked = 0; asked < ASKED; asked += 1) {
    const subject = stream.subjects[(asked * 7_919) % stream.subjects.length];
    if (subject !== undefined) reader.read(subject, stream.endMs, snapshot);
    if (!snapshot.known) throw new Error(`${subject ?? "a shopper"} is not there`);
  }
  return (performance.now() - startedMs) / 1_000;
}

async function writeBare(path: string): Promise<void> {
  const file = await open(path, "w");
  const piece = randomBytes(2 ** 20);
  for (let written = 0; written < SUBJECTS * BARE_BYTES; written += piece.length) await file.write(piece);
  await file.datasync();
  await file.close();
}

/** Has the system forget what it keeps of a file in memory (POSIX_FADV_DONTNEED, by GNU dd): a restart may come after a reboot. */
async function dropFromMemory(path: string): Promise<void> {
  await promisify(execFile)("dd", [`of=${path}`, "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none"]);
}

async function readBare(path: string): Promise<number> {
  await dropFromMemory(path);
  const startedMs = performance.now();
  const file = await open(path, "r");
  const buffer = Buffer.allocUnsafe(4 * 2 ** 20);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length);
    if (bytesRead === 0) break;
  }
  await file.close();
  return (performance.now() - startedMs) / 1_000;
}
