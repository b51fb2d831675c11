import { describe, expect, it } from "@jest/globals";
import { Ajv } from "ajv";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { contractComments } from "./contract-comments.js";
import { policyDocumentSchema } from "./document-schema.js";

const schema = policyDocumentSchema(contractComments());

const problems = (document: string): readonly string[] => {
  const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
  validate(parse(document));
  return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
};

describe("the schema of policy documents", () => {
  it("policy.schema.json is what the contract says (`npm run generate -w libs/policy` writes it anew)", () => {
    expect(JSON.parse(readFileSync(new URL("../policy.schema.json", import.meta.url), "utf8"))).toEqual(schema);
  });

  it("takes a document, and finds what editors should underline", () => {
    const document = `
      version: v
      campaigns:
        - {campaign_id: c, kind: incentive, offer_ttl: 24h, ladder: [{incentive: {percent_off: {percent: 5%, maximum: 40}}}]}
      budgets: [{budget_id: b, amount: "20000.00"}]
    `;
    expect(problems(document)).toEqual([]);
    expect(
      problems(document.replace("24h", "24").replace("kind: incentive", "kind: gift").replace("version", "verison")),
    ).toEqual([" additionalProperties", "/campaigns/0/kind enum", "/campaigns/0/offer_ttl type"]);
  });

  it("says of everything what it is", () => {
    const definitions = schema["definitions"] as Record<
      string,
      { description?: string; properties: Record<string, { description?: string }> }
    >;
    const undescribed = Object.entries(definitions).flatMap(([name, { description, properties }]) => [
      ...(description === undefined ? [name] : []),
      ...Object.entries(properties).flatMap(([field, of]) =>
        of.description === undefined ? [`${name}.${field}`] : [],
      ),
    ]);
    expect(undescribed).toEqual([]);
  });
});
