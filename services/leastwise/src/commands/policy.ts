import { writeJson, type wire } from "@leastwise/contracts";
import { policyChanges, sayChange, writePolicyDocument } from "@leastwise/policy";
import { printable, sayRefusal } from "@leastwise/vocabulary";
import { askingBy } from "../host/ask-service.js";
import { ServiceFailure, StartFailure } from "../host/start-failure.js";
import { PolicyClient } from "../policy/policy-client.js";
import { nameOf, sayDocumentProblem } from "../policy/document-text.js";
import { checkPolicyFile, type CheckedPolicy, type PolicyNames } from "../policy/policy-file.js";
import { countOf, say } from "./saying.js";

/** What all of `leastwise policy` takes. */
export interface PolicyOptions {
  readonly json: boolean;
}

/** What asks a running service. */
export interface AskingOptions extends PolicyOptions {
  /** Its gRPC door, `host:port`. */
  readonly address: string;
}

/** Checks a document without asking anybody. Ends with 1 where it could not be put into force. */
export async function validateCommand(file: string, options: PolicyOptions): Promise<void> {
  const checked = await checkPolicyFile(file, { nowMs: Date.now() });
  const problems = checked.ok ? [] : checked.error;
  const notices = checked.ok ? checked.value.notices : [];
  if (options.json) say(JSON.stringify({ valid: checked.ok, problems, notices }));
  else {
    for (const problem of problems) say(sayDocumentProblem(file, problem));
    for (const notice of notices) say(`${sayDocumentProblem(file, notice)}: a notice`);
    if (checked.ok) say(`${nameOf(file)}: ${sayPolicy(checked.value)}`);
  }
  if (!checked.ok) throw new ServiceFailure(countOf(problems.length, "problem"));
}

/** Puts a document into force. */
export async function applyCommand(file: string, options: AskingOptions & PolicyNames): Promise<void> {
  const { json, address, version, author, reason } = options;
  const { policy } = await validOf(file, json, given({ version, author, reason }));
  await asking(address, async (client) => {
    const { version: applied, notices } = await client.apply(policy);
    say(json ? JSON.stringify({ version: applied, notices }) : `${applied} is in force`);
    if (!json) process.stderr.write(`${STANDING}\n`);
    if (!json) for (const notice of notices) process.stderr.write(`${sayRefusal(notice)}: a notice\n`);
  });
}

/** Whoever tries out a new version at a checkout would else take what an earlier one answered for what this one does. */
const STANDING = "what shoppers were answered before stands until their episodes end";

/** What a document is compared with, unless it is another document. */
export interface DiffOptions extends AskingOptions {
  /** A version to compare with; absent: the one in force. */
  readonly against?: string;
}

/** Says what differs between the policy in force, or another version or document, and a document. */
export async function diffCommand(file: string, other: string | undefined, options: DiffOptions): Promise<void> {
  if (other !== undefined && options.against !== undefined)
    throw new StartFailure(`--against names a version to compare with, and ${other} is another: leave one of them out`);
  const { policy } = await validOf(file, options.json);
  const before =
    other === undefined
      ? await asking(options.address, (client) => client.get(options.against))
      : (await comparableOf(other, options.json)).policy;
  const changes = policyChanges(before, policy);
  if (options.json) say(JSON.stringify({ before: before.version, after: policy.version, changes }));
  else if (changes.length === 0) say(`${before.version} and ${policy.version} say the same`);
  else say([`--- ${before.version}`, `+++ ${policy.version}`, ...changes.map(sayChange)].join("\n"));
}

/** Prints a policy as a document. */
export async function showCommand(version: string | undefined, { address, json }: AskingOptions): Promise<void> {
  const policy = await asking(address, (client) => client.get(version));
  say(json ? JSON.stringify(writeJson("Policy", policy)) : writePolicyDocument(policy).trimEnd());
}

/** Prints who put what into force, when and why, the newest first. */
export async function historyCommand({ address, json }: AskingOptions): Promise<void> {
  const history = await asking(address, (client) => client.history());
  const rows = history.map(({ policy, appliedAtMs }) => ({
    version: policy?.version ?? "",
    applied_at: new Date(Number(appliedAtMs)).toISOString(),
    author: policy?.author ?? "",
    reason: policy?.reason ?? "",
  }));
  if (json) say(JSON.stringify({ policies: rows }));
  else
    for (const { applied_at: appliedAt, version, author, reason } of rows)
      say(`${appliedAt}  ${version.padEnd(24)}  ${printable(`${author}: ${reason}`)}`);
}

/** Who goes back, and why. */
export type RollbackOptions = AskingOptions & Pick<wire.RollbackPolicyRequest, "author" | "reason">;

/** Puts what an earlier version said into force again. */
export async function rollbackCommand(version: string, options: RollbackOptions): Promise<void> {
  const { address, author, reason, json } = options;
  await asking(address, async (client) => {
    const applied = await client.rollBack({ version, author, reason });
    say(json ? JSON.stringify({ version: applied }) : `${applied} is in force: it says what ${version} said`);
  });
}

/** Stops every new offer: puts what is in force into force again with its kill switch on. */
export async function killCommand({ address, author, reason, json }: RollbackOptions): Promise<void> {
  await asking(address, async (client) => {
    const before = await client.get();
    if (before.killSwitch) {
      say(json ? JSON.stringify({ version: before.version }) : `${before.version} has the kill switch on already`);
      return;
    }
    const names = new Set((await client.history()).map(({ policy }) => policy?.version ?? ""));
    const version = killName(before.version, names);
    const { version: applied } = await client.apply({ ...before, version, author, reason, killSwitch: true });
    const back = `to go on: policy rollback ${before.version} --author NAME --reason WORDS`;
    say(json ? JSON.stringify({ version: applied }) : `${applied} is in force: nothing new is given\n${back}`);
  });
}

/** Bytes of a version's name, which is plain ASCII. */
const VERSION_LENGTH_MAX = 64;

function killName(version: string, names: ReadonlySet<string>): string {
  for (let n = 1; ; n += 1) {
    const suffix = `.kill-${n}`;
    const name = `${version.slice(0, VERSION_LENGTH_MAX - suffix.length)}${suffix}`;
    if (!names.has(name)) return name;
  }
}

/** The policy of a document that could be put into force; else all that is wrong with it is said, and the command ends. */
export async function validOf(file: string, json: boolean, names: PolicyNames = {}): Promise<CheckedPolicy> {
  return sayOrTake(file, json, await checkPolicyFile(file, { names, nowMs: Date.now() }));
}

/** The policy of a document that is only compared with: what was in force once need not be what could be put into force now. */
export async function comparableOf(file: string, json: boolean): Promise<CheckedPolicy> {
  return sayOrTake(file, json, await checkPolicyFile(file, { standing: "on_log" }));
}

function sayOrTake(file: string, json: boolean, checked: Awaited<ReturnType<typeof checkPolicyFile>>): CheckedPolicy {
  if (checked.ok) return checked.value;
  if (json) say(JSON.stringify({ valid: false, problems: checked.error }));
  for (const problem of checked.error) process.stderr.write(`${sayDocumentProblem(file, problem)}\n`);
  throw new ServiceFailure(`${countOf(checked.error.length, "problem")}: nothing was done`);
}

function asking<T>(address: string, ask: (client: PolicyClient) => Promise<T>): Promise<T> {
  return askingBy(new PolicyClient(address), ask);
}

function sayPolicy({ policy, compiled, notices }: CheckedPolicy): string {
  const { segments, campaigns } = compiled;
  const counted = `${countOf(campaigns.length, "campaign")}, ${countOf(segments.length, "segment")}, in ${policy.currency}`;
  return `${policy.version} could be put into force: ${counted}; ${countOf(notices.length, "notice")}`;
}

function given(names: { readonly [name in keyof PolicyNames]: PolicyNames[name] | undefined }): PolicyNames {
  return Object.fromEntries(Object.entries(names).filter(([, text]) => text !== undefined));
}
