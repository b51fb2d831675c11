import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { renderCataloguePage } from "./catalogue-page.js";

it("METRICS.md is what the catalogue says (`npm run generate -w libs/telemetry` writes it anew)", () => {
  expect(readFileSync(new URL("../METRICS.md", import.meta.url), "utf8")).toBe(renderCataloguePage());
});
