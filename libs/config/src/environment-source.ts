import { distance } from "fastest-levenshtein";
import { PLACED_KEYS, VARIABLE_PREFIX } from "./catalogue.js";
import { checkedEntry, type Entry, type Source } from "./entry.js";
import type { Form } from "./key.js";
import { nearestOf, problem, type ConfigProblem } from "./problem.js";

const KEY_BY_VARIABLE = new Map(PLACED_KEYS.map((each) => [each.variable, each]));
const VARIABLES = [...KEY_BY_VARIABLE.keys()];

/**
 * Reads the environment: `LEASTWISE_` and the key's path in upper case, sections set off by `__`. An empty variable
 * counts as not set, as container files write `${NAME:-}`. Lists are separated by commas.
 *
 * An unknown variable is a problem if it has a section, or nearly the name of a key. Others are left alone: Kubernetes
 * sets LEASTWISE_SERVICE_HOST and the like for a service of that name.
 */
export function readEnvironmentSource(environment: Readonly<Record<string, string | undefined>>): Source {
  const entries: Entry[] = [];
  const problems: ConfigProblem[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith(VARIABLE_PREFIX) || text === undefined || text === "") continue;
    const placed = KEY_BY_VARIABLE.get(variable);
    const where = `environment ${variable}`;
    if (placed === undefined) {
      problems.push(...unknownVariable(variable, where));
      continue;
    }
    const outcome = checkedEntry(placed.key, placed.path, where, valueOfText(text, placed.key.form));
    if ("reason" in outcome) problems.push(outcome);
    else entries.push(outcome);
  }
  return { entries, problems };
}

function unknownVariable(variable: string, where: string): ConfigProblem[] {
  const nearest = nearestOf(variable, VARIABLES);
  const isNear = nearest !== undefined && distance(variable, nearest) <= SLIPS_MAX;
  if (!variable.includes("__") && !isNear) return [];
  const found = problem("unknown_key", variable, where, variable, "a variable of the configuration");
  return [nearest === undefined ? found : { ...found, nearest }];
}

/** Slips of the pen by which a variable without a section still counts as meant for a key. */
const SLIPS_MAX = 2;

/** The text as a value of that form; as it came if it is none, for the check to refuse. */
export function valueOfText(text: string, form: Form): unknown {
  switch (form) {
    case "integer":
      return /^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "list":
      return text
        .split(/[,\n]/)
        .map((item) => item.trim())
        .filter((item) => item !== "");
    case "text":
      return text;
  }
}
