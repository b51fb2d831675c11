import { describe, expect, it } from "@jest/globals";
import type { CurrencyCode } from "@leastwise/vocabulary";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkFirstPolicy } from "./first-policy.js";

describe("what the doctor says of the first policy", () => {
  it("is that the built-in one can be put into force, where no file is named", async () => {
    const finding = await checkFirstPolicy({ policy_file: undefined, currency: "EUR" as CurrencyCode });
    expect(finding).toMatchObject({ name: "policy", standing: "ok", found: expect.stringContaining("built-in") });
  });

  it("is that the file is not there, cannot be read or is no policy, and which key names it", async () => {
    const directory = await mkdtemp(path.join(tmpdir(), "leastwise-policy-"));
    const torn = path.join(directory, "torn.yaml");
    await writeFile(torn, "campaigns: 7\n");
    const found = await Promise.all(
      [path.join(directory, "none.yaml"), directory, torn].map((policy_file) =>
        checkFirstPolicy({ policy_file, currency: "EUR" as CurrencyCode }),
      ),
    );
    expect(found.map(({ standing }) => standing)).toEqual(["fail", "fail", "fail"]);
    expect(found.map((finding) => finding.found)).toEqual([
      expect.stringMatching(/none.yaml cannot be read: .*ENOENT/),
      expect.stringMatching(/cannot be read: .*EISDIR/),
      expect.stringMatching(/torn.yaml:1:/),
    ]);
    expect(found.every(({ fix }) => fix.includes("policy_file"))).toBe(true);
    await rm(directory, { recursive: true });
  });
});
