import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { HOUR_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import {
  AHEAD_MAX_MS,
  createWindowStore,
  FEATURES,
  featuresFromHistory,
  TEXT_FEATURES,
  WINDOWS,
  type FeatureProbe,
  type FeatureSnapshot,
  type HistoryRecord,
} from "@leastwise/windows";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedWarehouse, type EmbeddedWarehouse } from "./embedded.js";
import { createFeatureViews } from "./feature-views.js";
import { DECISION } from "./given/sample-rows.js";
import { COLLECTOR, draws, HOME, shopLog, subjectOf, type Happening } from "./given/shop-log.js";
import { applyMigrations } from "./migrate.js";
import type { ClickstreamRow, DecisionRow, MoveRow } from "./rows.js";

/*
 * The three ways to a feature: the windows while the log is written, the same code from history, and SQL from the tables. The probes are
 * rows of `decisions`, and SQL's answer is the view.
 */

const PARTITIONS = 2;
const SEEDS = [20_260_131, 7];
const directory = mkdtempSync(join(tmpdir(), "leastwise-features-"));
let warehouse: EmbeddedWarehouse;

beforeAll(async () => {
  warehouse = await openEmbeddedWarehouse({ directory });
  await applyMigrations(warehouse);
  await createFeatureViews(warehouse);
  await createFeatureViews(warehouse);
});
afterAll(async () => {
  await warehouse.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Probe extends FeatureProbe {
  readonly id: string;
  readonly partition: number;
}

/** A probe and what the windows said while the log was written. */
interface Answered {
  readonly probe: Probe;
  readonly online: Features;
  /** From 5 minutes before the newest event on every feature is exact; before that it is exact or absent. */
  readonly isExact: boolean;
}

type Features = Readonly<Record<string, number | string | null>>;

/** A state on its way to an account: it arrives after so many records, and within the hour. */
interface Arriving {
  readonly move: () => void;
  readonly afterRecords: number;
  readonly byMs: number;
}

/** The shop's log as it is written: the windows follow it, are asked now and then, and the recorder's rows are kept. */
class Shop {
  readonly histories: HistoryRecord[][] = Array.from({ length: PARTITIONS }, () => []);
  readonly clickstream: ClickstreamRow[] = [];
  readonly moves: MoveRow[] = [];
  readonly answered: Answered[] = [];
  readonly stores = this.histories.map(() => createWindowStore());
  readonly verdicts = new Map<string, number>();
  readonly #incarnation: string;
  readonly #draw: ReturnType<typeof draws>;
  readonly #newestMs = new Map<SubjectId, number>();
  readonly #arriving: Arriving[] = [];
  readonly #nextOffsets = this.histories.map(() => 0);
  #records = 0;

  constructor(incarnation: string, seed: number) {
    this.#incarnation = incarnation;
    this.#draw = draws(seed);
  }

  take(happening: Happening): void {
    this.#records += 1;
    const nowMs = happening.happens === "login" ? happening.atMs : happening.event.receivedAtMs;
    const isDue = ({ afterRecords, byMs }: Arriving) => afterRecords <= this.#records || byMs < nowMs;
    for (const due of this.#arriving.filter(isDue)) {
      this.#arriving.splice(this.#arriving.indexOf(due), 1);
      due.move();
    }
    const { subject } = happening;
    if (happening.happens === "login") this.#login(subject, happening.account, nowMs);
    else this.#event(happening);
    const around = happening.happens === "login" ? happening.atMs : happening.event.atMs;
    for (let left = this.#draw(0, 2); left > 0; left -= 1) this.#ask(subject, around);
    if (this.#draw(0, 3) === 0) this.#ask(subjectOf(this.#draw(0, 40), this.#draw(0, 1) === 1), around);
  }

  /** What is on its way arrives: until then the tables do not know where an anonymous shopper's windows ended. */
  finish(): void {
    for (const { move } of this.#arriving.splice(0)) move();
  }

  #event({ subject, event, row }: Happening & { readonly happens: "event" }): void {
    const at = this.#place(subject);
    this.clickstream.push({ ...row, ...at });
    if (row.kind === "login") return; // windows do not count it
    this.histories[at.log_partition]!.push({ body: "event", subject, event, offset: at.log_offset });
    const { verdict } = this.stores[at.log_partition]!.apply(subject, event, at.log_offset);
    this.verdicts.set(verdict, (this.verdicts.get(verdict) ?? 0) + 1);
    if (verdict === "applied") this.#newestMs.set(subject, Math.max(event.atMs, this.#newestMs.get(subject) ?? 0));
  }

  /** The anonymous shopper's windows end, and arrive some records later in the account's partition, sometimes twice. */
  #login(from: SubjectId, to: SubjectId, nowMs: number): void {
    const link = this.#place(from);
    const store = this.stores[link.log_partition]!;
    const windows = store.exportSubject(from);
    const newestMs = this.#newestMs.get(from) ?? 0;
    store.forget(from);
    this.#newestMs.delete(from);
    this.histories[link.log_partition]!.push({ body: "link", subject: from, offset: link.log_offset });
    if (windows === undefined) return;
    const cause = `${this.#incarnation}/clickstream/${link.log_partition}/${link.log_offset}`;
    const move = (): void => {
      const at = this.#place(to);
      this.histories[at.log_partition]!.push({ body: "moved", subject: to, windows, cause, offset: at.log_offset });
      this.stores[at.log_partition]!.mergeSubject(to, windows, cause, at.log_offset);
      this.#newestMs.set(to, Math.max(newestMs, this.#newestMs.get(to) ?? 0));
      const from_link = { link_partition: link.log_partition, link_offset: link.log_offset };
      this.moves.push({ ...at, subject: to, from_subject: from, ...from_link });
    };
    // Behind the event that named both: it is in the account's partition with the link.
    const afterRecords = this.#records + 2 + this.#draw(0, 1) * this.#draw(1, 30);
    this.#arriving.push({ move, afterRecords, byMs: nowMs + HOUR_MS });
    if (this.#draw(0, 3) === 0) {
      this.#arriving.push({ move, afterRecords: afterRecords + this.#draw(0, 30), byMs: nowMs + HOUR_MS });
    }
  }

  #ask(subject: SubjectId, aroundMs: number): void {
    if (subject === COLLECTOR && this.#draw(0, 24) > 0) return; // reading thousands of products takes its time
    const partition = partitionOf(subject);
    const atMs = this.#near(aroundMs) as Millis;
    const asOfOffset = this.#nextOffsets[partition]! - 1;
    const probe = { id: `${this.#incarnation}-${this.answered.length}`, partition, subject, atMs, asOfOffset };
    const online = featuresOf(this.stores[partition]!.read(subject, atMs));
    this.answered.push({ probe, online, isExact: atMs >= (this.#newestMs.get(subject) ?? 0) - AHEAD_MAX_MS });
  }

  /** A moment at which something may change: an edge of a tile or a silence, give or take a millisecond. */
  #near(aroundMs: number): number {
    const { tileMs, tileCount } = WINDOWS[this.#draw(0, WINDOWS.length - 1)]!;
    const tile = Math.floor(aroundMs / tileMs);
    const moments = [
      ...[aroundMs, aroundMs, aroundMs + 30 * 60_000, aroundMs - AHEAD_MAX_MS, aroundMs - 3 * AHEAD_MAX_MS],
      ...[tile * tileMs, (tile + 1) * tileMs, (tile + tileCount) * tileMs],
    ];
    return moments[this.#draw(0, moments.length - 1)]! + this.#draw(-1, 1);
  }

  #place(subject: SubjectId) {
    const partition = partitionOf(subject);
    const offset = this.#nextOffsets[partition]!;
    this.#nextOffsets[partition] = offset + 1;
    const log = { log_incarnation: this.#incarnation, log_topic: "clickstream" };
    return { ...log, log_partition: partition, log_offset: offset };
  }
}

const partitionOf = (subject: SubjectId): number => Number.parseInt(subject.slice(0, 1), 16) % PARTITIONS;

function featuresOf({ values, lastChannel, lastDevice, lastPlace }: FeatureSnapshot): Features {
  const numbers = FEATURES.map(({ name }, index) => [name, Number.isNaN(values[index]) ? null : values[index]!]);
  const texts = { last_channel: lastChannel ?? null, last_device: lastDevice ?? null, last_place: lastPlace ?? null };
  return { ...(Object.fromEntries(numbers) as Features), ...texts };
}

function decisionOf({ id, subject, partition, asOfOffset, atMs }: Probe, incarnation: string): DecisionRow {
  return {
    ...DECISION,
    ...{ decision_id: id, subject, decided_at: atMs, log_incarnation: incarnation },
    ...{ features_as_of_partition: partition, features_as_of_offset: asOfOffset },
  };
}

async function fromTables(incarnation: string): Promise<ReadonlyMap<string, Features>> {
  const asked = "decision_features(home_currency = {home:String}, from_ms = 0, to_ms = 4000000000000)";
  const rows = await warehouse.query<Record<string, number | string | null>>(
    `SELECT * FROM ${asked} WHERE log_incarnation = {incarnation:String}`,
    { home: HOME, incarnation },
  );
  const numberOf = (value: number | string | null | undefined) => (value === null ? null : Number(value));
  return new Map(
    rows.map((row) => {
      const numbers = FEATURES.map(({ name }) => [name, numberOf(row[name])]);
      const texts = TEXT_FEATURES.map(({ name }) => [name, row[name]]);
      return [String(row["decision_id"]), Object.fromEntries([...numbers, ...texts]) as Features];
    }),
  );
}

describe.each(SEEDS)("of a shop's log, seed %i,", (seed) => {
  const incarnation = `log-${seed}`;
  const shop = new Shop(incarnation, seed);
  const asRead = new Map<string, Features>();
  let asTables: ReadonlyMap<string, Features>;

  beforeAll(async () => {
    for (const happening of shopLog(seed, 30, 40)) shop.take(happening);
    shop.finish();
    const token = (table: string) => ({ deduplicationToken: `${incarnation} ${table}` });
    await warehouse.insert("clickstream", shop.clickstream, token("clickstream"));
    await warehouse.insert("moves", shop.moves, token("moves"));
    const decisions = shop.answered.map(({ probe }) => decisionOf(probe, incarnation));
    await warehouse.insert("decisions", decisions, token("decisions"));
    for (const [partition, history] of shop.histories.entries()) {
      const probes = shop.answered.map(({ probe }) => probe).filter((probe) => probe.partition === partition);
      for (const { probe, snapshot } of featuresFromHistory(history, probes, createWindowStore())) {
        asRead.set(probe.id, featuresOf(snapshot));
      }
    }
    asTables = await fromTables(incarnation);
  });

  it("the log has all that is difficult, and nothing that windows bound", () => {
    expect([...shop.verdicts.keys()].sort()).toEqual(["ahead", "applied", "duplicate", "late"]);
    expect(shop.moves.length).toBeGreaterThan(20);
    const exact = shop.answered.filter(({ isExact }) => isExact);
    expect([exact.length > 1_000, exact.length < shop.answered.length]).toEqual([true, true]);
    expect(exact.some(({ online }) => Number(online["distinct_products_30d"]) > 512)).toBe(true);
    expect(shop.stores.reduce((sum, { counts }) => sum + counts.expired, 0)).toBeGreaterThan(10);
    for (const { counts } of shop.stores) {
      expect(counts).toMatchObject({ cartChangesJoined: 0, cartSkuOverflow: 0, dedupOverflow: 0, causesForgotten: 0 });
    }
  });

  it("history gives what the windows gave, feature by feature", () => {
    for (const { probe, online } of shop.answered)
      expect({ probe, ...asRead.get(probe.id) }).toEqual({ probe, ...online });
  });

  it("SQL gives what the windows gave, absent where they were absent; more only long before the newest event", () => {
    expect(asTables.size).toBe(shop.answered.length);
    for (const { probe, online, isExact } of shop.answered) {
      const fromSql = { ...asTables.get(probe.id) };
      if (!isExact) for (const [name, value] of Object.entries(online)) if (value === null) fromSql[name] = null;
      expect({ probe, ...fromSql }).toEqual({ probe, ...online });
    }
  });
});

describe("the view", () => {
  it("has a column for each feature of the catalogue, under its name and in its order", async () => {
    const described = "DESCRIBE (SELECT * FROM decision_features(home_currency = 'EUR', from_ms = 0, to_ms = 1))";
    const columns = (await warehouse.query<{ name: string }>(described)).map(({ name }) => name);
    const own = ["decision_id", "log_incarnation", "log_partition", "subject", "as_of_offset", "at_ms"];
    expect(columns).toEqual([...own, ...FEATURES.map(({ name }) => name), ...TEXT_FEATURES.map(({ name }) => name)]);
  });

  it("has zeros, and nothing else, for somebody who was never seen", async () => {
    const nobody = {
      id: "nobody",
      subject: "f".repeat(32) as SubjectId,
      partition: 1,
      asOfOffset: 9,
      atMs: Date.UTC(2026, 0, 1) as Millis,
    };
    await warehouse.insert("decisions", [decisionOf(nobody, "none")], { deduplicationToken: "nobody" });
    const online = featuresOf(createWindowStore().read(nobody.subject, nobody.atMs));
    expect((await fromTables("none")).get("nobody")).toEqual(online);
  });
});
