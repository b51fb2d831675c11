import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import {
  createWindowStore,
  emptySnapshot,
  featureValue,
  WindowReader,
  type SlabWindowStore,
  type WindowEvent,
} from "../index.js";
import type { CheckpointedBlock } from "./checkpoint.js";

const NOON = Date.UTC(2026, 2, 10, 12) as Millis;
const ADA = "ada0".repeat(8) as SubjectId;
const BEN = "0be2".repeat(8) as SubjectId;

let store: SlabWindowStore;

beforeEach(() => {
  store = createWindowStore({ bytesMax: 2 ** 21 });
});

function event(kind: WindowEvent["kind"], more: Partial<WindowEvent> = {}): WindowEvent {
  return { kind, atMs: NOON, receivedAtMs: NOON, units: 1, lines: [], ...more };
}

/** An order that cannot be counted to its end. */
const torn = event("purchase", {
  revenueMinor: 5_000,
  lines: [
    { productId: "shoe", units: 1 },
    {
      units: 1,
      get productId(): string {
        throw new Error("a bug");
      },
    },
  ],
});

/** What a reader of another thread finds; undefined if it takes the writer for dead. */
function found(subject: SubjectId): { readonly known: boolean; readonly views: number | undefined } | undefined {
  const snapshot = emptySnapshot();
  if (!new WindowReader(store.memory).read(subject, NOON, snapshot)) return undefined;
  return { known: snapshot.known, views: featureValue(snapshot, "page_views_1h") };
}

describe("an exception in the middle of an update", () => {
  it.each([
    ["a shopper who was known", true],
    ["a new one", false],
  ])("surfaces, and keeps nobody waiting for the block of %s, who begins anew", (_, isKnown) => {
    store.apply(BEN, event("page_view"), 0);
    const without = store.digest();
    if (isKnown) store.apply(ADA, event("page_view"), 1);
    expect(() => store.apply(ADA, torn, 2)).toThrow("a bug");
    expect(found(ADA)).toEqual({ known: false, views: 0 });
    expect(found(BEN)).toEqual({ known: true, views: 1 });
    expect(store.digest()).toBe(without);

    expect(store.apply(ADA, event("page_view"), 3)).toEqual({ verdict: "applied" });
    expect(found(ADA)).toEqual({ known: true, views: 1 });
    expect(store.counts.noRoom).toBe(0);
  });

  it("leaves nothing of a subject whose block could not be taken out of a checkpoint to its end", () => {
    store.apply(ADA, event("page_view"), 0);
    const words = [0, 0, 0xada0ada0 | 0, 0xada0ada0 | 0, 0xada0ada0 | 0, 0xada0ada0 | 0];
    const views = {
      i32: Int32Array.from(words),
      u8: new Uint8Array(0),
      get f64(): Float64Array {
        throw new Error("a bug");
      },
    };
    const block: CheckpointedBlock = { views, unit: 0, front: 20, idUnits: 0 };
    expect(() => {
      store.restoreBlock(block);
    }).toThrow("a bug");
    expect(found(ADA)).toEqual({ known: false, views: 0 });
    expect(store.subjectCount).toBe(0);
  });
});
