import type { Millis, SubjectId } from "@leastwise/vocabulary";
import type { WindowEvent } from "./event.js";
import type { FeatureSnapshot } from "./snapshot.js";
import type { WindowStore } from "./window-store.js";

/** One record of a partition's clickstream, as far as windows heed it. */
export type HistoryRecord = { readonly subject: SubjectId; readonly offset: number } & (
  | { readonly body: "event"; readonly event: WindowEvent }
  /** A login: what was known of the anonymous subject ends here. */
  | { readonly body: "link" }
  /** The state that a login moved to this subject, once for each cause; one that cannot be read changes nothing. */
  | {
      readonly body: "moved";
      readonly windows: Uint8Array;
      readonly cause: string;
      /** See `WindowStore.mergeSubject`. */
      readonly purchaseHistory?: Uint8Array;
    }
);

/** A past moment whose features are asked for. */
export interface FeatureProbe {
  readonly subject: SubjectId;
  /** The moment, in event time. */
  readonly atMs: Millis;
  /** Newest offset that may count: what came later must not leak, however early it happened. −1: nothing. */
  readonly asOfOffset: number;
}

/** A probe and what the windows told of it. */
export interface ProbedFeatures<Probe extends FeatureProbe> {
  readonly probe: Probe;
  readonly snapshot: FeatureSnapshot;
}

/**
 * The features of past moments, from history: what the windows would have told of each when they had seen the log up to its offset, and by
 * the same code. The history is gone through once, as far as probes ask for it, and only subjects with a probe to come are kept. Probes
 * come out in the order of their offsets, those of one offset as they were given.
 *
 * @param history the records of one partition, or of one subject, in the order of their offsets; else a RangeError
 * @param store an empty one, which is empty again at the end
 */
export function* featuresFromHistory<Probe extends FeatureProbe>(
  history: Iterable<HistoryRecord>,
  probes: readonly Probe[],
  store: WindowStore,
): Generator<ProbedFeatures<Probe>, void, undefined> {
  const waiting = new WaitingProbes(probes, store);
  let newestOffset = -1;
  for (const record of history) {
    const { subject, offset } = record;
    if (offset < newestOffset) throw new RangeError(`offset ${offset} after ${newestOffset}: a history is in order`);
    newestOffset = offset;
    yield* waiting.readBefore(offset);
    if (waiting.isEmpty) return;
    if (waiting.hasProbeOf(subject)) takeIn(store, record);
  }
  yield* waiting.readBefore(Infinity);
}

/** As the reader of the log does. */
function takeIn(store: WindowStore, record: HistoryRecord): void {
  const { subject, offset } = record;
  switch (record.body) {
    case "event":
      store.apply(subject, record.event, offset);
      return;
    case "link":
      store.forget(subject);
      return;
    case "moved":
      store.mergeSubject(subject, record.windows, record.cause, offset, record.purchaseHistory);
      return;
  }
}

/** Probes that are still to be read, and of whom. */
class WaitingProbes<Probe extends FeatureProbe> {
  readonly #probes: readonly Probe[];
  readonly #store: WindowStore;
  /** How many a subject has left; one that has none is not there. */
  readonly #left = new Map<SubjectId, number>();
  #next = 0;

  constructor(probes: readonly Probe[], store: WindowStore) {
    this.#probes = [...probes].sort((a, b) => a.asOfOffset - b.asOfOffset);
    this.#store = store;
    for (const { subject } of probes) this.#left.set(subject, (this.#left.get(subject) ?? 0) + 1);
  }

  get isEmpty(): boolean {
    return this.#next === this.#probes.length;
  }

  hasProbeOf(subject: SubjectId): boolean {
    return this.#left.has(subject);
  }

  /** Reads the probes that may not see the record of that offset. */
  *readBefore(offset: number): Generator<ProbedFeatures<Probe>, void, undefined> {
    for (let probe = this.#probes[this.#next]; probe !== undefined; probe = this.#probes[this.#next]) {
      if (probe.asOfOffset >= offset) return;
      this.#next += 1;
      const snapshot = this.#store.read(probe.subject, probe.atMs);
      this.#readOneOf(probe.subject);
      yield { probe, snapshot };
    }
  }

  /** After its last probe nothing of a subject is needed any more. */
  #readOneOf(subject: SubjectId): void {
    const left = (this.#left.get(subject) ?? 0) - 1;
    if (left > 0) this.#left.set(subject, left);
    else if (this.#left.delete(subject)) this.#store.forget(subject);
  }
}
