import type { Found } from "./checks/check.js";
import type { Told } from "./told.js";

/** At most so many lines are shown of what is wrong with one thing. */
const SHOWN_MAX = 8;

/** A run in figures, and what the verifier found. */
export interface Account {
  readonly seed: string;
  readonly seconds: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Calls by what came of them. */
  readonly calls: Readonly<Record<string, number>>;
  /** Answer times of Decide, ms: median, 99th percentile, longest. */
  readonly decideMs: readonly [number, number, number];
  /** Processes that ended by themselves, and were started again. */
  readonly failed: readonly string[];
  readonly checks: readonly Found[];
}

/** Whether all is well. */
export function isWell({ checks }: Account): boolean {
  return checks.every(({ wrong }) => wrong.length === 0);
}

/** The figures of what was told. */
export function accountOf(seed: string, told: readonly Told[], checks: readonly Found[]): Account {
  const [faults, calls] = [new Map<string, number>(), new Map<string, number>()];
  const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  const answersMs: number[] = [];
  const failed: string[] = [];
  for (const line of told) {
    if (line.told === "fault") count(faults, line.kind);
    if (line.told === "event") count(calls, `event by ${line.door} ${line.outcome}`);
    if (line.told === "decide")
      count(calls, `decide ${line.answer ? answerWords(line.answer) : failureWords(line.failure)}`);
    if (line.told === "redeem")
      count(calls, `redeem ${line.taken ? (line.taken.replayed ? "repeated" : "taken") : failureWords(line.failure)}`);
    if (line.told === "decide" && line.answer) answersMs.push(line.toMs - line.fromMs);
    if (line.told === "service" && line.what === "failed") failed.push(line.service);
  }
  const [begins, ends] = ["begins", "ends"].map((what) =>
    told.find((line) => line.told === "load" && line.what === what),
  );
  const seconds = begins?.told === "load" && ends?.told === "load" ? Math.round((ends.atMs - begins.atMs) / 1_000) : 0;
  return { seed, seconds, faults: inOrder(faults), calls: inOrder(calls), decideMs: spread(answersMs), failed, checks };
}

function answerWords({
  freshness,
  degradedReason,
}: {
  readonly freshness: string;
  readonly degradedReason: string;
}): string {
  return degradedReason === "" ? freshness : `${freshness} (${degradedReason})`;
}

function failureWords(failure: { readonly code: string; readonly reason: string } | undefined): string {
  return `failed ${failure?.code ?? ""} ${failure?.reason ?? ""}`.trimEnd();
}

function inOrder(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
}

function spread(values: readonly number[]): readonly [number, number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return [at(0.5), at(0.99), at(1)];
}

/** The account as a table for people. */
export function sayAccount(account: Account): string {
  const { seed, seconds, faults, calls, decideMs, failed, checks } = account;
  const lines = [`seed ${seed}, ${seconds} s of load`, "", "faults"];
  for (const [kind, count] of Object.entries(faults)) lines.push(`  ${kind.padEnd(58)}${count}`);
  lines.push("", "calls");
  for (const [what, count] of Object.entries(calls)) lines.push(`  ${what.padEnd(58)}${count}`);
  lines.push(`  answered Decide, ms: median, 99 %, longest`.padEnd(60) + decideMs.join(", "));
  if (failed.length > 0) lines.push(`  processes that ended by themselves`.padEnd(60) + failed.join(", "));
  lines.push("", "checks");
  for (const { what, looked, wrong } of checks) {
    lines.push(
      `  ${wrong.length === 0 ? "ok   " : "WRONG"} ${what}: ${looked}${wrong.length === 0 ? "" : `, ${wrong.length} wrong`}`,
    );
    lines.push(...wrong.slice(0, SHOWN_MAX).map((words) => `          ${words}`));
  }
  return lines.join("\n");
}
