import { describe, expect, it } from "@jest/globals";
import { existsSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd } from "./program.js";

// With the embedded log the keys are made at first start, and not by who looks whether it could be started.

describe("leastwise doctor", () => {
  it("says of keys that are not there yet that they will be made, and makes none", async () => {
    const data = path.join(newFolder(), "data");
    const env = { LEASTWISE_DATA_DIRECTORY: data };
    const { exit, stdout } = await runToEnd({ args: ["doctor", "--json"], env });
    expect(exit.code).toBe(0);
    expect(JSON.parse(stdout.join(""))).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({ name: "key of codes", standing: "ok", found: "made at first start" }),
      ]),
    });
    expect(existsSync(path.join(data, "keys"))).toBe(false);
  }, 60_000);
});
