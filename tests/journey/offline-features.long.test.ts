import { applyMigrations, openEmbeddedWarehouse } from "@leastwise/warehouse";
import { FEATURES } from "@leastwise/windows";
import { expect, it } from "@jest/globals";
import path from "node:path";
import { newFolder, runToEnd } from "./program.js";

// A month of the simulated storefront, logins included, through the built program: what Decide had in hand is what SQL computes afterwards.

/** How long a play may take, ms. */
const PLAY_MAX_MS = 180_000;
const SMALL = ["--shoppers", "600", "--days", "10"];

interface Row {
  readonly decision_id: string;
  /** As recorded with the decision; what was absent has no key. */
  readonly online: Readonly<Record<string, number>>;
  readonly [feature: string]: unknown;
}

it(
  "every decision's recorded features are those that SQL computes from the tables",
  async () => {
    const data = path.join(newFolder(), "play");
    const { exit, stderr, stdout } = await runToEnd(
      { args: ["play", "--once", "--json", "--data", data, ...SMALL] },
      PLAY_MAX_MS,
    );
    if (exit.code !== 0) throw new Error(stderr.join("\n"));
    const { currency } = JSON.parse(stdout.join("")) as { readonly currency: string };
    const warehouse = await openEmbeddedWarehouse({ directory: path.join(data, "warehouse") });
    try {
      expect(await applyMigrations(warehouse)).toEqual([]);
      const rows = await warehouse.query<Row>(
        `SELECT d.features AS online, f.*
         FROM decision_features(home_currency = {currency:String}, from_ms = 0, to_ms = 4000000000000) AS f
         INNER JOIN decisions AS d ON d.decision_id = f.decision_id
         WHERE notEmpty(d.features)`,
        { currency },
      );
      const [moved] = await warehouse.query<{ n: number }>(
        "SELECT toUInt32(uniq(d.subject)) AS n FROM decisions AS d INNER JOIN moves AS m ON m.subject = d.subject",
      );
      expect([rows.length > 100, moved!.n > 20]).toEqual([true, true]);
      for (const { decision_id, online, ...fromSql } of rows) {
        const found = FEATURES.map(({ name }) => [name, fromSql[name] === null ? undefined : Number(fromSql[name])]);
        const recorded = FEATURES.map(({ name }) => [name, online[name]]);
        expect({ decision_id, ...Object.fromEntries(found) }).toEqual({ decision_id, ...Object.fromEntries(recorded) });
      }
    } finally {
      await warehouse.close();
    }
  },
  2 * PLAY_MAX_MS,
);
