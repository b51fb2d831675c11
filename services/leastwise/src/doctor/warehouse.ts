import type { Config } from "@leastwise/config";
import { openHttpWarehouse, WarehouseError, type Warehouse } from "@leastwise/warehouse";
import { doubtful, failing, fine, skipped, type Finding } from "./finding.js";

/** The oldest version that the tables and views were tried with. */
const VERSION_MIN = [24, 8] as const;
/** Clocks that are further apart make events late, or ahead of their time. */
const SKEW_MAX_MS = 1_000;

/** Whether ClickHouse answers, is new enough, and has the same time as this machine. */
export async function checkWarehouse(
  { warehouse, log }: Pick<Config, "warehouse" | "log">,
  nowMs: () => number,
): Promise<readonly Finding[]> {
  const { adapter, url, user, password, database } = warehouse;
  if (adapter !== "http" || url === undefined)
    return [skipped("warehouse", "warehouse.adapter is embedded: it runs in the process"), skipped("clock", NOBODY)];
  const opened = openHttpWarehouse({ url, user, password: password ?? "", database });
  try {
    return await Promise.all([checkVersion(opened, url, database), checkClock(opened, nowMs, log.adapter)]);
  } catch (error) {
    if (!(error instanceof WarehouseError)) throw error;
    const fix =
      "see warehouse.url, warehouse.user, warehouse.password and warehouse.database, and whether the server runs";
    return [failing("warehouse", `${url}: ${error.message}`, fix), skipped("clock", NOBODY)];
  } finally {
    await opened.close();
  }
}

const NOBODY = "nobody to compare it with";

async function checkVersion(opened: Warehouse, url: string, database: string): Promise<Finding> {
  const [row] = await opened.query<{ version: string }>("SELECT version() AS version");
  const version = row?.version ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const found = `ClickHouse ${version} answers at ${url}, database ${database}`;
  const isNewEnough = major > VERSION_MIN[0] || (major === VERSION_MIN[0] && minor >= VERSION_MIN[1]);
  if (isNewEnough) return fine("warehouse", found);
  return failing("warehouse", found, `take ClickHouse ${VERSION_MIN.join(".")} or later`);
}

async function checkClock(opened: Warehouse, nowMs: () => number, log: Config["log"]["adapter"]): Promise<Finding> {
  const before = nowMs();
  const [row] = await opened.query<{ now_ms: string }>("SELECT toUnixTimestamp64Milli(now64(3)) AS now_ms");
  const after = nowMs();
  const theirs = Number(row?.now_ms);
  const apartMs = Math.max(0, before - theirs, theirs - after);
  const compared = apartMs === 0 ? "the same as the warehouse's" : `${apartMs} ms from the warehouse's`;
  const found = log === "kafka" ? `${compared}; not compared with the brokers', who do not say theirs` : compared;
  return apartMs <= SKEW_MAX_MS ? fine("clock", found) : doubtful("clock", found, "run an NTP client on both machines");
}
