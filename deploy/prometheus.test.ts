import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { complaintsAbout, namesIn } from "./promql.js";

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const folder = fileURLToPath(new URL("prometheus/", import.meta.url));
const filesOf = (name: string): string[] => readdirSync(`${folder}${name}`).map((file) => `${folder}${name}/${file}`);

const rules = filesOf("rules").flatMap((file) =>
  (parse(readFileSync(file, "utf8")) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
const named = rules.map((rule) => [rule.record ?? rule.alert ?? "?", rule] as const);

describe("rules", () => {
  it("have names of their own", () => {
    expect(new Set(named.map(([name]) => name)).size).toBe(rules.length);
  });

  it.each(named)("%s names only what there is", (_name, { expr }) => {
    expect(complaintsAbout(expr)).toEqual([]);
    for (const name of namesIn(expr).recorded) expect(recorded).toContain(name);
  });

  it.each(alerts.map((rule) => [rule.alert ?? "?", rule] as const))(
    "%s says how grave it is, what is wrong, what it means and what to do",
    (_name, { labels, annotations, for: wait }) => {
      expect(["critical", "warning", "info"]).toContain(labels?.["severity"]);
      expect(wait).toBeDefined();
      for (const text of ["summary", "description", "runbook"]) expect(annotations?.[text]).toMatch(/^\S.{10,}\.$/);
    },
  );

  it("are seen to fire, each alert, and to be silent when all is well", () => {
    const tests = filesOf("tests")
      .map((file) => readFileSync(file, "utf8"))
      .join("\n");
    for (const { alert } of alerts) {
      expect(tests).toMatch(new RegExp(`\\{alertname="${String(alert)}"\\}'`));
      expect(tests).toMatch(
        new RegExp(`alertname="${String(alert)}",alertstate="firing"\\}\\)\\s+eval_time: 8h\\s+exp_samples: \\[\\]`),
      );
    }
  });
});

const hasPromtool = spawnSync("promtool", ["--version"]).error === undefined;
const isRequired = (process.env["CI"] ?? "") !== "" && process.env["CI"] !== "false";

if (hasPromtool || isRequired) {
  describe("promtool", () => {
    it.each([
      ["check", "config", `${folder}prometheus.yml`],
      ["check", "rules", ...filesOf("rules")],
      ["test", "rules", ...filesOf("tests")],
    ])("%s %s", (...command) => {
      const { status, stdout, stderr, error } = spawnSync("promtool", command, { encoding: "utf8" });
      if (error !== undefined) throw new Error("promtool is needed here: apt-get install prometheus", { cause: error });
      expect(`${stdout}${stderr}`).not.toContain("FAILED");
      expect(status).toBe(0);
    });
  });
} else {
  process.stderr.write("left out: promtool check config, check rules and test rules (promtool is not installed)\n");
}
