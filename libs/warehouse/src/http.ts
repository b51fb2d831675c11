import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { ClientWarehouse, DEFAULT_TIMEOUTS, type WarehouseTimeouts } from "./client-warehouse.js";
import type { Warehouse } from "./port.js";

export interface HttpWarehouseOptions extends Partial<WarehouseTimeouts> {
  /** `http://host:8123` or https. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
  /** Must exist. */
  readonly database: string;
  /** Most sockets open at once; more calls wait. Default 10. */
  readonly connectionsMax?: number;
}

/** ClickHouse, over HTTP. Connects at the first call: `ping` tells whether it is there. */
export function openHttpWarehouse(options: HttpWarehouseOptions): Warehouse {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options };
  const client = createClient({
    url: options.url,
    username: options.user,
    password: options.password,
    database: options.database,
    application: "leastwise",
    // Failures are told once, by whoever is given the error.
    log: { level: ClickHouseLogLevel.OFF },
    max_open_connections: options.connectionsMax ?? 10,
    request_timeout: Math.max(timeouts.queryTimeoutMs, timeouts.insertTimeoutMs),
    compression: { request: true, response: true },
    clickhouse_settings: {
      output_format_json_quote_64bit_integers: 1,
      max_execution_time: Math.ceil(Math.max(timeouts.queryTimeoutMs, timeouts.insertTimeoutMs) / 1_000),
    },
  });
  return new ClientWarehouse(client, timeouts);
}
