import { describe, expect, it } from "@jest/globals";
import { readPolicyDocument } from "@leastwise/policy";
import { compileProposed } from "@leastwise/references";
import { sayRefusal } from "@leastwise/vocabulary";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse, parseDocument } from "yaml";
import { ROOT } from "../journey/built-program.js";

const PAGE = readFileSync(path.join(ROOT, "docs/policy.md"), "utf8");
const [DOCUMENT = "", ...FRAGMENTS] = [...PAGE.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = ""]) => yaml);

/** What stands beside campaigns; the rest is a campaign's. */
const OF_THE_POLICY: ReadonlySet<string> = new Set([
  ...["guardrails", "budgets", "partners", "stacking_groups", "device"],
  ...["time_zone", "segments", "rfm", "prices", "tax", "disclosures"],
]);
const APPROACHES = ["propensity", "dynamic", "on_device", "partner", "consent_exchange"];

type Fields = Readonly<Record<string, unknown>>;

/** Campaigns of a part say what differs from the document's own. */
function likeTheFirst(campaigns: unknown): readonly Fields[] {
  const [first = {}] = (parse(DOCUMENT) as { readonly campaigns: readonly Fields[] }).campaigns;
  return (campaigns as readonly Fields[]).map((campaign) => {
    const { rules, experiment_id, ...rest } = first;
    // What is owed is held back from nobody.
    const measured = campaign["kind"] === "entitlement" ? {} : { experiment_id };
    return { ...rest, ...measured, ...(APPROACHES.some((name) => name in campaign) ? {} : { rules }), ...campaign };
  });
}

function compiled(text: string) {
  const document = readPolicyDocument(text);
  if (!document.ok) throw new Error(JSON.stringify(document.error));
  return compileProposed(document.value.policy);
}

describe("the page of policies", () => {
  it("shows a document that could be put into force", () => {
    expect(compiled(DOCUMENT)).toMatchObject({ ok: true });
  });

  it.each(FRAGMENTS)("shows parts that could stand in it: %s", (fragment) => {
    const document = parseDocument(DOCUMENT);
    for (const [name, value] of Object.entries(parse(fragment) as Fields))
      if (name === "campaigns") document.setIn([name], likeTheFirst(value));
      else document.setIn(OF_THE_POLICY.has(name) ? [name] : ["campaigns", 0, name], value);
    expect(compiled(document.toString())).toMatchObject({ ok: true });
  });

  it("names the schema that editors take", () => {
    const [, schema = ""] = /^# yaml-language-server: \$schema=\.\.\/(\S+)$/m.exec(DOCUMENT) ?? [];
    expect(JSON.parse(readFileSync(path.join(ROOT, schema), "utf8"))).toMatchObject({ title: "Leastwise policy" });
  });

  it("says of a misspelt field what the command says", () => {
    const wrong = readPolicyDocument(DOCUMENT.replace("offer_ttl", "offer_tll"));
    expect(wrong).toMatchObject({ ok: false, error: [{ field: "campaigns[0].offer_tll", reason: "unknown_field" }] });
    expect(PAGE).toContain("campaigns[0].offer_tll: expected a field of Campaign; did you mean offer_ttl?");
  });

  it("says of a rung that contradicts a guardrail what the command says", () => {
    const text = DOCUMENT.replace("percent: 10%, maximum: 40.00", "percent: 90%").replace(
      "floor_price: 60%",
      "floor_price: 95%",
    );
    const document = readPolicyDocument(text);
    if (!document.ok) throw new Error(JSON.stringify(document.error));
    const wrong = compileProposed(document.value.policy);
    const said = (wrong.ok ? [] : wrong.error).map((problem) => {
      const { line, column, ...refused } = document.value.locate(problem);
      return `policy.yaml:${line}:${column}: ${sayRefusal(refused)}`;
    });
    expect(said).toHaveLength(1);
    expect(PAGE).toContain(`\n${said[0]!}\n`);
  });
});
