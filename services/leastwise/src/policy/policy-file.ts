import type { wire } from "@leastwise/contracts";
import type { CompiledPolicy, PolicyProblem, Standing } from "@leastwise/decision";
import { readPolicyDocument, type DocumentProblem } from "@leastwise/policy";
import { compileProposed, compileWritten } from "@leastwise/references";
import { err, ok, type Result } from "@leastwise/vocabulary";
import { documentText } from "./document-text.js";

/** A policy that could be put into force, or that could before. */
export interface CheckedPolicy {
  readonly policy: wire.Policy;
  readonly compiled: CompiledPolicy;
  /** What is allowed and yet worth knowing. */
  readonly notices: readonly DocumentProblem[];
}

/** What is given for a file's own words. */
export type PolicyNames = Partial<Pick<wire.Policy, "version" | "author" | "reason">>;

/** How a document is looked at. */
export interface Looking {
  /** What is given for the document's own words. Absent: nothing. */
  readonly names?: PolicyNames;
  /** Instant that no campaign may be over at. Absent: any may be. */
  readonly nowMs?: number;
  /** `on_log`: it is only compared with, as what was put into force before, and need not be what could be put into force now. Absent: `proposed`. */
  readonly standing?: Standing;
}

/** Reads and checks a policy document; `-` is standard input. */
export async function checkPolicyFile(
  file: string,
  looking: Looking = {},
): Promise<Result<CheckedPolicy, readonly DocumentProblem[]>> {
  const text = await documentText(file, "policy");
  return text.ok ? checkPolicyDocument(text.value, looking) : text;
}

/** Checks a policy document as the door of a service does, if it is proposed, and says where in it each thing stands. */
export function checkPolicyDocument(
  text: string,
  { names = {}, nowMs, standing = "proposed" }: Looking = {},
): Result<CheckedPolicy, readonly DocumentProblem[]> {
  const document = readPolicyDocument(text);
  if (!document.ok) return document;
  const policy = { ...document.value.policy, ...names };
  const inPlace = (problems: readonly PolicyProblem[]) =>
    problems.map((problem) => document.value.locate(problem)).sort((a, b) => a.line - b.line || a.column - b.column);
  const compiled = standing === "on_log" ? compileWritten(policy) : compileProposed(policy, nowMs);
  if (!compiled.ok) return err(inPlace(compiled.error));
  return ok({ policy, compiled: compiled.value, notices: inPlace(compiled.value.notices) });
}
