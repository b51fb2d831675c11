import { expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedWarehouse } from "./embedded.js";
import { WarehouseError } from "./port.js";

async function refusal(directory: string): Promise<WarehouseError> {
  try {
    await (await openEmbeddedWarehouse({ directory })).close();
  } catch (error) {
    if (error instanceof WarehouseError) return error;
    throw error;
  }
  throw new Error("it opened");
}

it("refuses a directory that another process holds, and takes it when that process is killed", async () => {
  const directory = mkdtempSync(join(tmpdir(), "leastwise-lock-"));
  mkdirSync(join(directory, "engine"));
  const chdb = createRequire(import.meta.url).resolve("chdb");
  const script = `const s = new (require(${JSON.stringify(chdb)}).Session)(process.argv[1]);
    s.queryAsync("CREATE TABLE t (x Int8) ENGINE = MergeTree ORDER BY x").then(() => console.log("held"));
    setInterval(() => s, 1e6);`;
  const holder = spawn(process.execPath, ["-e", script, join(directory, "engine")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(holder.stdout, "data");
    const refused = await refusal(directory);
    expect([refused.code, refused.hint]).toEqual(["directory_in_use", "terminal"]);
    expect(refused.message).toContain(`held by process ${String(holder.pid)}`);
  } finally {
    holder.kill("SIGKILL");
    await once(holder, "exit");
  }
  const warehouse = await openEmbeddedWarehouse({ directory });
  expect(await warehouse.query("SHOW TABLES")).toEqual([{ name: "t" }]);
  await warehouse.close();
  await expect(warehouse.query("SELECT 1")).rejects.toMatchObject({ code: "warehouse_closed" });
  rmSync(directory, { recursive: true });
});

it("says in words that a directory cannot be made", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "leastwise-file-")), "file");
  writeFileSync(file, "");
  expect((await refusal(file)).code).toBe("directory_unusable");
});
