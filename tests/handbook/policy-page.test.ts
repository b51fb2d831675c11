import { describe, expect, it } from "@jest/globals";
import { readPolicy } from "@leastwise/contracts";
import { compilePolicy } from "@leastwise/decision";
import { readPolicyDocument } from "@leastwise/policy";
import { FEATURE_CATALOGUE } from "@leastwise/references";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse, parseDocument } from "yaml";
import { ROOT } from "../journey/built-program.js";

const PAGE = readFileSync(path.join(ROOT, "docs/policy.md"), "utf8");
const [DOCUMENT = "", ...FRAGMENTS] = [...PAGE.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = ""]) => yaml);

/** What stands beside campaigns; the rest is a campaign's. */
const OF_THE_POLICY: ReadonlySet<string> = new Set([
  ...["guardrails", "budgets", "partners", "stacking_groups", "device"],
  ...["time_zone", "segments", "rfm", "prices", "tax"],
]);
const APPROACHES = ["propensity", "dynamic", "on_device", "partner"];

type Fields = Readonly<Record<string, unknown>>;

/** Campaigns of a part say what differs from the document's own. */
function likeTheFirst(campaigns: unknown): readonly Fields[] {
  const [first = {}] = (parse(DOCUMENT) as { readonly campaigns: readonly Fields[] }).campaigns;
  return (campaigns as readonly Fields[]).map((campaign) => {
    const { rules, ...rest } = first;
    return { ...rest, ...(APPROACHES.some((name) => name in campaign) ? {} : { rules }), ...campaign };
  });
}

function compiled(text: string) {
  const document = readPolicyDocument(text);
  if (!document.ok) throw new Error(JSON.stringify(document.error));
  const policy = readPolicy(document.value.policy);
  if (!policy.ok) throw new Error(JSON.stringify(policy.error));
  return compilePolicy(policy.value, FEATURE_CATALOGUE);
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
});
