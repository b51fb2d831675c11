import { distance } from "fastest-levenshtein";
import { printable, refusal, type Refusal } from "@leastwise/vocabulary";

/** One thing that is wrong with a configuration. Like a refusal, with the place where it stands. */
export interface ConfigProblem extends Refusal {
  /**
   * One of `unknown_key`, `wrong_value`, `not_a_section`, `missing_value`, `contradiction`, `file_unreadable`,
   * `file_malformed`, `file_exposed`.
   */
  readonly reason: string;
  /** The key, for example `log.brokers`; the file's name if it is the whole file. */
  readonly field: string;
  /** Where it stands, for example `leastwise.yaml:12:3` or `environment LEASTWISE_LOG__BROKERS`. Empty: nowhere. */
  readonly where: string;
  /** The valid key or variable that is spelled most like an unknown one. */
  readonly nearest?: string;
}

/** Builds a problem. Callers keep the values of secrets out of `came`. */
export function problem(reason: string, field: string, where: string, came: unknown, expected: string): ConfigProblem {
  return { ...refusal(reason, field, came, expected), where: printable(where) };
}

/** All problems, one a line, for a person. */
export function sayProblems(problems: readonly ConfigProblem[]): string {
  return problems.map(sayProblem).join("\n");
}

function sayProblem({ reason, field, where, came, expected, nearest }: ConfigProblem): string {
  const place = where === "" ? "" : `${where}: `;
  if (reason !== "unknown_key") return `${place}${field}: expected ${expected}, got ${came}`;
  return `${place}unknown key ${field}${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
}

/** The candidate that is spelled most like the name, by Levenshtein's distance; the first on a tie. */
export function nearestOf(name: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const apart = Math.min(distance(name, candidate), distance(lastOf(name), lastOf(candidate)) + OTHER_SECTION);
    if (apart >= least) continue;
    least = apart;
    nearest = candidate;
  }
  return nearest;
}

/** A key of the same name in another section is nearly as likely to be meant as a slip of the pen. */
const OTHER_SECTION = 0.5;

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}
