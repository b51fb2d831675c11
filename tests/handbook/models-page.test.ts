import { describe, expect, it } from "@jest/globals";
import { readModelDocument } from "@leastwise/policy";
import { compileWrittenModel } from "@leastwise/references";
import { sayRefusal } from "@leastwise/vocabulary";
import { readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "../journey/built-program.js";

const PAGE = readFileSync(path.join(ROOT, "docs/models.md"), "utf8");
const blockOf = (language: string) => new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms").exec(PAGE)?.[1] ?? "";

function saysOf(text: string): readonly string[] {
  const document = readModelDocument(text);
  if (!document.ok) throw new Error(JSON.stringify(document.error));
  const compiled = compileWrittenModel(document.value.model);
  if (compiled.ok) return [];
  return compiled.error.map((problem) => {
    const { line, column, ...refused } = document.value.locate(problem);
    return `model.yaml:${line}:${column}: ${sayRefusal(refused)}`;
  });
}

describe("the page of models", () => {
  it("shows a document that could be put into force", () => {
    expect(saysOf(blockOf("yaml"))).toEqual([]);
  });

  it("says what is wrong with one as the program does", () => {
    expect(saysOf(blockOf("yaml").replace("purchases_30d", "purchase_30d"))).toEqual([blockOf("text").trim()]);
  });
});
