import type { CurrencyCode } from "@leastwise/vocabulary";
import type { Comparison } from "./compare.js";
import { impactTables, type ImpactTable } from "./impact-table.js";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c1c1c; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .3rem .6rem; border-bottom: 1px solid #ddd; text-align: right; }
th:first-child, td:first-child { text-align: left; } .more { color: #0a6b2d; } .less { color: #a3221b; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161616; } th, td { border-color: #444; } .more { color: #6fd893; } .less { color: #ff8f86; } }`;

/** A comparison as a page that needs nothing else. */
export function impactPage(comparison: Comparison, currency: CurrencyCode, notes: readonly string[]): string {
  const { before, after } = comparison.report;
  const title = `What would ${after.policyVersion} change in ${before.policyVersion}?`;
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`,
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    ...impactTables(comparison, currency).map(tableOf),
    `<h2>what this does not tell</h2><ul>${notes.map((note) => `<li>${escaped(note)}</li>`).join("")}</ul>`,
    "</body></html>",
    "",
  ].join("\n");
}

function tableOf({ title, heads, rows }: ImpactTable): string {
  const head = `<tr>${heads.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join("")}</tr>`;
  const body = rows.map((row) => `<tr>${row.map(cellOf).join("")}</tr>`).join("\n");
  return `<h2>${escaped(title)}</h2>\n<table><thead>${head}</thead><tbody>\n${body}\n</tbody></table>`;
}

function cellOf(text: string): string {
  const sign = text.startsWith("+") ? ` class="more"` : text.startsWith("−") ? ` class="less"` : "";
  return `<td${sign}>${escaped(text)}</td>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
