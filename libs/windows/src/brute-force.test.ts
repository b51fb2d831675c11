import { describe, expect, it } from "@jest/globals";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import fc from "fast-check";
import {
  AHEAD_MAX_MS,
  causeOfPart,
  createWindowStore,
  EVENT_KINDS,
  FEATURES,
  featureValue,
  WINDOWS,
  type EventKind,
  type FeatureName,
  type FeatureSnapshot,
  type WindowEvent,
  type WindowStore,
} from "./index.js";
import { decodeSubject, encodeSubject } from "./subject-encoding.js";
import { emptySubject } from "./subject-state.js";

/*
 * Every feature again, from the plain list of events, by the sentences of README.md and nothing of the engine.
 */

const ALICE = "a".repeat(32) as SubjectId;
const BOB = "b".repeat(32) as SubjectId;
const THIRTY_MINUTES = 30 * MINUTE_MS;
const FIVE_MINUTES = 5 * MINUTE_MS;
const TWELVE_HOURS = 12 * HOUR_MS;
const COUNTER_OF: Record<EventKind, string> = {
  page_view: "page_views",
  product_view: "product_views",
  search: "searches",
  cart_add: "cart_adds",
  cart_remove: "cart_removes",
  checkout_start: "checkout_starts",
  purchase: "purchases",
  content_engagement: "content_engagements",
};

type Fate = "applied" | "late" | "duplicate" | "ahead";

class PlainList {
  /** All that is neither a repeat nor ahead, the late ones too: no window that is exact can see those. */
  readonly counted: WindowEvent[] = [];
  readonly applied: WindowEvent[] = [];
  readonly sessionStarts: number[] = [];
  session: { start: number; last: number; events: WindowEvent[] } | undefined;
  readonly #ids = new Set<string>();

  get newest(): number {
    return Math.max(...this.applied.map((event) => event.atMs));
  }

  take(event: WindowEvent): Fate {
    if (event.atMs - event.receivedAtMs > FIVE_MINUTES) return "ahead";
    if (event.eventId !== undefined && this.#ids.has(event.eventId)) return "duplicate";
    if (event.eventId !== undefined) this.#ids.add(event.eventId);
    this.counted.push(event);
    const oldestTile = Math.floor((this.newest - FIVE_MINUTES) / TWELVE_HOURS) - 59;
    if (Math.floor(event.atMs / TWELVE_HOURS) < oldestTile) return "late";
    this.applied.push(event);
    if (this.session === undefined || event.atMs - this.session.last > THIRTY_MINUTES) {
      this.session = { start: event.atMs, last: event.atMs, events: [event] };
      this.sessionStarts.push(event.atMs);
    } else if (event.atMs >= this.session.start) {
      this.session.last = Math.max(this.session.last, event.atMs);
      this.session.events.push(event);
    }
    return "applied";
  }
}

function inWindow(atMs: number, t: number, tileMs: number, tileCount: number): boolean {
  const age = Math.floor(t / tileMs) - Math.floor(atMs / tileMs);
  return age >= 0 && age < tileCount;
}

/** The window features of a list of events at t. */
function windowsOf(events: readonly WindowEvent[], t: number): Record<string, number> {
  const features: Record<string, number> = {};
  for (const { name, tileMs, tileCount } of WINDOWS) {
    const inside = events.filter((event) => inWindow(event.atMs, t, tileMs, tileCount));
    const orders = inside.filter((event) => event.kind === "purchase");
    const paid = orders.filter((event) => event.revenueMinor !== undefined);
    for (const kind of EVENT_KINDS) {
      features[`${COUNTER_OF[kind]}_${name}`] = inside.filter((event) => event.kind === kind).length;
    }
    const units = orders.map(({ lines, units }) => (lines.length === 0 ? [units] : lines.map((line) => line.units)));
    features[`units_${name}`] = sum(units.flat());
    features[`revenue_minor_${name}`] = sum(paid.map((event) => event.revenueMinor ?? 0));
    features[`discount_minor_${name}`] = sum(paid.map((event) => event.discountMinor ?? 0));
    features[`distinct_products_${name}`] = new Set(
      inside.flatMap(({ productId, lines }) => [productId ?? [], lines.map((line) => line.productId)].flat()),
    ).size;
  }
  return features;
}

function recencyOf(events: readonly WindowEvent[], t: number): Record<string, number> {
  const since = (some: readonly WindowEvent[]): number => {
    const newest = Math.max(...some.map((event) => event.atMs));
    return some.length === 0 || newest - t > FIVE_MINUTES ? NaN : Math.max(0, t - newest);
  };
  const byKind = EVENT_KINDS.map((kind) => [`since_${kind}_ms`, since(events.filter((event) => event.kind === kind))]);
  return { ...Object.fromEntries(byKind), since_event_ms: since(events) } as Record<string, number>;
}

function cartOf(events: readonly WindowEvent[], t: number): Record<string, number> {
  const names = ["cart_lines", "cart_units", "cart_value_minor", "cart_age_ms", "cart_abandoned"];
  const aboutCart = events.filter(({ kind }) => kind === "cart_add" || kind === "cart_remove" || kind === "purchase");
  if (aboutCart.some((event) => event.atMs - t > FIVE_MINUTES)) return Object.fromEntries(names.map((n) => [n, NaN]));
  const bought = Math.max(...aboutCart.filter((event) => event.kind === "purchase").map((event) => event.atMs));
  const changes = aboutCart.filter(
    ({ kind, atMs, productId, units }) =>
      units > 0 &&
      kind !== "purchase" &&
      productId !== undefined &&
      atMs > bought &&
      Math.floor(t / TWELVE_HOURS) - Math.floor(atMs / TWELVE_HOURS) < 60,
  );
  const lines = [...new Set(changes.map((change) => change.productId))].map((productId) => {
    const mine = changes.filter((change) => change.productId === productId);
    const priced = mine.filter((change) => change.unitPriceMinor !== undefined);
    const newest = Math.max(...priced.map((change) => change.atMs));
    const prices = priced.filter((change) => change.atMs === newest).map((change) => change.unitPriceMinor ?? NaN);
    return {
      units: sum(mine.map((change) => (change.kind === "cart_add" ? change.units : -change.units))),
      price: prices.length === 0 ? NaN : Math.max(...prices),
      opened: Math.min(...mine.filter((change) => change.kind === "cart_add").map((change) => change.atMs)),
    };
  });
  const open = lines.filter((line) => line.units > 0);
  const changed = Math.max(...changes.map((change) => change.atMs));
  const values = [
    open.length,
    sum(open.map((line) => line.units)),
    sum(open.map((line) => line.units * line.price)),
    open.length === 0 ? NaN : Math.max(0, t - Math.min(...open.map((line) => line.opened))),
    open.length > 0 && t - changed > THIRTY_MINUTES ? 1 : 0,
  ];
  return Object.fromEntries(names.map((name, index) => [name, values[index]!]));
}

function historyOf(events: readonly WindowEvent[], t: number): Record<string, number> {
  const orders = events.filter(({ kind }) => kind === "purchase");
  const isUnknown = orders.some(({ atMs }) => atMs - t > FIVE_MINUTES);
  const first = Math.min(...orders.map(({ atMs }) => atMs));
  return {
    purchases_all: isUnknown ? NaN : orders.length,
    purchase_days_all: isUnknown ? NaN : new Set(orders.map(({ atMs }) => Math.floor(atMs / DAY_MS))).size,
    revenue_minor_all: isUnknown ? NaN : sum(orders.map(({ revenueMinor }) => revenueMinor ?? 0)),
    since_first_purchase_ms: isUnknown || orders.length === 0 ? NaN : Math.max(0, t - first),
  };
}

function sessionOf({ session }: PlainList, starts: readonly number[], t: number): Record<string, number> {
  const isUnknown = session !== undefined && session.last - t > FIVE_MINUTES;
  if (session === undefined || isUnknown || t - session.last > THIRTY_MINUTES) {
    const none = isUnknown ? NaN : 0;
    return {
      session_age_ms: NaN,
      session_events: none,
      session_page_views: none,
      session_product_views: none,
      session_seq: NaN,
    };
  }
  const to = Math.max(t, session.start);
  const oldest = Math.floor(t / TWELVE_HOURS) - 59;
  return {
    session_age_ms: Math.max(0, t - session.start),
    session_events: session.events.length,
    session_page_views: session.events.filter((event) => event.kind === "page_view").length,
    session_product_views: session.events.filter((event) => event.kind === "product_view").length,
    session_seq: starts.filter((start) => {
      const tile = Math.floor(start / TWELVE_HOURS);
      return tile >= oldest && tile <= Math.floor(to / TWELVE_HOURS);
    }).length,
  };
}

/** Every feature of a subject at t. */
function featuresOf(list: PlainList, t: number): Record<string, number> {
  return {
    ...windowsOf(list.counted, t),
    ...recencyOf(list.applied, t),
    ...sessionOf(list, list.sessionStarts, t),
    ...cartOf(list.applied, t),
    ...historyOf(list.counted, t),
    hour_of_day: new Date(t).getUTCHours(),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function asRecord({ values }: FeatureSnapshot): Record<string, number> {
  return Object.fromEntries(FEATURES.map(({ name }, index) => [name, values[index]!]));
}

/** An event as steps from the one before, so that shrinking keeps it sensible. */
interface Step {
  readonly pause: number;
  readonly lateness: number;
  readonly event: Omit<WindowEvent, "atMs" | "receivedAtMs">;
}

// Half a minute before a month, a day and a tile of every size begin.
const START = Date.UTC(2026, 0, 31, 23, 59, 30);
const NEAR = { min: -1, max: 1 };
const PAUSES = [0, 1, 4_999, 5_000, 30_000, MINUTE_MS, FIVE_MINUTES, THIRTY_MINUTES, HOUR_MS, 4 * HOUR_MS, DAY_MS];
const LATENESS = [0, 0, 0, 1, 5_000, MINUTE_MS, 10 * MINUTE_MS, THIRTY_MINUTES, DAY_MS, 8 * DAY_MS, 31 * DAY_MS];

const around = (numbers: readonly number[]): fc.Arbitrary<number> =>
  fc.tuple(fc.constantFrom(...numbers), fc.integer(NEAR)).map(([number, by]) => number + by);

const product = fc.constantFrom("p1", "p2", "p3", "p4");
const price = fc.option(fc.integer({ min: 0, max: 5_000 }), { nil: undefined });

const step = (idPrefix: string): fc.Arbitrary<Step> =>
  fc.record({
    pause: fc.oneof(around(PAUSES), fc.integer({ min: 0, max: 12 * DAY_MS })).map((pause) => Math.max(0, pause)),
    lateness: fc.oneof(around(LATENESS), around([-AHEAD_MAX_MS, -MINUTE_MS])),
    event: fc
      .record({
        kind: fc.constantFrom(...EVENT_KINDS),
        eventId: fc.option(
          fc.integer({ min: 0, max: 60 }).map((id) => `${idPrefix}${id}`),
          { nil: undefined },
        ),
        productId: fc.option(product, { nil: undefined }),
        units: fc.integer({ min: 0, max: 4 }),
        lines: fc.array(fc.record({ productId: product, units: fc.integer({ min: 0, max: 4 }) }), { maxLength: 3 }),
        revenueMinor: price,
        discountMinor: price,
        unitPriceMinor: price,
        channel: fc.option(fc.constantFrom("web", "app"), { nil: undefined }),
      })
      .map((event) => (event.kind === "purchase" ? event : { ...event, lines: [], revenueMinor: undefined })),
  });

const steps = (idPrefix: string): fc.Arbitrary<Step[]> => fc.array(step(idPrefix), { minLength: 1, maxLength: 40 });

function eventsOf(all: readonly Step[]): WindowEvent[] {
  let clock = START;
  return all.map(({ pause, lateness, event }) => {
    clock += pause;
    return { ...event, atMs: (clock - lateness) as Millis, receivedAtMs: clock as Millis };
  });
}

/** Moments at which something may change: each event's own, and the edges of its tiles, sessions and silences. */
function probesOf(events: readonly WindowEvent[], pick: number): Millis[] {
  const moments = events.flatMap(({ atMs }) => [
    atMs,
    atMs + THIRTY_MINUTES,
    atMs - FIVE_MINUTES,
    ...WINDOWS.flatMap(({ tileMs, tileCount }) => {
      const tile = Math.floor(atMs / tileMs);
      return [tile * tileMs, (tile + 1) * tileMs, (tile + tileCount) * tileMs];
    }),
  ]);
  const probes = moments.flatMap((moment) => [moment - 1, moment, moment + 1]);
  const stride = Math.max(1, Math.floor(probes.length / 40));
  return probes.filter((_, index) => index % stride === pick % stride) as Millis[];
}

function play(store: WindowStore, subject: SubjectId, events: readonly WindowEvent[]): PlainList {
  const list = new PlainList();
  for (const [offset, event] of events.entries()) {
    expect(store.apply(subject, event, offset).verdict).toBe(list.take(event));
  }
  return list;
}

describe("windows against a plain list of events", () => {
  it("gives every feature exactly from 5 minutes before the newest event on, and exactly or not at all before", () => {
    fc.assert(
      fc.property(steps("e"), fc.nat(1_000), (all, pick) => {
        const events = eventsOf(all);
        const store = createWindowStore();
        const list = play(store, ALICE, events);
        if (store.counts.cartChangesJoined > 0 || list.applied.length === 0) return;
        for (const t of probesOf(events, pick)) {
          const ours = asRecord(store.read(ALICE, t));
          const expected = featuresOf(list, t);
          if (t < list.newest - FIVE_MINUTES) {
            for (const [name, value] of Object.entries(ours)) if (Number.isNaN(value)) expected[name] = NaN;
          }
          expect({ t, ...ours }).toEqual({ t, ...expected });
        }
      }),
      { seed: 20_260_131, numRuns: 300 },
    );
  });

  it("applies no record twice, whatever part of the log is read again", () => {
    fc.assert(
      fc.property(steps("e"), fc.nat(39), fc.nat(39), (all, from, to) => {
        const events = eventsOf(all);
        const store = createWindowStore();
        const again = createWindowStore();
        for (const [offset, event] of events.entries()) store.apply(ALICE, event, offset);
        for (const [offset, event] of events.slice(0, to).entries()) again.apply(ALICE, event, offset);
        for (const [offset, event] of events.entries())
          if (offset >= Math.min(from, to)) again.apply(ALICE, event, offset);
        expect(again.digest()).toBe(store.digest());
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it("comes back from bytes as it was, to the last byte and for all that follows", () => {
    fc.assert(
      fc.property(steps("e"), fc.nat(40), (all, cut) => {
        const events = eventsOf(all);
        const store = createWindowStore();
        const restored = createWindowStore();
        for (const [offset, event] of events.slice(0, cut).entries()) store.apply(ALICE, event, offset);
        const bytes = store.exportSubject(ALICE);
        if (bytes === undefined) return;
        expect(restored.restoreSubject(ALICE, bytes)).toEqual({ ok: true, value: undefined });
        expect(restored.exportSubject(ALICE)).toEqual(bytes);
        for (const [offset, event] of events.entries()) {
          expect(restored.apply(ALICE, event, offset)).toEqual(
            offset < cut ? restored.apply(ALICE, event, offset) : store.apply(ALICE, event, offset),
          );
        }
        expect(restored.digest()).toBe(store.digest());
      }),
      { seed: 8, numRuns: 200 },
    );
  });
});

describe("merging two subjects", () => {
  it("gives, in both orders, what their events together give", () => {
    fc.assert(
      fc.property(steps("a"), steps("b"), fc.nat(1_000), (ofAlice, ofBob, pick) => {
        const store = createWindowStore();
        const [aliceEvents, bobEvents] = [eventsOf(ofAlice), eventsOf(ofBob)];
        const [alice, bob] = [play(store, ALICE, aliceEvents), play(store, BOB, bobEvents)];
        if (alice.applied.length === 0 || bob.applied.length === 0) return;
        const [aliceBytes, bobBytes] = [store.exportSubject(ALICE)!, store.exportSubject(BOB)!];
        expect(store.mergeSubject(ALICE, bobBytes, "link-1")).toEqual({ ok: true, value: true });
        expect(store.mergeSubject(BOB, aliceBytes, "link-1")).toEqual({ ok: true, value: true });
        if (store.counts.cartChangesJoined > 0) return;
        const newest = Math.max(alice.newest, bob.newest);
        const both = alice.session!.last >= bob.session!.last ? alice : bob;
        const isTied = alice.session!.last === bob.session!.last;
        const probes = [newest, newest - FIVE_MINUTES, ...probesOf([...aliceEvents, ...bobEvents], pick)] as Millis[];
        for (const t of probes.filter((probe) => probe >= newest - FIVE_MINUTES)) {
          const ours = asRecord(store.read(ALICE, t));
          expect({ t, ...asRecord(store.read(BOB, t)) }).toEqual({ t, ...ours });
          const sessions = sessionOf(both, [...alice.sessionStarts, ...bob.sessionStarts], t);
          expect({ t, ...ours }).toEqual({
            t,
            ...ours,
            ...windowsOf([...alice.counted, ...bob.counted], t),
            ...recencyOf([...alice.applied, ...bob.applied], t),
            ...cartOf([...alice.applied, ...bob.applied], t),
            ...(isTied ? {} : sessions),
          });
        }
        expect(store.read(ALICE, newest as Millis).lastChannel).toBe(store.read(BOB, newest as Millis).lastChannel);
      }),
      { seed: 9, numRuns: 200 },
    );
  });

  it("changes nothing when the same cause comes again, and knows the other's event ids", () => {
    fc.assert(
      fc.property(steps("a"), steps("b"), (ofAlice, ofBob) => {
        const store = createWindowStore();
        const bobEvents = eventsOf(ofBob);
        play(store, ALICE, eventsOf(ofAlice));
        play(store, BOB, bobEvents);
        const bytes = store.exportSubject(BOB);
        if (bytes === undefined) return;
        store.mergeSubject(ALICE, bytes, "link-1");
        const digest = store.digest();
        expect(store.mergeSubject(ALICE, bytes, "link-1")).toEqual({ ok: true, value: false });
        expect(store.digest()).toBe(digest);
        for (const event of bobEvents.filter(({ eventId }) => eventId !== undefined)) {
          const { verdict } = store.apply(ALICE, event, 1_000);
          expect(verdict === "duplicate" || verdict === "ahead" || verdict === "already_applied").toBe(true);
        }
      }),
      { seed: 10, numRuns: 200 },
    );
  });

  it("gives in parts, whatever their order and some of them twice, what it gives as a whole", () => {
    const nothing = encodeSubject(emptySubject());
    let inParts = 0;
    fc.assert(
      fc.property(
        ...([steps("a"), steps("b"), fc.double({ min: 0, max: 1, noNaN: true }), fc.array(fc.nat(99))] as const),
        (ofAlice, ofBob, share, turns) => {
          const [whole, parted] = [createWindowStore(), createWindowStore()];
          for (const store of [whole, parted]) {
            play(store, ALICE, eventsOf(ofAlice));
            play(store, BOB, eventsOf(ofBob));
          }
          const bytes = whole.exportSubject(BOB) ?? nothing;
          const state = decodeSubject(bytes);
          if (!state.ok) throw new Error(state.error.reason);
          const least = encodeSubject({ ...state.value, cells: [] }).length;
          const bytesMax = Math.max(80, Math.ceil(least + share * (bytes.length - least)));
          const parts = whole.exportParts(BOB, bytesMax);
          expect(whole.counts.dedupOverflow).toBe(0);
          for (const part of parts) expect(part.bytes.length).toBeLessThanOrEqual(bytesMax);
          const all = [...parts.keys()];
          const order = parts.length === 0 ? [] : [...turns.map((turn) => turn % parts.length), ...all.reverse()];
          if (parts.length > 0) whole.mergeSubject(ALICE, bytes, "link");
          for (const [turn, part] of order.entries()) {
            const isNew = order.indexOf(part) === turn;
            const { bytes: own, purchaseHistory, ...rest } = parts[part]!;
            const merged = parted.mergeSubject(ALICE, own, causeOfPart("link", rest), undefined, purchaseHistory);
            expect(merged).toEqual({ ok: true, value: isNew });
          }
          const [one, other] = [whole, parted].map((store) => store.exportSubject(ALICE) ?? nothing).map(decodeSubject);
          if (one?.ok !== true || other?.ok !== true) throw new Error();
          expect(encodeSubject({ ...other.value, causes: one.value.causes })).toEqual(encodeSubject(one.value));
          if (parts.length > 1) inParts += 1;
        },
      ),
      { seed: 11, numRuns: 300 },
    );
    expect(inParts).toBeGreaterThan(100);
  });
});

describe("a name that a probe uses", () => {
  it("is in the catalogue, and the catalogue has no other", () => {
    const list = new PlainList();
    list.take(eventsOf([{ pause: 0, lateness: 0, event: { kind: "search", units: 0, lines: [] } }])[0]!);
    const names = Object.keys(featuresOf(list, START)) as FeatureName[];
    expect([...names].sort()).toEqual(FEATURES.map(({ name }) => name).sort());
    expect(featureValue(createWindowStore().read(ALICE, START as Millis), "searches_5m")).toBe(0);
  });
});
