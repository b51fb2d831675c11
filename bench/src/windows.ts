import { createWindowStore, emptySnapshot, SlabEvent, WindowReader, type Verdict } from "@leastwise/windows";
import type { SubjectId } from "@leastwise/vocabulary";
import { fillFrom, shapeStream, uniformReads, zipfReads, zipfStream, type EventStream } from "./event-stream.js";
import {
  figuresOf,
  garbageCollector,
  inTurnFor,
  inWords,
  spreadOf,
  type Bench,
  type Figures,
  type Spread,
} from "./harness.js";

const SUBJECTS = 1_000_000;
const ZIPF_EVENTS = 3_000_000;
const PRODUCTS = 200_000;
const READS = 1_000_000;
/** Reads of one kind in a round end after so long: a subject of the highest ranks takes a thousand times as long as most. */
const READS_WITHIN_MS = 2_000;
/** Reads between two looks at the clock. */
const READS_A_LOOK = 64;
/** Events that are handed to the windows together. */
const BATCH = 64;
/** Memory of the windows that is filled for shoppers to come back to, updates by those, and how often all that is done. */
const FULL_BYTES = 2 ** 25;
const RETURNS = 200_000;
const FULL_ROUNDS = 3;
/** Between two who come back one after the other there are so many others: a prime, so that everybody has a turn. */
const RETURN_STRIDE = 100_003;

interface EngineRound {
  readonly updatesPerSecond: number;
  /** Of subjects by Zipf's law, as often as their rank says. */
  readonly readsPerSecond: number;
  /** Of subjects that are all as likely. */
  readonly uniformReadsPerSecond: number;
  readonly bytesPerSubject: number;
  /** Growth of the JavaScript heap, garbage left out. */
  readonly heapGrowthBytes: number;
}

interface Reads {
  readonly zipf: readonly SubjectId[];
  readonly uniform: readonly SubjectId[];
}

interface FullRound {
  readonly updatesPerSecond: number;
  /** The longest update: a decision that asks for its subject waits so long. */
  readonly worstMs: number;
  readonly evictedPerUpdate: number;
}

type EngineRates = Readonly<Record<keyof EngineRound | "vsCountingMap", Spread>>;

/**
 * The window engine alone, on one core: decoded events of a million subjects into a fresh store, then full vectors out of it. Beside it, over the
 * same events, the least that any keeper of a shopper's numbers must do: a Map that counts events by the subject's id. The Map has it easy: its
 * ids are texts whose hashes are known, and it knows no time, repeat, session, cart or product.
 */
export const windowsBench: Bench = {
  name: "windows",
  summary: "the window engine alone, a million subjects, against a Map that counts events by subject",
  async run({ seconds, say }): Promise<Figures> {
    say(`preparing two streams of ${SUBJECTS} subjects over 30 days: Zipf's law, and the shape of a real clickstream`);
    const streams = { zipf: zipfStream(SUBJECTS, ZIPF_EVENTS, PRODUCTS), shape: shapeStream(SUBJECTS) };
    const zipf = await measured("zipf", streams.zipf, 0.47 * seconds, say);
    const shape = await measured("shape", streams.shape, 0.47 * seconds, say);
    const full = Array.from({ length: FULL_ROUNDS }, () => fullRound(streams.zipf));
    return {
      ...{ ...figures("zipf_", zipf), ...figures("shape_", shape), ...figures("", worse(zipf, shape)) },
      ...fullFigures(full, say),
    };
  },
};

async function measured(
  name: string,
  stream: EventStream,
  seconds: number,
  say: (line: string) => void,
): Promise<EngineRates> {
  const reads: Reads = { zipf: zipfReads(stream, READS), uniform: uniformReads(stream, READS) };
  const collectGarbage = garbageCollector();
  const engine = (): Promise<EngineRound> => {
    collectGarbage();
    return Promise.resolve(engineRound(stream, reads, collectGarbage));
  };
  const map = (): Promise<number> => {
    collectGarbage();
    return Promise.resolve(countedPerSecond(stream));
  };
  const { a: rounds, b: counted } = await inTurnFor(seconds, engine, map);
  const rates: EngineRates = {
    updatesPerSecond: spreadOf(rounds.map(({ updatesPerSecond }) => updatesPerSecond)),
    uniformReadsPerSecond: spreadOf(rounds.map((round) => round.uniformReadsPerSecond)),
    readsPerSecond: spreadOf(rounds.map(({ readsPerSecond }) => readsPerSecond)),
    bytesPerSubject: spreadOf(rounds.map(({ bytesPerSubject }) => bytesPerSubject)),
    heapGrowthBytes: spreadOf(rounds.map(({ heapGrowthBytes }) => heapGrowthBytes)),
    vsCountingMap: spreadOf(rounds.map(({ updatesPerSecond }, round) => updatesPerSecond / (counted[round] ?? NaN))),
  };
  sayRates(name, stream, rates, spreadOf(counted), say);
  return rates;
}

/** Takes the stream into a fresh store, then reads vectors at its end. */
function engineRound(stream: EventStream, reads: Reads, collectGarbage: () => void): EngineRound {
  const heapBeforeBytes = process.memoryUsage().heapUsed;
  const store = createWindowStore({ bytesMax: 2 ** 30 });
  const startedMs = performance.now();
  takeIn(stream, store);
  const tookMs = performance.now() - startedMs;
  if (store.subjectCount !== stream.subjects.length) throw new Error("the store does not hold every subject");
  const reader = new WindowReader(store.memory);
  const readsPerSecond = readFrom(stream, reader, reads.zipf, READS_WITHIN_MS);
  const uniformReadsPerSecond = readFrom(stream, reader, reads.uniform, READS_WITHIN_MS);
  collectGarbage();
  return {
    updatesPerSecond: (stream.count * 1_000) / tookMs,
    readsPerSecond,
    uniformReadsPerSecond,
    heapGrowthBytes: process.memoryUsage().heapUsed - heapBeforeBytes,
    bytesPerSubject: store.bytesInUse / store.subjectCount,
  };
}

/** Fills a small store with subjects who come once, then has them come back, which takes larger blocks than there are. */
function fullRound(stream: EventStream): FullRound {
  const store = createWindowStore({ bytesMax: FULL_BYTES });
  const event = new SlabEvent();
  let offset = 0;
  const comes = (subject: number): void => {
    fillFrom(stream, offset, event);
    event.s0 = stream.subjectWords[4 * subject] ?? 0;
    event.s1 = stream.subjectWords[4 * subject + 1] ?? 0;
    event.s2 = stream.subjectWords[4 * subject + 2] ?? 0;
    event.s3 = stream.subjectWords[4 * subject + 3] ?? 0;
    store.applySlabEvent(event, offset);
    offset += 1;
  };
  while (store.counts.evicted === 0) comes(offset);
  const count = offset;
  let worstMs = 0;
  const startedMs = performance.now();
  for (let update = 0, beforeMs = startedMs; update < RETURNS; update += 1) {
    comes((update * RETURN_STRIDE) % count);
    const nowMs = performance.now();
    worstMs = Math.max(worstMs, nowMs - beforeMs);
    beforeMs = nowMs;
  }
  const tookMs = performance.now() - startedMs;
  const evictedPerUpdate = store.counts.evicted / RETURNS;
  return { updatesPerSecond: (RETURNS * 1_000) / tookMs, worstMs, evictedPerUpdate };
}

/** Hands the stream to a store in batches, one core, nothing else going on. */
export function takeIn(stream: EventStream, store: ReturnType<typeof createWindowStore>): void {
  const events = Array.from({ length: BATCH }, () => new SlabEvent());
  const offsets = new Float64Array(BATCH);
  let refused = 0;
  const onVerdict = ({ verdict }: Verdict): void => {
    if (verdict !== "applied") refused += 1;
  };
  for (let from = 0; from < stream.count; from += BATCH) {
    const count = Math.min(BATCH, stream.count - from);
    for (let place = 0; place < count; place += 1) {
      const event = events[place];
      offsets[place] = from + place;
      if (event !== undefined) fillFrom(stream, from + place, event);
    }
    store.applySlabEvents(events, offsets, count, onVerdict);
  }
  if (refused > 0) throw new Error(`${refused} events were not applied`);
}

/** Reads the subjects' full vectors at the stream's end, one after the other, while there is time. Reads a second. */
export function readFrom(
  stream: EventStream,
  reader: WindowReader,
  subjects: readonly SubjectId[],
  withinMs = Infinity,
): number {
  const snapshot = emptySnapshot();
  const startedMs = performance.now();
  let read = 0;
  for (const subject of subjects) {
    if (!reader.read(subject, stream.endMs, snapshot) || !snapshot.known) throw new Error("a subject is not known");
    read += 1;
    if (read % READS_A_LOOK === 0 && performance.now() - startedMs > withinMs) break;
  }
  return (read * 1_000) / (performance.now() - startedMs);
}

function countedPerSecond({ count, subjects, subjectAt }: EventStream): number {
  const counts = new Map<string, number>();
  const startedMs = performance.now();
  for (let index = 0; index < count; index += 1) {
    const subject = subjects[subjectAt[index] ?? 0] ?? "";
    counts.set(subject, (counts.get(subject) ?? 0) + 1);
  }
  const tookMs = performance.now() - startedMs;
  if (counts.size !== subjects.length) throw new Error("the map does not hold every subject");
  return (count * 1_000) / tookMs;
}

/** For each measure that of the stream where it is worse. */
function worse(one: EngineRates, other: EngineRates): EngineRates {
  const less = (measure: keyof EngineRates): Spread =>
    one[measure].median <= other[measure].median ? one[measure] : other[measure];
  const more = (measure: keyof EngineRates): Spread =>
    one[measure].median > other[measure].median ? one[measure] : other[measure];
  return {
    updatesPerSecond: less("updatesPerSecond"),
    readsPerSecond: less("readsPerSecond"),
    uniformReadsPerSecond: less("uniformReadsPerSecond"),
    bytesPerSubject: more("bytesPerSubject"),
    heapGrowthBytes: more("heapGrowthBytes"),
    vsCountingMap: less("vsCountingMap"),
  };
}

function figures(prefix: string, rates: EngineRates): Figures {
  return {
    ...figuresOf(`${prefix}updates_per_s`, rates.updatesPerSecond),
    ...figuresOf(`${prefix}reads_per_s`, rates.readsPerSecond),
    ...figuresOf(`${prefix}uniform_reads_per_s`, rates.uniformReadsPerSecond),
    [`${prefix}bytes_per_subject`]: rates.bytesPerSubject.median,
    [`${prefix}heap_growth_bytes`]: rates.heapGrowthBytes.median,
    ...figuresOf(`${prefix}vs_counting_map`, rates.vsCountingMap),
  };
}

function fullFigures(rounds: readonly FullRound[], say: (line: string) => void): Figures {
  const updates = spreadOf(rounds.map(({ updatesPerSecond }) => updatesPerSecond));
  const worst = spreadOf(rounds.map(({ worstMs }) => worstMs));
  const evicted = spreadOf(rounds.map(({ evictedPerUpdate }) => evictedPerUpdate));
  say(`memory full, shoppers return: ${RETURNS} events`);
  say(
    `  updates ${inWords(updates)} a second, the longest ${inWords(worst, 2)} ms; ${inWords(evicted, 2)} forgotten each`,
  );
  return {
    ...figuresOf("full_updates_per_s", updates),
    ...figuresOf("full_worst_update_ms", worst),
    full_evicted_per_update: evicted.median,
  };
}

function sayRates(
  name: string,
  { count, subjects }: EventStream,
  rates: EngineRates,
  counted: Spread,
  say: (line: string) => void,
): void {
  say(`${name}: ${count} events of ${subjects.length} subjects`);
  say(`  updates ${inWords(rates.updatesPerSecond)} a second`);
  say(
    `  full vectors ${inWords(rates.readsPerSecond)} a second by Zipf's law, ` +
      `${inWords(rates.uniformReadsPerSecond)} of any subject`,
  );
  say(
    `  ${rates.bytesPerSubject.median.toFixed(1)} bytes a subject off the heap; ` +
      `the heap grew by ${rates.heapGrowthBytes.median} bytes in all`,
  );
  say(`  the Map counts ${inWords(counted)} a second; the engine does ${inWords(rates.vsCountingMap, 2)} of that`);
}
