import { DECISION_FEATURES_SQL } from "./features/decision-features.sql.js";
import type { Warehouse } from "./port.js";

/** Installs the view `decision_features`. It holds no data: what the code says replaces what was there. After the migrations. */
export async function createFeatureViews(warehouse: Warehouse): Promise<void> {
  await warehouse.command(DECISION_FEATURES_SQL);
}
