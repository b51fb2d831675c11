import { Environment } from "@marcbachmann/cel-js";

/** What a function that reads texts expects, by its name. */
const READ: ReadonlyMap<string, string> = new Map([
  ["int", 'a whole number in quotation marks, as in int("18")'],
  ["uint", 'a whole number from 0 on in quotation marks, as in uint("18")'],
  ["double", 'a number in quotation marks, as in double("4.5")'],
  ["bool", '"true" or "false"'],
  ["timestamp", 'an instant, as in timestamp("2026-12-24T00:00:00Z")'],
  ["duration", 'a duration, as in duration("24h") or duration("1h30m")'],
]);

const ENVIRONMENT = new Environment();

/** What a function expected in place of a text that it can never read; undefined where it can, or reads none. */
export function expectedInstead(name: string, text: string): string | undefined {
  if (name === "matches") return patternInstead(text);
  const expected = READ.get(name);
  if (expected === undefined) return undefined;
  try {
    ENVIRONMENT.evaluate(`${name}(${JSON.stringify(text)})`);
    return undefined;
  } catch {
    return expected;
  }
}

/** In the words of what runs the pattern. */
function patternInstead(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : "";
    const why = said.slice(said.lastIndexOf(": ") + 2);
    return `a regular expression: ${why.slice(0, 1).toLowerCase()}${why.slice(1)}`;
  }
}
