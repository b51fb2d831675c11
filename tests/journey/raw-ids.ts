import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { Program } from "./program.js";
import { RAW_MARK, type Shop } from "./shop.js";

const TABLES = ["clickstream", "decisions", "offers", "orders", "returns", "enrolments", "dead_letters"];

/** Where raw ids that tests sent can be read: lines of the programs, rows of the tables. None may be. */
export async function rawIdsLetOut(programs: readonly Program[], shop: Shop): Promise<string[]> {
  const lines = programs.flatMap((program) => program.lines).filter((text) => text.includes(RAW_MARK));
  const found = lines.map((text) => `line: ${text}`);
  for (const table of TABLES) {
    const readable = table === "dead_letters" ? ", base64Decode(payload) AS read" : "";
    const rows = await shop.sql(`SELECT *${readable} FROM ${table}`);
    found.push(
      ...rows
        .map((row) => JSON.stringify(row))
        .filter((text) => text.includes(RAW_MARK))
        .map((text) => `${table}: ${text}`),
    );
  }
  const metrics = (await shop.ops("/metrics")).text;
  if (metrics.includes(RAW_MARK)) found.push("metrics page");
  return found;
}

/** Files under a folder in which a raw id stands as plain bytes. */
export function filesWithRawIds(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => path.join(folder, String(name)))
    .filter((file) => statSync(file).isFile() && readFileSync(file).includes(RAW_MARK));
}
