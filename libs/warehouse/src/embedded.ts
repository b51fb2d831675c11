import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { drainPending, Session } from "chdb";
import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ClientWarehouse, DEFAULT_TIMEOUTS, type WarehouseTimeouts } from "./client-warehouse.js";
import { accessXml, configXml } from "./embedded-access.js";
import { embeddedConnection } from "./embedded-connection.js";
import { WarehouseError } from "./port.js";

export interface EmbeddedWarehouseOptions extends Partial<WarehouseTimeouts> {
  /** Made if missing. One process at a time holds it, and one process holds one. */
  readonly directory: string;
}

/** The engine's directory that this process holds: the engine binds one a process. */
let held: string | undefined;

/** The warehouse in this process: ClickHouse's engine over one directory. */
export class EmbeddedWarehouse extends ClientWarehouse {
  /** The engine's data directory; more sessions of this process may be opened on it, as the SQL door does. */
  readonly enginePath: string;

  constructor(enginePath: string, keeper: Session, timeouts: WarehouseTimeouts) {
    const client = createClient({
      connection: embeddedConnection(enginePath),
      log: { level: ClickHouseLogLevel.OFF },
    });
    super(client, timeouts, async () => {
      keeper.close();
      await drainPending();
      held = undefined;
    });
    this.enginePath = enginePath;
  }
}

/**
 * Opens the engine over a directory. Fails with `directory_in_use` if another process has it, or this one has another, and
 * with `directory_unusable` if it cannot be written. The lock is the engine's own and ends with its process, however it ends.
 */
export async function openEmbeddedWarehouse(options: EmbeddedWarehouseOptions): Promise<EmbeddedWarehouse> {
  const directory = resolve(options.directory);
  const enginePath = join(directory, "engine");
  if (held !== undefined) {
    throw new WarehouseError("directory_in_use", `this process already holds the warehouse in ${held}`, "terminal");
  }
  const config = prepare(directory, enginePath);
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options };
  const keeper = openEngine(enginePath, config);
  held = enginePath;
  const warehouse = new EmbeddedWarehouse(enginePath, keeper, timeouts);
  try {
    // A call that has timed out goes on inside the engine: this ends it there.
    const limit = Math.ceil(Math.max(timeouts.queryTimeoutMs, timeouts.insertTimeoutMs) / 1_000);
    await warehouse.command(`SET output_format_json_quote_64bit_integers = 1, max_execution_time = ${limit}`);
    return warehouse;
  } catch (cause) {
    await warehouse.close();
    throw cause;
  }
}

function prepare(directory: string, enginePath: string): string {
  const access = join(directory, "access.xml");
  const config = join(directory, "config.xml");
  try {
    mkdirSync(enginePath, { recursive: true });
    accessSync(enginePath, constants.R_OK | constants.W_OK | constants.X_OK);
    writeFileSync(access, accessXml());
    writeFileSync(config, configXml(access));
    return config;
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new WarehouseError("directory_unusable", `the warehouse cannot use ${directory}: ${words}`, "terminal", {
      cause,
    });
  }
}

function openEngine(enginePath: string, config: string): Session {
  try {
    return new Session(enginePath, { connectionArgs: [`--config-file=${config}`] });
  } catch (cause) {
    const holder = holderOf(enginePath);
    if (holder === undefined) {
      const words = cause instanceof Error ? cause.message : String(cause);
      throw new WarehouseError("directory_unusable", `the engine cannot open ${enginePath}: ${words}`, "terminal", {
        cause,
      });
    }
    const words = `${enginePath} is held by process ${holder}; one process at a time may use a warehouse directory`;
    throw new WarehouseError("directory_in_use", words, "terminal", { cause });
  }
}

/** The living process that the engine's lock file names. */
function holderOf(enginePath: string): number | undefined {
  try {
    const pid = Number(/^PID: (\d+)/.exec(readFileSync(join(enginePath, "status"), "utf8"))?.[1]);
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}
