import { TOPICS, wire } from "@leastwise/contracts";
import { applyMigrations, openEmbeddedWarehouse, type EmbeddedWarehouse } from "@leastwise/warehouse";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../journey/built-program.js";
import { newFolder } from "../journey/program.js";

// What docs/kafka-connect.md says is held against the contracts, and its SQL is run. Connect itself does not run here.

const PAGE = readFileSync(path.join(ROOT, "docs", "kafka-connect.md"), "utf8");
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block!.trim());

const [connector] = blocks("json").map((block) => JSON.parse(block) as { config: Record<string, string> });
const [createTable = "", decisionsThatCount = ""] = blocks("sql");
const included = connector!.config["transforms.flat.include"]!.split(",");
const places = ["topic", "partition", "offset"].map((what) => connector!.config[`transforms.place.${what}.field`]!);

interface Column {
  readonly name: string;
  readonly type: string;
}

let warehouse: EmbeddedWarehouse;
beforeAll(async () => {
  warehouse = await openEmbeddedWarehouse({ directory: newFolder() });
  await applyMigrations(warehouse);
  await warehouse.command(createTable);
}, 60_000);
afterAll(async () => {
  await warehouse.close();
});

async function columns(table: string): Promise<ReadonlyMap<string, string>> {
  const found = await warehouse.query<Column>("SELECT name, type FROM system.columns WHERE table = {table:String}", {
    table,
  });
  return new Map(found.map(({ name, type }) => [name, type]));
}

/** Fields of the message, as the registry's schema and Connect call them. */
function fields(): readonly string[] {
  const names = Object.keys(wire.DecisionRecord.fromPartial({}));
  return names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

describe("the Kafka Connect page", () => {
  it("has a connector whose topic and table there are", () => {
    const { topics, topic2TableMap } = connector!.config;
    expect(topics).toBe(TOPICS.decisions);
    expect(topic2TableMap).toBe(`${TOPICS.decisions}=decision_records`);
    expect(createTable).toContain("CREATE TABLE decision_records");
  });

  it("names fields that the message has, and makes a column of each", async () => {
    expect(fields()).toEqual(expect.arrayContaining(included));
    expect([...(await columns("decision_records")).keys()]).toEqual([...included, ...places]);
  });

  it("gives columns the types that the recorder's have, where it has them", async () => {
    const ours = await columns("decisions");
    const theirs = await columns("decision_records");
    // What the converter hands over is signed.
    const signed = (type: string | undefined) => type?.replace(/^UInt/, "Int");
    const alike = [...theirs].filter(([name]) => ours.has(name));
    expect(alike.length).toBeGreaterThan(15);
    for (const [name, type] of alike) expect([name, type]).toEqual([name, signed(ours.get(name))]);
  });

  it("has a query that leaves out beginnings of owners, and what a superseded one wrote", async () => {
    const history = [
      ["first", 1],
      ["", 2],
      ["late", 1],
      ["second", 2],
    ] as const;
    const rows = history.map(([id, epoch], offset) => `('${id}', ${epoch}, 0, ${offset})`);
    const into = "INSERT INTO decision_records (decision_id, owner_epoch, log_partition, log_offset) VALUES";
    await warehouse.command(`${into} ${rows.join(", ")}, ('elsewhere', 1, 1, 9)`);
    const counted = await warehouse.query<{ decision_id: string }>(decisionsThatCount);
    expect(counted.map(({ decision_id }) => decision_id).sort()).toEqual(["elsewhere", "first", "second"]);
  });
});
