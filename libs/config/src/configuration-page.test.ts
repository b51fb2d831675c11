import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { PLACED_KEYS } from "./catalogue.js";
import { renderConfigurationPage } from "./configuration-page.js";

it("CONFIG.md is what the keys say (`npm run generate -w libs/config` writes it anew)", () => {
  expect(readFileSync(new URL("../CONFIG.md", import.meta.url), "utf8")).toBe(renderConfigurationPage());
});

describe("every key", () => {
  it.each(PLACED_KEYS.map(({ path, key }) => [path, key] as const))(
    "%s has a default that it would take",
    (_path, key) => {
      if (key.fallback !== undefined) expect(key.schema.safeParse(key.fallback).success).toBe(true);
    },
  );

  it("has a variable of its own", () => {
    expect(new Set(PLACED_KEYS.map(({ variable }) => variable)).size).toBe(PLACED_KEYS.length);
  });

  it("that is secret can be read from a file", () => {
    const paths = PLACED_KEYS.map(({ path }) => path);
    for (const { path, key } of PLACED_KEYS) if (key.secret) expect(paths).toContain(`${path}_file`);
  });
});
