import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import {
  CheckpointReader,
  createWindowStore,
  type SegmentWalk,
  type SlabWindowStore,
  type WindowEvent,
} from "./index.js";

/*
 * Crashes and restores: a log is folded; now and then a checkpoint is taken in small steps between records; now and then the process ends, and
 * another begins with the newest checkpoint that was finished and reads the log on from where that one was begun.
 */

const START = Date.UTC(2026, 0, 31, 23, 50);
const SCHEDULES = 1_000;
const SMALL = { bytesMax: 2 ** 20 };

type LogRecord =
  | { readonly kind: "event"; readonly subject: SubjectId; readonly event: WindowEvent }
  | { readonly kind: "link"; readonly from: SubjectId; readonly to: SubjectId }
  | { readonly kind: "moved"; readonly to: SubjectId; readonly cause: string; readonly windows: Uint8Array };

/** Mulberry32: small, seeded, good enough to draw schedules. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

function subjectOf(number: number): SubjectId {
  return Array.from({ length: 4 }, (_, part) => Math.imul(number + 1, 0x9e3779b1 + 2 * part) >>> 0)
    .map((word) => word.toString(16).padStart(8, "0"))
    .join("") as SubjectId;
}

/** Takes a record in, as the scorer does. Returns the state that a link sends on. */
function fold(store: SlabWindowStore, record: LogRecord, offset: number): LogRecord | undefined {
  if (record.kind === "event") {
    store.apply(record.subject, record.event, offset);
    return undefined;
  }
  if (record.kind === "moved") {
    const merged = store.mergeSubject(record.to, record.windows, record.cause, offset);
    expect(merged.ok).toBe(true);
    return undefined;
  }
  if (store.lastOffsetOf(record.from) > offset) return undefined;
  const windows = store.exportSubject(record.from);
  store.forget(record.from);
  return windows === undefined ? undefined : { kind: "moved", to: record.to, cause: `link ${String(offset)}`, windows };
}

const PAUSES = [0, 1_000, 5_000, MINUTE_MS, 31 * MINUTE_MS, HOUR_MS, DAY_MS, 5 * DAY_MS];
const KINDS = ["page_view", "product_view", "cart_add", "cart_remove", "purchase", "search"] as const;

function eventAt(clock: number, random: (below: number) => number): WindowEvent {
  const kind = KINDS[random(KINDS.length)] ?? "search";
  const atMs = (clock - (random(4) === 0 ? random(40 * DAY_MS) : 0)) as Millis;
  return {
    ...{ kind, atMs, receivedAtMs: clock as Millis, eventId: random(9) === 0 ? undefined : `e${String(random(400))}` },
    ...{ productId: random(3) === 0 ? undefined : `product ${String(random(12))}`, units: 1 + random(3), lines: [] },
    ...{ revenueMinor: kind === "purchase" ? random(9_000) : undefined, unitPriceMinor: random(500) },
    ...{
      channel: random(2) === 0 ? "web" : undefined,
      sessionId: random(5) === 0 ? `visit ${String(random(30))}` : undefined,
    },
  };
}

/** The log that comes about when it is folded without a crash, and the digest of the end. */
function logOf(random: (below: number) => number): { log: LogRecord[]; digest: string } {
  const log: LogRecord[] = [];
  const store = createWindowStore(SMALL);
  const pending: LogRecord[] = [];
  let clock = START;
  const records = 30 + random(90);
  while (log.length < records || pending.length > 0) {
    const moved = random(2) === 0 || log.length >= records ? pending.shift() : undefined;
    clock += PAUSES[random(PAUSES.length)] ?? 0;
    const [subject, other] = [subjectOf(random(8)), subjectOf(random(8))];
    const isLink = random(12) === 0 && subject !== other;
    const record =
      moved ??
      (isLink
        ? { kind: "link" as const, from: subject, to: other }
        : { kind: "event" as const, subject, event: eventAt(clock, random) });
    const sent = fold(store, record, log.length);
    log.push(record);
    if (sent !== undefined) pending.push(sent);
  }
  return { log, digest: store.digest() };
}

interface Checkpoint {
  readonly offset: number;
  readonly pieces: readonly Uint8Array[];
}

function restored(checkpoint: Checkpoint | undefined, options = SMALL): SlabWindowStore {
  const store = createWindowStore(options);
  const reader = new CheckpointReader();
  for (const piece of checkpoint?.pieces ?? [])
    reader.read(piece, (block) => {
      store.restoreBlock(block);
    });
  expect(reader.isComplete).toBe(true);
  return store;
}

/** Folds the log with crashes and checkpoints. Returns the digest of the end, and how many of both there were. */
function foldWithCrashes(log: readonly LogRecord[], random: (below: number) => number) {
  let newest: Checkpoint | undefined;
  let store = restored(undefined);
  let walk: { walk: SegmentWalk; offset: number; pieces: Uint8Array[] } | undefined;
  let crashes = 0;
  let checkpoints = 0;
  for (let offset = 0; offset < log.length; offset += 1) {
    const record = log[offset];
    if (record !== undefined) fold(store, record, offset);
    if (walk === undefined && random(10) === 0) walk = { walk: store.walk(), offset: offset + 1, pieces: [] };
    // Cut anywhere, as chunks are.
    for (let steps = random(3); steps > 0 && walk !== undefined && !walk.walk.isDone; steps -= 1) {
      for (const piece of cut(walk.walk.next(1 + random(4_000)), random)) walk.pieces.push(piece);
      // Nearly all buckets of a small store are empty.
      if (random(3) === 0) finish(walk);
    }
    if (walk?.walk.isDone === true) {
      newest = { offset: walk.offset, pieces: walk.pieces };
      walk = undefined;
      checkpoints += 1;
    }
    if (random(40) > 0) continue;
    crashes += 1;
    walk = undefined;
    store = restored(newest);
    offset = (newest?.offset ?? 0) - 1;
    if (crashes > 12) break;
  }
  if (crashes > 12) {
    store = restored(newest);
    for (let offset = newest?.offset ?? 0; offset < log.length; offset += 1) fold(store, log[offset]!, offset);
  }
  return { digest: store.digest(), crashes, checkpoints };
}

function finish({ walk, pieces }: { readonly walk: SegmentWalk; readonly pieces: Uint8Array[] }): void {
  while (!walk.isDone) pieces.push(walk.next(1_000));
}

function cut(piece: Uint8Array, random: (below: number) => number): Uint8Array[] {
  const at = random(piece.length + 1);
  return [piece.slice(0, at), piece.slice(at)];
}

describe("checkpoints", () => {
  it(`give back the state of a run without a crash, in each of ${String(SCHEDULES)} schedules of crash and restore`, () => {
    let crashes = 0;
    let checkpoints = 0;
    for (let seed = 1; seed <= SCHEDULES; seed += 1) {
      const random = randomFrom(seed);
      const { log, digest } = logOf(random);
      const run = foldWithCrashes(log, random);
      expect({ seed, digest: run.digest }).toEqual({ seed, digest });
      crashes += run.crashes;
      checkpoints += run.checkpoints;
    }
    expect(crashes).toBeGreaterThan(SCHEDULES);
    expect(checkpoints).toBeGreaterThan(SCHEDULES);
  }, 120_000);

  it("miss nobody who is there, however the index grows and blocks move during the walk", () => {
    const store = createWindowStore({ bytesMax: 2 ** 26 });
    const random = randomFrom(7);
    const before = 9_000;
    let next = 0;
    const come = (): void => {
      const event = eventAt(START, random);
      store.apply(subjectOf(next), event, next);
      if (next > before) store.apply(subjectOf(random(next)), eventAt(START + DAY_MS, random), next);
      next += 1;
    };
    while (next < before) come();
    const walk = store.walk();
    const pieces: Uint8Array[] = [];
    while (!walk.isDone) {
      pieces.push(walk.next(2_000));
      for (let comes = 0; comes < 4; comes += 1) come();
    }
    expect(next).toBeGreaterThan(before + 500);
    const copy = restored({ offset: 0, pieces }, { bytesMax: 2 ** 26 });
    const there = new Set(copy.subjects());
    for (let number = 0; number < before; number += 1) expect(there.has(subjectOf(number))).toBe(true);
  }, 60_000);
});
