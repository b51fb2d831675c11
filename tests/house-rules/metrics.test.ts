import { CATALOGUE } from "@leastwise/telemetry";
import { describe, expect, it } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

// A panel or an alert on a metric that nobody sets says all is well for ever.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const shipped = ["libs", "services"]
  .flatMap((floor) =>
    readdirSync(path.join(ROOT, floor), { recursive: true }).map((name) => `${floor}/${String(name)}`),
  )
  .filter((name) => name.endsWith(".ts") && !/node_modules|[/\\](dist|gen|given)[/\\]|\.test\.ts$/.test(name))
  .map((name) => readFileSync(path.join(ROOT, name), "utf8"))
  .join("\n");

describe("metrics", () => {
  it.each(Object.keys(CATALOGUE))("%s is told by somebody", (member) => {
    expect(new RegExp(`\\bmetrics\\s*\\.${member}\\b`).test(shipped)).toBe(true);
  });
});
