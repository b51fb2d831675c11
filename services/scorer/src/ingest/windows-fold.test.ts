import { decodeClickstreamRecord, TOPICS } from "@leastwise/contracts";
import { RECORD_BYTES_MAX, type NewRecord, type RecordSpans } from "@leastwise/eventlog";
import type { Millis, SubjectId } from "@leastwise/vocabulary";
import { featureValue, reserveSegment, type FeatureName } from "@leastwise/windows";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { did, EUR, loggedIn, NOON, onClickstream } from "../given/records.js";
import { WindowsFold, type SentState } from "./windows-fold.js";

const BROWSER = "00".repeat(16) as SubjectId;
const ADA = "ff".repeat(16) as SubjectId;
const LINK_OFFSET = 1_000_000;

function newFold(): WindowsFold {
  const fold = new WindowsFold({ currency: EUR, incarnation: "log-1" });
  fold.hold(0, reserveSegment(2 ** 26), true);
  return fold;
}

/** The records as they stand one after the other in partition 0. */
function standingFrom(offset: number, records: readonly NewRecord[]): RecordSpans {
  const values = records.map(({ value }) => value);
  const ends = values.reduce<number[]>((all, value) => [...all, (all.at(-1) ?? 0) + value.length], []);
  return {
    ...{ topic: TOPICS.clickstream, partition: 0, count: records.length, bytes: Buffer.concat(values) },
    offsets: Float64Array.from(records, (_, index) => offset + index),
    timestampsMs: Float64Array.from(records, () => NOON),
    valueFrom: Int32Array.from(ends, (end, index) => end - (values[index]?.length ?? 0)),
    valueTo: Int32Array.from(ends),
    ...{ endOffset: offset + records.length, nextOffset: offset + records.length },
  };
}

/** A robot that looks at five hundred products every five seconds, in three ways, for six minutes. */
function lookAround(fold: WindowsFold): void {
  let offset = 0;
  for (let tile = 0; tile < 72; tile += 1) {
    for (const kind of ["product_view", "page_view", "content_engagement"] as const) {
      for (let product = 0; product < 500; product += 1) {
        const atMs = (NOON - (72 - tile) * 5_000) as Millis;
        const productId = `product ${String(product)}`;
        fold.stores[0]!.apply(BROWSER, { kind, atMs, receivedAtMs: atMs, productId, units: 1, lines: [] }, offset);
        offset += 1;
      }
    }
  }
}

const seen = (fold: WindowsFold, subject: SubjectId) => {
  const snapshot = fold.stores[0]!.read(subject, NOON);
  const names: readonly FeatureName[] = ["product_views_5m", "page_views_1h", "content_engagements_30d"];
  return names.map((name) => featureValue(snapshot, name)).concat(featureValue(snapshot, "distinct_products_30d"));
};

const arrival = ({ value }: SentState) => onClickstream(ADA, value);

function causeIn({ value }: SentState): string | undefined {
  const body = decodeClickstreamRecord(value);
  return body.ok && body.value.$case === "stateMoved" ? body.value.value.cause : undefined;
}

describe("a state that is too large for one record", () => {
  let before: readonly unknown[];
  let first: ReturnType<WindowsFold["take"]>;

  beforeAll(() => {
    const from = newFold();
    lookAround(from);
    before = seen(from, BROWSER);
    first = from.take(standingFrom(LINK_OFFSET, [loggedIn(BROWSER, ADA)]));
  });

  it("moves whole, in parts that each fit and are added once, in any order, however often they come", () => {
    const { sent, counts } = first;
    expect(sent.length).toBeGreaterThan(1);
    for (const part of sent) {
      expect(part).toMatchObject({ to: ADA, hasState: true, cause: causeIn(part) });
      expect(part.value.length).toBeLessThan(RECORD_BYTES_MAX);
    }
    const place = `log-1/clickstream/0/${String(LINK_OFFSET)}`;
    expect(sent.map(({ cause }) => cause)).toEqual(
      sent.map((_, part) => `part ${String(part + 1)} of ${String(sent.length)} of ${place}`),
    );
    expect(counts.dedupOverflow).toBe(0);

    for (const parts of [[...sent, ...sent], [...sent].reverse().flatMap((part) => [part, part])]) {
      const to = newFold();
      const { arrived, unreadable } = to.take(standingFrom(0, parts.map(arrival)));
      expect(new Set(arrived)).toEqual(new Set(sent.map(({ cause }) => cause)));
      expect(unreadable).toEqual([]);
      expect(seen(to, ADA)).toEqual(before);
      expect(to.stores[0]!.counts).toMatchObject({ merged: sent.length, alreadyMerged: sent.length, noRoom: 0 });
    }
  }, 60_000);

  it("comes in the same parts when the log is read again", () => {
    const fold = newFold();
    lookAround(fold);
    expect(fold.take(standingFrom(LINK_OFFSET, [loggedIn(BROWSER, ADA)])).sent).toEqual(first.sent);
  }, 60_000);
});

describe("a batch that cannot be taken in", () => {
  it("leaves none of its events to the next one, which may be of another partition", () => {
    const fold = new WindowsFold({ currency: EUR, incarnation: "log-1" });
    for (const partition of [0, 1]) fold.hold(partition, reserveSegment(2 ** 21), true);
    const broken = standingFrom(0, [did(BROWSER), did(BROWSER)]);
    broken.offsets[1] = -1;
    expect(() => fold.take(broken)).toThrow();
    const { verdicts } = fold.take({ ...standingFrom(0, [did(ADA)]), partition: 1 });
    expect(verdicts).toEqual({ applied: 1 });
    expect(fold.stores[1]!.subjectCount).toBe(1);
  });
});
