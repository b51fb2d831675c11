import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import { causeOfPart, createWindowStore, featureValue, type SubjectPart, type WindowStore } from "./index.js";

const BROWSER = "b".repeat(32) as SubjectId;
const ADA = "a".repeat(32) as SubjectId;
const NOON = Date.UTC(2026, 2, 10, 12);
const VIEWS = 400;

/** What is known of the browser from one of its views on: before, it was forgotten for room. */
function browserFrom(first: number): WindowStore {
  const store = createWindowStore();
  for (let view = first; view < VIEWS; view += 1) {
    const atMs = (NOON + view * MINUTE_MS) as Millis;
    const event = { kind: "product_view", atMs, receivedAtMs: atMs, units: 1, lines: [] } as const;
    store.apply(BROWSER, { ...event, productId: `p${String(view % 50)}`, eventId: `e${String(view)}` }, view);
  }
  return store;
}

function viewsOf(store: WindowStore, subject: SubjectId): number[] {
  const snapshot = store.read(subject, (NOON + VIEWS * MINUTE_MS) as Millis);
  return (["product_views_1h", "product_views_24h", "product_views_30d"] as const).map(
    (name) => featureValue(snapshot, name) ?? -1,
  );
}

describe("a move in parts that is sent again when less, or more, is known of the subject", () => {
  const known = [0, 100, 250, 390].map((first) => {
    const store = browserFrom(first);
    return { views: viewsOf(store, BROWSER), store };
  });
  const sending = fc.record({ of: fc.constantFrom(...known), bytesMax: fc.constantFrom(4_100, 5_000, 7_000, 100_000) });

  it("adds nothing twice, and leaves out nothing that was known both times", () => {
    let otherwise = 0;
    fc.assert(
      fc.property(sending, sending, fc.array(fc.nat(99)), (first, again, picks) => {
        const to = createWindowStore();
        const merge = ({ bytes, ...part }: SubjectPart): void => {
          expect(to.mergeSubject(ADA, bytes, causeOfPart("log/clickstream/0/7", part)).ok).toBe(true);
        };
        const [early, late] = [first, again].map(({ of, bytesMax }) => of.store.exportParts(BROWSER, bytesMax));
        for (const pick of picks) merge(early![pick % early!.length]!);
        for (const part of late!) merge(part);
        if (early![0]!.of !== late![0]!.of) otherwise += 1;
        for (const [index, views] of viewsOf(to, ADA).entries()) {
          const both = [first.of.views[index]!, again.of.views[index]!];
          expect(views).toBeGreaterThanOrEqual(Math.min(...both));
          expect(views).toBeLessThanOrEqual(Math.max(...both));
        }
      }),
      { seed: 12, numRuns: 150 },
    );
    expect(otherwise).toBeGreaterThan(50);
  });

  it("adds all of it, divided one way or the other, where the same is known", () => {
    const [{ store, views }] = known as [(typeof known)[0]];
    for (const bytesMax of [4_100, 5_000, 100_000]) {
      for (const before of [4_100, 5_000, 100_000]) {
        const to = createWindowStore();
        const early = store.exportParts(BROWSER, before);
        const parts = [...early.filter((_, part) => part % 2 === 1), ...store.exportParts(BROWSER, bytesMax), ...early];
        for (const part of parts) to.mergeSubject(ADA, part.bytes, causeOfPart("link", part));
        expect(viewsOf(to, ADA)).toEqual(views);
      }
    }
  });
});
