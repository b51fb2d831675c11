import { OwnerEpochs, TOPICS, wire } from "@leastwise/contracts";
import { applyMigrations, openEmbeddedWarehouse, type TableName, type Warehouse } from "@leastwise/warehouse";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { decided, did, euros, happened, ISSUED, NOON, standing, torn } from "../given/records.js";
import { commitOfRows, newestOffsets } from "../recorded-rows.js";
import { clickstreamRows } from "./clickstream-rows.js";
import { deadLetterRows } from "./dead-letter-rows.js";
import { decisionRows } from "./decision-rows.js";
import { offerRows } from "./offer-rows.js";
import type { Outcome } from "./outcome.js";

const MOST = BigInt(Number.MAX_SAFE_INTEGER);
const YACHT = wire.Product.fromPartial({ productId: "yacht", price: euros(MOST), unitCost: euros(MOST) });

let directory: string;
let warehouse: Warehouse;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "recorder-tables-"));
  warehouse = await openEmbeddedWarehouse({ directory });
  await applyMigrations(warehouse);
});
afterAll(async () => {
  await warehouse.close();
  await rm(directory, { recursive: true });
});

/** Writes the rows of a record twice under one token, as after a crash. */
async function record(name: string, outcome: Outcome): Promise<void> {
  if (outcome.outcome !== "ok") throw new Error(outcome.outcome);
  const { rows } = outcome;
  for (const table of [...tablesOf(rows), ...tablesOf(rows)]) {
    await warehouse.insert(table, rows[table] ?? [], { deduplicationToken: name });
  }
}

const tablesOf = (rows: object) => Object.keys(rows) as TableName[];
const clicked = (event: wire.DeepPartial<wire.Event>) => clickstreamRows("i", standing(did(event)), () => YACHT);

describe("the real tables", () => {
  it("take the largest order there is, once", async () => {
    const order = {
      orderId: "largest",
      lines: [{ productId: "yacht", quantity: 1n, unitPrice: euros(MOST), discount: euros(1) }],
      codes: ["it's \\ a \n code"],
    };
    await record("order", clicked({ kind: wire.EventKind.EVENT_KIND_PURCHASE, order }));
    expect(
      await warehouse.query(
        "SELECT revenue_minor, cost_of_goods_minor, codes, lines.unit_price_minor AS p FROM orders",
      ),
    ).toEqual([
      { revenue_minor: String(MOST - 1n), cost_of_goods_minor: String(MOST), codes: order.codes, p: [String(MOST)] },
    ]);
  });

  it("take a return whose refund nobody knows, once", async () => {
    const goodsReturn = { orderId: "largest", lines: [{ productId: "yacht", quantity: 1n }] };
    await record("return", clicked({ kind: wire.EventKind.EVENT_KIND_RETURN, goodsReturn }));
    expect(await warehouse.query("SELECT event_id, order_id, refund_minor, cost_recovered_minor FROM returns")).toEqual(
      [{ event_id: "e1", order_id: "largest", refund_minor: null, cost_recovered_minor: "0" }],
    );
  });

  it("take a decision with what it issued and whom it enrolled, and what became of the offer, each once", async () => {
    const enrolments = [{ experimentId: "x", arm: "treatment", enrolledAtMs: BigInt(NOON), first: true }];
    const values = [Number.NaN, Infinity, 1e300];
    const issued = standing(decided({ ...ISSUED, enrolments, features: { values } }));
    await record("decision", decisionRows("i", issued, new OwnerEpochs()));
    await record(
      "expired",
      offerRows("i", standing(happened({ kind: { $case: "expired", value: {} } })), new OwnerEpochs()),
    );
    expect(await warehouse.query("SELECT decision_id, arm, rung FROM decisions")).toEqual([
      { decision_id: "d1", arm: "treatment", rung: 1 },
    ]);
    expect(await warehouse.query("SELECT experiment FROM enrolments")).toEqual([{ experiment: "x" }]);
    expect(await warehouse.query("SELECT kind FROM offers ORDER BY at")).toEqual([
      { kind: "issued" },
      { kind: "expired" },
    ]);
  });

  it("say how far they are with a partition of the log, and know nothing of another", async () => {
    const partition = { incarnation: "i", topic: TOPICS.decisions, partition: 0 };
    const newest = await newestOffsets(warehouse, partition);
    expect(Object.fromEntries(newest)).toEqual({ decisions: 41, enrolments: 41, offers: 41 });
    expect(commitOfRows(TOPICS.decisions, newest)).toEqual({ offset: 42, note: "" });
    const enrolled = new Map([...newest, ["enrolments", 44] as const]);
    expect(commitOfRows(TOPICS.decisions, enrolled)).toEqual({ offset: 42, note: '{"to":45}' });
    const another = await newestOffsets(warehouse, { ...partition, incarnation: "another log" });
    expect([another.size, commitOfRows(TOPICS.decisions, another)]).toEqual([0, undefined]);
  });

  it("take a dead letter that cannot be read itself, once", async () => {
    await record("letter", deadLetterRows("i", standing(torn(TOPICS.deadLetters))));
    expect(await warehouse.query("SELECT reason, payload FROM dead_letters")).toEqual([
      { reason: "record_malformed", payload: "////" },
    ]);
  });
});
