import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import fc from "fast-check";
import {
  createWindowStore,
  EVENT_KINDS,
  featuresFromHistory,
  featureValue,
  type FeatureProbe,
  type FeatureSnapshot,
  type HistoryRecord,
  type WindowEvent,
} from "./index.js";

const ALICE = "a".repeat(32) as SubjectId;
const BOB = "b".repeat(32) as SubjectId;
const START = Date.UTC(2026, 0, 31, 23, 59, 30);

function record(subject: SubjectId, offset: number, more: Partial<WindowEvent> = {}): HistoryRecord {
  const atMs = START as Millis;
  const event = { kind: "page_view", atMs, receivedAtMs: atMs, eventId: `e${offset}`, units: 0, lines: [] } as const;
  return { body: "event", subject, offset, event: { ...event, ...more } };
}

function event(record: HistoryRecord): WindowEvent {
  if (record.body !== "event") throw new Error(record.body);
  return record.event;
}

function probe(subject: SubjectId, asOfOffset: number, afterMs = 0): FeatureProbe {
  return { subject, asOfOffset, atMs: (START + afterMs) as Millis };
}

function probed(history: Iterable<HistoryRecord>, probes: readonly FeatureProbe[]): FeatureSnapshot[] {
  return [...featuresFromHistory(history, probes, createWindowStore())].map(({ snapshot }) => snapshot);
}

/** The features of a probe from a store that read the log up to it and nothing else. */
function online(history: readonly HistoryRecord[], { subject, atMs, asOfOffset }: FeatureProbe): FeatureSnapshot {
  const store = createWindowStore();
  for (const record of history.filter(({ offset }) => offset <= asOfOffset)) {
    if (record.body === "event") store.apply(record.subject, record.event, record.offset);
  }
  return store.read(subject, atMs);
}

const subject = fc.constantFrom(ALICE, BOB);
const lag = fc.constantFrom(0, 0, 1, 5_000, MINUTE_MS, 31 * MINUTE_MS, DAY_MS, 33 * DAY_MS, -MINUTE_MS, -HOUR_MS);

const histories = fc
  .array(fc.tuple(subject, fc.constantFrom(...EVENT_KINDS), fc.nat(20 * HOUR_MS), lag, fc.nat(12), fc.nat(3)), {
    maxLength: 60,
  })
  .map((all) => {
    let clock = START;
    return all.map(([of, kind, pause, late, id, units], index) => {
      clock += pause;
      const times = { atMs: (clock - late) as Millis, receivedAtMs: clock as Millis };
      return record(of, 3 * index, { kind, eventId: `e${id}`, productId: `p${id % 3}`, units, ...times });
    });
  });

const probes = fc.array(
  fc.tuple(subject, fc.integer({ min: -1, max: 200 }), fc.nat(60 * DAY_MS)).map((args) => probe(...args)),
  { maxLength: 30 },
);

describe("features from history", () => {
  it("are those of windows that read the log up to the probe and stopped there", () => {
    fc.assert(
      fc.property(histories, probes, (history, asked) => {
        const store = createWindowStore();
        const found = [...featuresFromHistory(history, asked, store)];
        expect(found.map(({ probe }) => probe)).toEqual([...asked].sort((a, b) => a.asOfOffset - b.asOfOffset));
        for (const { probe, snapshot } of found) {
          // What a subject without records has is the same, whether the store knows it or not.
          expect(snapshot).toEqual(online(history, probe));
        }
        expect(store.subjectCount).toBe(0);
      }),
      { seed: 20_260_201, numRuns: 300 },
    );
  });

  it("have nothing of what arrived after the probe, however early it happened", () => {
    const early = { atMs: (START - HOUR_MS) as Millis, receivedAtMs: (START + HOUR_MS) as Millis };
    const history = [record(ALICE, 0), record(ALICE, 1, early)];
    const views = probed(history, [probe(ALICE, -1), probe(ALICE, 0), probe(ALICE, 1), probe(ALICE, 9)]).map(
      (snapshot) => featureValue(snapshot, "page_views_24h"),
    );
    expect(views).toEqual([0, 1, 2, 2]);
  });

  it("go through the history once, no further than the last probe, and keep nobody for whom no probe is left", () => {
    const store = createWindowStore();
    const given: number[] = [];
    function* history(): Generator<HistoryRecord> {
      for (let offset = 0; offset < 10; offset += 1) {
        given.push(offset);
        yield record(offset % 2 === 0 ? ALICE : BOB, offset);
      }
    }
    const subjects: number[] = [];
    for (const { snapshot } of featuresFromHistory(history(), [probe(BOB, 1), probe(ALICE, 4)], store)) {
      subjects.push(store.subjectCount, snapshot.asOfOffset);
    }
    expect(given).toEqual([0, 1, 2, 3, 4, 5]);
    expect(subjects).toEqual([1, 1, 0, 4]);
  });

  it("follow a login: what it moved counts from where it arrived, and ends where it was", () => {
    const store = createWindowStore();
    store.apply(ALICE, event(record(ALICE, 0)), 0);
    const windows = store.exportSubject(ALICE)!;
    const moved = { body: "moved", subject: BOB, windows, cause: "log/clickstream/0/1" } as const;
    const history: HistoryRecord[] = [
      record(ALICE, 0),
      { body: "link", subject: ALICE, offset: 1 },
      record(BOB, 2),
      { ...moved, offset: 3 },
      { ...moved, offset: 4 },
      record(ALICE, 5),
    ];
    const asked = [probe(ALICE, 0), probe(ALICE, 1), probe(BOB, 2), probe(BOB, 3), probe(BOB, 4), probe(ALICE, 5)];
    expect(probed(history, asked).map((snapshot) => featureValue(snapshot, "page_views_5m"))).toEqual([
      1, 0, 1, 2, 2, 1,
    ]);
  });

  it("are refused for a history that is not in order", () => {
    const history = [record(ALICE, 1), record(BOB, 0)];
    expect(() => probed(history, [probe(ALICE, 5)])).toThrow("offset 0 after 1: a history is in order");
  });
});
