export { type WarehouseTimeouts } from "./client-warehouse.js";
export { openSqlDoor, type SqlDoor, type SqlDoorOptions } from "./door/door.js";
export { EmbeddedWarehouse, openEmbeddedWarehouse, type EmbeddedWarehouseOptions } from "./embedded.js";
export { openHttpWarehouse, type HttpWarehouseOptions } from "./http.js";
export * from "./lift-report.js";
export { applyMigrations, planMigrations, readMigrations, type Migration, type MigrationPlan } from "./migrate.js";
export * from "./port.js";
export { rowRefusal } from "./row-bounds.js";
export * from "./rows.js";
