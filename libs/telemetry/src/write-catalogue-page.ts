/** Writes METRICS.md: `npm run generate -w libs/telemetry`. */
import { writeFileSync } from "node:fs";
import { renderCataloguePage } from "./catalogue-page.js";

writeFileSync(new URL("../METRICS.md", import.meta.url), renderCataloguePage());
