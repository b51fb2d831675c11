import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { newFolder, runToEnd, serve, type Program } from "./program.js";

// `leastwise policy`, as a marketer's machine or a pipeline runs it, against a service that runs.

const DOCUMENT = `version: autumn-1
author: ada
reason: the first cold days
currency: USD
segments: [{name: everyone, expression: "true"}]
campaigns:
  - campaign_id: coats
    kind: incentive
    rules: {segment: everyone}
    ladder: [{incentive: {percent_off: {percent: 5%, maximum: 40.00}}}]
    experiment_id: all
    budget_id: autumn
    offer_ttl: 24h
guardrails: {floor_price: 60%, max_discount: 30%, margin_floor: 5%, assumed_margin: 40%}
experiments: [{experiment_id: all, salt: autumn/1, holdout: 10%}]
budgets: [{budget_id: autumn, amount: 20000}]
`;

// Each command is a process of its own, and a machine at work on other tests takes seconds to begin one.
jest.setTimeout(180_000);

let program: Program;
let folder: string;

beforeAll(async () => {
  folder = newFolder();
  program = await serve(newFolder());
}, 60_000);

afterAll(() => program.stop());

function fileOf(text: string): string {
  const file = path.join(folder, "policy.yaml");
  writeFileSync(file, text);
  return file;
}

async function policy(...args: readonly string[]) {
  const { exit, stdout, stderr } = await runToEnd({ args: ["policy", ...args] });
  return { code: exit.code, out: stdout.join("\n"), err: stderr.join("\n") };
}

const asked = (...args: readonly string[]) => policy(...args, "--address", `localhost:${program.ports.rpc}`);

describe("leastwise policy", () => {
  it("validates a document, and says where it is wrong and what was meant", async () => {
    expect(await policy("validate", fileOf(DOCUMENT))).toMatchObject({
      code: 0,
      out: expect.stringContaining("autumn-1 could be put into force: 1 campaign, 1 segment, in USD"),
    });
    const wrong = DOCUMENT.replace("offer_ttl: 24h", "offer_tll: 24h").replace("floor_price: 60%", "floor_price: 60");
    const file = fileOf(wrong);
    expect(await policy("validate", file)).toEqual({
      code: 1,
      out: [
        `${file}:13:5: campaigns[0].offer_tll: expected a field of Campaign; did you mean offer_ttl?, got "offer_tll" (unknown_field)`,
        `${file}:14:27: guardrails.floor_price_bp: expected a percentage with at most two decimals, for example 12.5%, got 60 (quantity_malformed)`,
      ].join("\n"),
      err: "leastwise: 2 problems",
    });
    const misnamed = await policy(
      "validate",
      fileOf(DOCUMENT.replace("segment: everyone", "segment: evryone")),
      "--json",
    );
    expect(JSON.parse(misnamed.out)).toMatchObject({
      valid: false,
      problems: [{ reason: "unknown_segment", line: 9, column: 22, expected: "a segment, perhaps everyone" }],
    });
  });

  it("says where in an expression it is wrong, on whichever line of a block that stands", async () => {
    const segments = [
      "segments:",
      "  - name: everyone",
      "    expression: >-",
      "      features.purchases_30d >= 2 &&",
      "        profile.days_to_birtday <= 7",
      "  - {name: champions, expression: 'rfm.recency == \"champion\"'}",
      "  - {name: late, expression: context.hour >= 25}",
      "  - {name: none, expression: features.purchases_30d / 0 > 1}",
      "",
    ].join("\n");
    const file = fileOf(DOCUMENT.replace('segments: [{name: everyone, expression: "true"}]\n', segments));
    expect((await policy("validate", file)).out.split("\n")).toEqual([
      `${file}:9:9: segments[0].expression: expected a field of profile, perhaps profile.days_to_birthday, got profile.days_to_birtday (unknown_field)`,
      `${file}:10:51: segments[1].expression: expected a whole number from 1 to 5, as rfm.recency is, got the text "champion" (expression_type_mismatch)`,
      `${file}:11:30: segments[2].expression: expected a comparison that can hold: context.hour is a whole number from 0 to 23, got context.hour >= 25 (expression_out_of_range)`,
      `${file}:12:30: segments[3].expression: expected a division by another number than 0, got features.purchases_30d / 0 (expression_divides_by_zero)`,
    ]);
  });

  it("puts it into force, says what changed, who did it, and goes back", async () => {
    const file = fileOf(DOCUMENT);
    expect(await asked("apply", file)).toMatchObject({
      ...{ code: 0, out: "autumn-1 is in force" },
      err: expect.stringContaining(
        "currency: expected the shop's currency, EUR: carts in EUR get nothing under a policy in USD",
      ),
    });
    const deeper = fileOf(DOCUMENT.replace("percent: 5%", "percent: 10%").replace("autumn-1", "autumn-x"));
    expect(await asked("diff", deeper)).toMatchObject({
      out: [
        "--- autumn-1",
        "+++ autumn-x",
        "~ campaigns[coats].ladder[0].incentive.percent_off.percent: 5% → 10%",
      ].join("\n"),
    });
    expect(
      await asked("apply", deeper, "--version", "autumn-2", "--author", "grace", "--reason", "it snows"),
    ).toMatchObject({ code: 0 });
    expect(await asked("rollback", "autumn-1", "--author", "ada", "--reason", "too deep")).toMatchObject({
      out: "autumn-1.back-1 is in force: it says what autumn-1 said",
    });
    const { out: history } = await asked("history", "--json");
    expect(JSON.parse(history)).toMatchObject({
      policies: [
        { version: "autumn-1.back-1", author: "ada", reason: "too deep" },
        { version: "autumn-2", author: "grace", reason: "it snows" },
        { version: "autumn-1", author: "ada", reason: "the first cold days" },
        { version: "starter-1" },
      ],
    });
    const { out: shown } = await asked("show", "autumn-1");
    expect(await asked("diff", fileOf(shown), "--against", "autumn-1.back-1")).toMatchObject({
      out: "autumn-1.back-1 and autumn-1 say the same",
    });
    expect(readFileSync(path.join(folder, "policy.yaml"), "utf8")).toContain(
      "percent_off: {percent: 5%, maximum: 40.00}",
    );
  });

  it("gives nothing new at one command, and goes on at another", async () => {
    expect(await asked("apply", fileOf(DOCUMENT), "--version", "short-1")).toMatchObject({ code: 0 });
    const said = ["--author", "ada", "--reason", "money runs out"];
    expect((await asked("kill", ...said)).out.split("\n")).toEqual([
      "short-1.kill-1 is in force: nothing new is given",
      "to go on: policy rollback short-1 --author NAME --reason WORDS",
    ]);
    expect((await asked("show")).out).toContain("kill_switch: true");
    expect((await asked("kill", ...said)).out).toBe("short-1.kill-1 has the kill switch on already");
    expect(await asked("rollback", "short-1", ...said)).toMatchObject({ code: 0 });
  });

  it("says what to do where nobody answers, or nothing is known by that name", async () => {
    expect(await asked("apply", fileOf(DOCUMENT))).toMatchObject({
      code: 1,
      err: expect.stringContaining("policy_version_exists"),
    });
    expect(await asked("show", "autum-2")).toMatchObject({ err: expect.stringContaining("did you mean autumn-2?") });
    expect(await policy("history", "--address", "localhost:1")).toMatchObject({
      code: 1,
      err: expect.stringContaining("does a service run there? --address says where to ask"),
    });
    expect(await policy("validate", path.join(folder, "none.yaml"))).toMatchObject({
      code: 1,
      err: expect.stringContaining("none.yaml cannot be read"),
    });
  });
});
