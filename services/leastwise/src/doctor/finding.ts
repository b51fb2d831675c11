/** How something stands: `warn` serves, but not for long or not well; `skip` was not looked at. */
export type Standing = "ok" | "warn" | "fail" | "skip";

/** What a look at one thing that a service needs has found. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly name: string;
  readonly standing: Standing;
  /** What is there, in words. */
  readonly found: string;
  /** What to do about it; empty where nothing is to be done. */
  readonly fix: string;
}

/** All is well. */
export function fine(name: string, found: string): Finding {
  return { name, standing: "ok", found, fix: "" };
}

/** It cannot serve like this. */
export function failing(name: string, found: string, fix: string): Finding {
  return { name, standing: "fail", found, fix };
}

/** It serves, and somebody should see to it. */
export function doubtful(name: string, found: string, fix: string): Finding {
  return { name, standing: "warn", found, fix };
}

/** It was not looked at. */
export function skipped(name: string, found: string): Finding {
  return { name, standing: "skip", found, fix: "" };
}

const MARKS: Readonly<Record<Standing, string>> = { ok: "ok  ", warn: "warn", fail: "FAIL", skip: "skip" };

/** A line for each finding, and one below for what to do. */
export function findingsTable(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings
    .flatMap(({ name, standing, found, fix }) => [
      `${MARKS[standing]}  ${name.padEnd(width)}  ${found}`,
      ...(fix === "" ? [] : [`${" ".repeat(width + 8)}→ ${fix}`]),
    ])
    .join("\n");
}
