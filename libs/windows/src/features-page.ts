import { FEATURES, TEXT_FEATURES } from "./features.js";

const HEAD = `# Features

Generated from \`src/features.ts\` by \`featuresPage()\`; a test holds this page current. Numeric features stand in the
order of the vector. An absent value is NaN in the vector. How windows, sessions and carts are counted stands in
[README.md](README.md).
`;

/** The page FEATURES.md: every feature with its unit, window, meaning, personal-data class, and the purposes that must all be agreed to. */
export function featuresPage(): string {
  const numeric = FEATURES.map(({ name, unit, window, meaning, personalData, consentPurposes }, index) => [
    String(index),
    `\`${name}\``,
    unit,
    window ?? "",
    meaning,
    personalData,
    inWords(consentPurposes),
  ]);
  const texts = TEXT_FEATURES.map(({ name, meaning, personalData, consentPurposes }) => [
    `\`${name}\``,
    meaning,
    personalData,
    inWords(consentPurposes),
  ]);
  return [
    HEAD,
    table(["place", "name", "unit", "window", "meaning", "personal data", "consent to"], numeric),
    "## Text features\n",
    table(["name", "meaning", "personal data", "consent to"], texts),
  ].join("\n");
}

/** What needs no consent is essential to the service: `none` would read as if none were enough for anything. */
function inWords(purposes: readonly string[]): string {
  return purposes.length === 0 ? "service_essential" : purposes.join(", ");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return line(head) + rule + rows.map(line).join("");
}
