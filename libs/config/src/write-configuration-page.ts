/** Writes CONFIG.md: `npm run generate -w libs/config`. */
import { writeFileSync } from "node:fs";
import { renderConfigurationPage } from "./configuration-page.js";

writeFileSync(new URL("../CONFIG.md", import.meta.url), renderConfigurationPage());
