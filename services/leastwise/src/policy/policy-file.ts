import type { wire } from "@leastwise/contracts";
import type { CompiledPolicy, PolicyProblem, Standing } from "@leastwise/decision";
import { DOCUMENT_BYTES_MAX, readPolicyDocument, type DocumentProblem } from "@leastwise/policy";
import { compileProposed, compileWritten } from "@leastwise/references";
import { err, ok, sayRefusal, type Result } from "@leastwise/vocabulary";
import { createReadStream } from "node:fs";
import { StartFailure } from "../host/start-failure.js";

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
  return checkPolicyDocument(await textOf(file), looking);
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

/** `policy.yaml:12:7: guardrails.floor_price_bp: expected …, got … (reason)`, as compilers say it and editors jump to. */
export function sayDocumentProblem(file: string, problem: DocumentProblem): string {
  return `${file === "-" ? "stdin" : file}:${problem.line}:${problem.column}: ${sayRefusal(problem)}`;
}

/** The file's text, cut off where it is longer than any document: what is read of it then says so. */
async function textOf(file: string): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of file === "-" ? process.stdin : createReadStream(file)) {
      parts.push(part as Buffer);
      bytes += (part as Buffer).length;
      if (bytes > DOCUMENT_BYTES_MAX) break;
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StartFailure(`the policy file ${file} cannot be read: ${why}`, { cause: error });
  }
  return Buffer.concat(parts).toString("utf8");
}
