import { topicPlan } from "@leastwise/contracts";
import { openEmbeddedLog } from "@leastwise/eventlog";
import { CheckpointKeeper, OrderBook, type CheckpointStore } from "@leastwise/scorer";
import { createTelemetry } from "@leastwise/telemetry";
import { ok } from "@leastwise/vocabulary";
import { createWindowStore } from "@leastwise/windows";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Course, newCheckpointId, type Taken } from "./checkpoint-course.js";
import { figuresOf, inTurn, inWords, spreadOf, type Bench, type Figures } from "./harness.js";

const SUBJECTS = 1_000_000;
const EVENTS_PER_S = 5_000;
/** The configuration's default. */
const OBJECTIVE_MS = 10_000;
/** What the scans of both logs hand over at once when there is enough. */
const SPANS_BYTES = 1_048_576;
/** Records that make a small batch. */
const SMALL_RECORDS = 500;
const ROUNDS = 3;
/** How long ingest is measured at a time, with a checkpoint or without. */
const TURN_MS = 3_000;
/** Records that are read again after each restore. */
const TAIL_RECORDS = 1_000_000;
/** So many checkpoints are counted in what the measured batches come to when they go on and on. */
const CHECKPOINTS = 10;

/**
 * What checkpoints cost: bytes, and throughput while one is written. Records come out of memory into a feed without a thread, one partition
 * in all, so that all of the million subjects are in each checkpoint. How often one is written at 5,000 events/s follows from how long the
 * batches take, which is measured; those times are then told to a keeper of the real rule again and again, for a checkpoint comes more rarely than a
 * benchmark can wait for.
 */
export const checkpointBench: Bench = {
  name: "checkpoint",
  summary: `checkpoints of ${SUBJECTS} subjects: bytes against those of the events, throughput while one is written, reading the tail again`,
  async run({ seconds, say }): Promise<Figures> {
    const directory = await mkdtemp(join(tmpdir(), "leastwise-bench-"));
    const telemetry = createTelemetry({ service: "scorer", version: "bench", logLevel: "warn", pretty: false });
    const log = await openEmbeddedLog({ directory: join(directory, "log") });
    try {
      await log.ensureTopics(topicPlan(1, undefined));
      say(`encoding the events of ${SUBJECTS} subjects, and taking them in`);
      const place = { log, telemetry, directory: join(directory, "checkpoints") };
      const course = await Course.open({ ...place, subjects: SUBJECTS, eventsPerSecond: EVENTS_PER_S });
      const bytes = await measureBytes(course, (seconds * 1_000) / 2, say);
      const dent = await measureDent(course, course.recordsOf(SPANS_BYTES), say);
      const dentSmall = await measureDent(course, SMALL_RECORDS, say);
      const replay = await measureReplay(course, say);
      await course.close();
      return {
        ...bytes,
        ...figuresOf("dent", dent.lost),
        ...figuresOf("dent_small_batches", dentSmall.lost),
        ...figuresOf("ingest_records_per_s", dent.without),
        ...figuresOf("ingest_small_batches_records_per_s", dentSmall.without),
        ...figuresOf("checkpoint_under_ingest_bytes_per_s", dent.bytes),
        ...figuresOf("checkpoint_under_small_batches_bytes_per_s", dentSmall.bytes),
        ...replay,
        record_bytes: course.recordBytes,
        rounds: ROUNDS,
      };
    } finally {
      telemetry.close();
      await log.close();
      await rm(directory, { recursive: true });
    }
  },
};

/** Ingest at full speed while a checkpoint is written, and for as long while none is, in turn. */
async function measureDent(course: Course, batchRecords: number, say: (line: string) => void) {
  const during = async () => {
    await course.restart();
    return course.takeDuringCheckpoint(TURN_MS, batchRecords);
  };
  const without = async () => {
    await course.restart();
    return course.takeFor(TURN_MS, batchRecords);
  };
  const { a, b } = await inTurn(ROUNDS, during, without);
  const lost = spreadOf(a.map(({ recordsPerSecond }, round) => 1 - recordsPerSecond / (b[round] ?? Number.NaN)));
  const bytes = spreadOf(a.map(({ bytesPerSecond }) => bytesPerSecond));
  say(
    `batches of ${batchRecords}: ${inWords(spreadOf(b))} records/s; while a checkpoint is written, ` +
      `${inWords(spreadOf(a.map(({ recordsPerSecond }) => recordsPerSecond)))}, and ${inWords(bytes)} bytes/s of it; ` +
      `${inWords(lost, 3)} lost`,
  );
  return { lost, without: spreadOf(b), bytes };
}

/** How large a checkpoint is, and after how many records it is written, at the steady rate and at full speed. */
async function measureBytes(course: Course, durationMs: number, say: (line: string) => void): Promise<Figures> {
  await course.restart();
  const { bytes, subjects } = await course.checkpoint();
  const steady = await course.takeSteadily(durationMs);
  const fast = await course.takeNoting(durationMs / 4, course.recordsOf(SPANS_BYTES));
  const records = await recordsPerCheckpoint(steady);
  const recordsAtFullSpeed = await recordsPerCheckpoint(fast);
  const ratio = bytes / (records * course.recordBytes);
  const usPerRecord = (batches: readonly Taken[]) => (1_000 * sum(batches, "tookMs")) / sum(batches, "records");
  say(`a checkpoint has ${(bytes / subjects).toFixed(1)} bytes a subject (${subjects} subjects)`);
  say(
    `at ${EVENTS_PER_S} events/s a record takes ${usPerRecord(steady).toFixed(2)} µs, and a checkpoint is written after ` +
      `${records.toFixed(0)} records (${(records / EVENTS_PER_S).toFixed(0)} s): ${ratio.toFixed(3)} bytes for a byte of ` +
      `events of ${course.recordBytes.toFixed(0)} bytes; by the keeper's rule over the ${steady.length} batches measured`,
  );
  say(`at full speed: ${usPerRecord(fast).toFixed(2)} µs, after ${recordsAtFullSpeed.toFixed(0)} records`);
  return {
    bytes_ratio: ratio,
    bytes_ratio_at_full_speed: bytes / (recordsAtFullSpeed * course.recordBytes),
    bytes_per_subject: bytes / subjects,
    checkpoint_bytes: bytes,
    records_per_checkpoint: records,
    records_per_checkpoint_at_full_speed: recordsAtFullSpeed,
    us_per_record_steady: usPerRecord(steady),
    us_per_record_at_full_speed: usPerRecord(fast),
    subjects,
  };
}

/** Reading the tail again after a restore, against taking the same records in when they came, in turn. */
async function measureReplay(course: Course, say: (line: string) => void): Promise<Figures> {
  const batchRecords = course.recordsOf(SPANS_BYTES);
  const live = async () => {
    await course.restart();
    await course.takeRecords(batchRecords, batchRecords);
    await course.checkpoint();
    return course.takeRecords(TAIL_RECORDS, batchRecords);
  };
  const again = () => course.restoreAndReadTail(TAIL_RECORDS, batchRecords);
  const { a, b } = await inTurn(ROUNDS, live, again);
  const ratio = spreadOf(b.map((rate, round) => rate / (a[round] ?? Number.NaN)));
  say(
    `${TAIL_RECORDS} records: ${inWords(spreadOf(a))} records/s as they come, ${inWords(spreadOf(b))} again after a ` +
      `restore; ${inWords(ratio, 2)} of it`,
  );
  return {
    ...figuresOf("replay_vs_ingest", ratio),
    ...figuresOf("live_records_per_s", spreadOf(a)),
    ...figuresOf("replay_records_per_s", spreadOf(b)),
  };
}

/**
 * Records between two checkpoints if the batches go on as they were measured: a keeper of windows that are empty is told of them, from the
 * first to the last and from the first again, and begins checkpoints by its own rule.
 */
async function recordsPerCheckpoint(batches: readonly Taken[]): Promise<number> {
  let written = 0;
  const store: CheckpointStore = {
    newest: () => Promise.resolve(ok(undefined)),
    read: () => Promise.reject(new Error("nothing is restored")),
    begin: () =>
      Promise.resolve({
        chunk: () => Promise.resolve(),
        finish: () => Promise.resolve(),
        abandon: () => Promise.resolve(),
      }),
  };
  const keeper = new CheckpointKeeper({
    windows: [createWindowStore({ bytesMax: 2 ** 30 })],
    orders: [new OrderBook()],
    store,
    ...{ incarnation: "bench", currency: "USD", epoch: 1, objectiveMs: OBJECTIVE_MS, newId: newCheckpointId },
    areMovesDurable: () => Promise.resolve(true),
    onMovesDurable: () => undefined,
    reaches: () => Promise.resolve(true),
    onWritten: () => (written += 1),
    onFailed: (_, error) => {
      throw error;
    },
  });
  let records = 0;
  while (written < CHECKPOINTS) {
    for (const { records: more, tookMs } of batches) {
      records += more;
      keeper.taken(0, records, tookMs);
      // As if it took no time: what comes meanwhile is the next one's.
      while (keeper.isWriting) await nextTurn();
    }
  }
  return records / written;
}

function sum(batches: readonly Taken[], field: keyof Taken): number {
  return batches.reduce((total, taken) => total + taken[field], 0);
}
