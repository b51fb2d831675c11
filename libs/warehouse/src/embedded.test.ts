import { LATEST_MS } from "@leastwise/vocabulary";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedWarehouse, type EmbeddedWarehouse } from "./embedded.js";
import { applyMigrations, planMigrations, readMigrations } from "./migrate.js";
import { WarehouseError } from "./port.js";
import { CLICK, DEAD_LETTER, DECISION, ENROLMENT, MOVE, OFFER, ORDER, RETURN } from "./given/sample-rows.js";

const directory = mkdtempSync(join(tmpdir(), "leastwise-warehouse-"));
let warehouse: EmbeddedWarehouse;

beforeAll(async () => {
  warehouse = await openEmbeddedWarehouse({ directory });
});
afterAll(async () => {
  await warehouse.close();
  rmSync(directory, { recursive: true, force: true });
});

async function failure(promise: Promise<unknown>): Promise<WarehouseError> {
  return await promise.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => {
      if (error instanceof WarehouseError) return error;
      throw error;
    },
  );
}

describe("migrations on the engine in process", () => {
  it("plans without changing anything", async () => {
    const { applied, pending } = await planMigrations(warehouse);
    expect(applied).toEqual([]);
    expect(pending.map(({ name }) => name)).toContain("0003_offers.sql");
    expect(await warehouse.query("SHOW TABLES")).toEqual([]);
  });

  it("may be applied by several at once, and again", async () => {
    await Promise.all([applyMigrations(warehouse), applyMigrations(warehouse)]);
    expect(await applyMigrations(warehouse)).toEqual([]);
    expect((await planMigrations(warehouse)).pending).toEqual([]);
    expect((await warehouse.query("SHOW TABLES")).length).toBe(9);
  });

  it("documents every column", async () => {
    expect(
      await warehouse.query(
        "SELECT table, name FROM system.columns WHERE database = 'default' AND comment = '' AND name NOT LIKE '%.%'",
      ),
    ).toEqual([]);
  });

  it("refuses an applied migration that was changed, and one that it does not know", async () => {
    const [first, ...rest] = await readMigrations();
    expect((await failure(planMigrations(warehouse, [{ ...first!, checksum: "other" }, ...rest]))).code).toBe(
      "migration_changed",
    );
    expect((await failure(applyMigrations(warehouse, rest))).code).toBe("migration_unknown");
  });

  it("refuses statements that cannot be run twice, and files that are not numbered", async () => {
    const folder = new URL(`file://${mkdtempSync(join(tmpdir(), "leastwise-migrations-"))}/`);
    writeFileSync(new URL("0001_x.sql", folder), "CREATE TABLE x (a Int8) ENGINE = Memory;\n");
    expect((await failure(readMigrations(folder))).code).toBe("migration_unsafe");
    writeFileSync(new URL("x.sql", folder), "");
    expect((await failure(readMigrations(folder))).code).toMatch(/^migrations?_un/);
    rmSync(folder, { recursive: true });
    expect((await failure(readMigrations(folder))).code).toBe("migrations_unreadable");
  });
});

describe("rows", () => {
  it("go into their tables whole, and come out as they went in", async () => {
    const options = { deduplicationToken: "sample" };
    await warehouse.insert("clickstream", [CLICK], options);
    await warehouse.insert("decisions", [DECISION], options);
    await warehouse.insert("offers", [OFFER], options);
    await warehouse.insert("orders", [ORDER], options);
    await warehouse.insert("returns", [RETURN], options);
    await warehouse.insert("enrolments", [ENROLMENT], options);
    await warehouse.insert("dead_letters", [DEAD_LETTER], options);
    await warehouse.insert("moves", [MOVE], options);
    for (const [table, row] of Object.entries({
      clickstream: CLICK,
      decisions: DECISION,
      offers: OFFER,
      orders: ORDER,
      returns: RETURN,
      enrolments: ENROLMENT,
      dead_letters: DEAD_LETTER,
      moves: MOVE,
    })) {
      const [back] = await warehouse.query<Record<string, unknown>>(`SELECT * FROM ${table}`);
      expect(unnested(back!)).toEqual(asRead(row));
    }
  });

  it("may be of many years: an import is one block", async () => {
    const months = Array.from({ length: 150 }, (_, month) => ({ ...DEAD_LETTER, received_at: Date.UTC(2000, month) }));
    await warehouse.insert("dead_letters", months, { deduplicationToken: "years" });
    expect(
      await warehouse.query("SELECT toUInt8(count()) AS n FROM dead_letters WHERE received_at < '2013-01-01'"),
    ).toEqual([{ n: 150 }]);
  });

  it("have the same time in the table, from the first millisecond that a row may have to the last", async () => {
    const times = [0, 1, 999, 1_000, 9_999_999, 999_999_999_999, LATEST_MS - 1];
    const rows = times.map((received_at) => ({ ...DEAD_LETTER, field: "times", received_at }));
    await warehouse.insert("dead_letters", rows, { deduplicationToken: "times" });
    const sql =
      "SELECT toFloat64(toUnixTimestamp64Milli(received_at)) AS ms FROM dead_letters WHERE field = 'times' ORDER BY ms";
    expect((await warehouse.query<{ ms: number }>(sql)).map(({ ms }) => ms)).toEqual(times);
  });

  it("keep 64-bit integers exact as text", async () => {
    expect(
      await warehouse.query("SELECT {x:Int64} AS x, toInt256(1) AS y, 1.5 AS z", { x: 9007199254740993n }),
    ).toEqual([{ x: "9007199254740993", y: "1", z: 1.5 }]);
  });
});

describe("an insert's token", () => {
  const count = async () => Number((await warehouse.query<{ n: string }>("SELECT count() AS n FROM orders"))[0]!.n);

  it("makes the same block again add nothing, and another block add its rows", async () => {
    const before = await count();
    const rows = [ORDER, { ...ORDER, order_id: "o2" }];
    await warehouse.insert("orders", rows, { deduplicationToken: "log/orders/0/1-2" });
    await warehouse.insert("orders", rows, { deduplicationToken: "log/orders/0/1-2" });
    expect(await count()).toBe(before + 2);
    await warehouse.insert("orders", rows, { deduplicationToken: "log/orders/0/3-4" });
    expect(await count()).toBe(before + 4);
  });

  it("holds over partitions of the table, for streams, and with quotes in it", async () => {
    const before = await count();
    const insert = () =>
      warehouse.insert("orders", streamOf([ORDER, { ...ORDER, received_at: ORDER.received_at + 90 * 86_400_000 }]), {
        deduplicationToken: "it's \\ odd",
      });
    await insert();
    await insert();
    expect(await count()).toBe(before + 2);
  });

  it("must be text that a statement can hold", async () => {
    const refused = await failure(warehouse.insert("orders", [ORDER], { deduplicationToken: "a\nb" }));
    expect([refused.code, refused.hint]).toEqual(["bad_token", "terminal"]);
  });
});

async function* streamOf<Row>(rows: readonly Row[]): AsyncGenerator<Row> {
  for (const row of rows) yield await Promise.resolve(row);
}

describe("failures", () => {
  it("carry ClickHouse's code and whether to try again", async () => {
    expect(await failure(warehouse.query("SELECT * FROM nothing"))).toMatchObject({
      code: "statement_refused",
      clickhouseCode: 60,
      hint: "terminal",
    });
    expect(await failure(warehouse.command("SELECT FROM WHERE"))).toMatchObject({ clickhouseCode: 62 });
    const odd = { ...ORDER, colour: "red" };
    expect(await failure(warehouse.insert("orders", [odd], { deduplicationToken: "odd" }))).toMatchObject({
      clickhouseCode: 117,
      hint: "terminal",
    });
  });

  it("say that an insert is no longer waited for, and that it may be sent again", async () => {
    const never = new Promise<typeof ORDER>(() => undefined);
    const rows = (async function* () {
      yield await never;
    })();
    const givingUp = new AbortController();
    const inserting = warehouse.insert("orders", rows, { deduplicationToken: "given up", signal: givingUp.signal });
    givingUp.abort();
    expect(await failure(inserting)).toMatchObject({ code: "warehouse_timeout", hint: "retry" });
  });

  it("name the directory that this process already holds", async () => {
    const again = await failure(openEmbeddedWarehouse({ directory: `${directory}-other` }));
    expect(again).toMatchObject({ code: "directory_in_use", hint: "terminal" });
  });
});

/** A row as it comes out of JSONEachRow with nested columns put together again. */
function unnested(row: Record<string, unknown>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    const [outer, inner] = name.split(".");
    if (inner === undefined) result[name] = value;
    else {
      const items = (result[outer!] ??= (value as unknown[]).map(() => ({}))) as Record<string, unknown>[];
      (value as unknown[]).forEach((item, at) => (items[at]![inner] = item));
    }
  }
  return result;
}

const WIDE =
  /_minor$|^(quantity|offset|log_offset|link_offset|weight|draw|propensity_weight|horizon_ms|features_as_of_offset)$/;

/** A row as written, with times and 64-bit integers in the form in which they are read. */
function asRead(row: object, inRung = false): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]: [string, unknown]) => {
      if (typeof value === "number" && (name === "at" || name.endsWith("_at"))) {
        return [name, new Date(value).toISOString().replace("T", " ").replace("Z", "")];
      }
      if (typeof value === "number" && WIDE.test(name) && !(inRung && name === "value_minor"))
        return [name, String(value)];
      if (Array.isArray(value) && typeof value[0] === "object") {
        return [name, value.map((item: object) => asRead(item, name === "rungs"))];
      }
      return [name, value];
    }),
  );
}
