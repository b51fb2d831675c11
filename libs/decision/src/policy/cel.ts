import {
  ParseError,
  serialize,
  type ASTNode,
  type TypeError as CelTypeError,
  type Environment,
  type TypeCheckResult,
} from "@marcbachmann/cel-js";
import { err, nearestName, ok, type Result } from "@leastwise/vocabulary";
import { costProblemOf, isTooDeep, tooDeep } from "./cel-cost.js";
import type { ExpressionProblem } from "./expression-problem.js";

/** What an expression came to: it holds, it does not, or it failed and counts as false. */
export type Verdict = "holds" | "does_not_hold" | "expression_failed";

/**
 * CEL has no `double + int`; everything here is a double, and nobody should have to write `2.0`. Nor has it `double % double`: of doubles `%` is what it is of
 * integers, and fails by zero as there.
 */
export function withMixedArithmetic(environment: Environment): Environment {
  const operators: readonly [string, (a: number, b: number) => number][] = [
    ["+", (a, b) => a + b],
    ["-", (a, b) => a - b],
    ["*", (a, b) => a * b],
    ["/", (a, b) => a / b],
    ["%", modulo],
  ];
  for (const [operator, apply] of operators) {
    environment.registerOperator(`double ${operator} int: double`, (a: number, b: bigint) => apply(a, Number(b)));
    // Without its type said, the library takes what comes of it for an int, as its left side is.
    environment.registerOperator(`int ${operator} double: double`, (a: bigint, b: number) => apply(Number(a), b));
  }
  return environment.registerOperator("double % double: double", modulo);
}

/**
 * Arithmetic as the library was told of it before it was told what comes of it: some of what was put into force then type-checks only so. It is for checking what
 * stands on the log, and nothing is run by it.
 */
export function withEarlierArithmetic(environment: Environment): Environment {
  for (const operator of ["+", "-", "*", "/"]) {
    environment.registerOperator(`double ${operator} int`, neverRun);
    environment.registerOperator(`int ${operator} double`, neverRun);
  }
  return environment;
}

function neverRun(): never {
  throw new Error("it is for checking alone");
}

function modulo(a: number, b: number): number {
  if (b === 0) throw new RangeError("modulo by zero");
  return a % b;
}

/** What an expression comes to. Arithmetic or a comparison with null, a missing key, a division by zero: it does not hold. */
export function verdictOf(run: (context: Record<string, unknown>) => unknown, context: object): Verdict {
  try {
    return run({ ...context }) === true ? "holds" : "does_not_hold";
  } catch {
    return "expression_failed";
  }
}

/** An expression that can be run. */
export type Running = ((context: Record<string, unknown>) => unknown) & { readonly ast: ASTNode };

/** Says what is wrong with an expression's types; undefined where nothing is. */
export type TypeCheck = (ast: ASTNode) => ExpressionProblem | undefined;

/** The map whose fields expressions name literally, so that a misspelt one is found when they are checked. */
export interface NamedFields {
  /** As expressions say it: `features`. */
  readonly map: string;
  /** One of its fields, in reasons: `feature`. */
  readonly field: string;
  readonly known: { has(name: string): boolean; keys(): Iterable<string> };
  /** What a field has to be, in words. */
  readonly expected: string;
}

/** What the library checks and runs expressions by. */
export interface Environments {
  /** Knows the types as far as the library can. */
  readonly checking: Environment;
  /** The same as an earlier version told of it: see {@link withEarlierArithmetic}. */
  readonly earlier: Environment;
  /** Reads plain values without wrapping them. */
  readonly running: Environment;
}

/** An expression that was checked. */
export interface Checked {
  readonly run: Running;
  /** Fields of the map that it names. */
  readonly named: ReadonlySet<string>;
  /** Variables beside the map that it reads. */
  readonly variables: ReadonlySet<string>;
}

/**
 * Checks an expression that must yield a bool: its types, what it costs, and the names of the map's fields.
 *
 * @param typeCheck knows types better than the library, and is asked first. Absent: they were looked at when somebody put the expression into force, perhaps
 * by an earlier version
 */
export function checkExpression(
  source: string,
  environments: Environments,
  fields: NamedFields,
  typeCheck?: TypeCheck,
): Result<Checked, ExpressionProblem> {
  const parsed = parsedBy(environments.running, source);
  if (!parsed.ok) return parsed;
  const run = parsed.value;
  if (typeCheck !== undefined && isTooDeep(run.ast)) return err(tooDeep(source));
  const mistyped = typeCheck?.(run.ast);
  if (mistyped !== undefined) return err(mistyped);
  const { valid, type, error } = checkedBy(environments, source, typeCheck === undefined);
  if (!valid) return err(invalid(source, error));
  if (type !== "bool")
    return err({
      reason: "expression_not_bool",
      came: type ?? "nothing",
      expected: "an expression that yields bool",
    });
  const costly = costProblemOf(run.ast, source);
  if (costly !== undefined) return err(costly);
  return namedIn(run, source, fields);
}

function checkedBy({ checking, earlier }: Environments, source: string, isOfBefore: boolean): TypeCheckResult {
  const now = checking.check(source);
  if (!isOfBefore || (now.valid && now.type === "bool")) return now;
  const before = earlier.check(source);
  return before.valid ? before : now;
}

/**
 * What compiles an expression, or what is wrong with one that is deeper than the stack has room for. Nobody can propose such a one; of what an earlier version put into
 * force it makes the policy unusable, and ends no process.
 */
export function unlessTooDeep<T>(
  source: string,
  compiling: () => Result<T, ExpressionProblem>,
): Result<T, ExpressionProblem> {
  try {
    return compiling();
  } catch (error) {
    if (error instanceof RangeError) return err(tooDeep(source));
    throw error;
  }
}

/**
 * An expression that can be run. Of the library's own `has`, null is something that is there; here it is not, as everything that may be absent is null. What comes
 * of that has the tree of what was written.
 */
export function runningOf(running: Environment, source: string): Running {
  const written = running.parse(source);
  const asked = hasCallsIn(written.ast);
  if (asked.length === 0) return written;
  let text = source;
  for (const { start, end, of } of asked.toSorted((a, b) => b.start - a.start))
    text = `${text.slice(0, start)}(has(${of}) && ${of} != null)${text.slice(end)}`;
  const run = running.parse(text);
  return Object.assign((context: Record<string, unknown>): unknown => run(context), { ast: written.ast });
}

/** A call of `has`, and what it asks for. */
interface HasCall {
  readonly start: number;
  readonly end: number;
  readonly of: string;
}

function hasCallsIn(node: unknown): readonly HasCall[] {
  if (Array.isArray(node)) return node.flatMap(hasCallsIn);
  if (!isNode(node)) return [];
  const { args } = node;
  if (node.op !== "call" || !Array.isArray(args) || args[0] !== "has") return hasCallsIn(args);
  const [, [of] = []] = args as readonly unknown[] as readonly [string, (readonly ASTNode[])?];
  return of?.op === "." ? [{ start: node.start, end: node.end, of: serialize(of) }] : [];
}

function parsedBy(running: Environment, source: string): Result<Running, ExpressionProblem> {
  try {
    return ok(runningOf(running, source));
  } catch (error) {
    if (error instanceof ParseError) return err(unparsed(source, error));
    throw error;
  }
}

function unparsed(source: string, error: ParseError): ExpressionProblem {
  const [, limit = "", most = ""] = /^Exceeded (max\w+) \((\d+)\)/.exec(error.summary) ?? [];
  if (limit === "maxDepth") return tooDeep(source);
  const counted = COUNTED.get(limit);
  if (counted === undefined) return invalid(source, error);
  const problem = { reason: "expression_too_costly", came: source, expected: `at most ${most} ${counted}` };
  return error.range === undefined ? problem : { ...problem, offset: error.range.start };
}

/** What the library counts while it reads an expression. */
const COUNTED: ReadonlyMap<string, string> = new Map([
  ["maxAstNodes", "values and operations"],
  ["maxListElements", "values in a list"],
  ["maxMapEntries", "entries in a map"],
  ["maxCallArguments", "arguments of a function"],
]);

/** In the library's words. */
function invalid(source: string, error: ParseError | CelTypeError | undefined): ExpressionProblem {
  const { summary = "", range } = error ?? {};
  // Of what has fields it says `$profile`.
  const found = summary === "" ? "" : `: ${summary.slice(0, 1).toLowerCase()}${summary.slice(1).replaceAll("$", "")}`;
  const expected = `an expression in CEL${wordInstead(source, range?.start) ?? found}`;
  const problem = { reason: "expression_invalid", came: source, expected };
  return range === undefined ? problem : { ...problem, offset: range.start };
}

/** Which sign there is for the word that an expression cannot be read at, or after; undefined where it is another. */
function wordInstead(source: string, offset = 0): string | undefined {
  const [at] = /^(?:and|or)\b/i.exec(source.slice(offset)) ?? [];
  const [before] = /\bnot(?=\s*$)/i.exec(source.slice(0, offset)) ?? [];
  const word = (at ?? before)?.toLowerCase();
  const sign = SIGNS.get(word ?? "");
  return word === undefined || sign === undefined ? undefined : `, where ${sign} stands for ${word}`;
}

const SIGNS: ReadonlyMap<string, string> = new Map([
  ["and", "&&"],
  ["or", "||"],
  ["not", "!"],
]);

/** The expression with what it reads, if the map's fields are named literally and all are known. */
function namedIn(
  run: Running,
  source: string,
  { map, field, known, expected }: NamedFields,
): Result<Checked, ExpressionProblem> {
  const { named, variables, computedAt } = readsOf(run.ast, map);
  if (computedAt !== undefined)
    return err({
      reason: `${field}_not_literal`,
      came: source,
      expected: `${field}s named literally: ${map}.name or ${map}["name"]`,
      offset: computedAt,
    });
  const unknown = [...named].find(([name]) => !known.has(name));
  if (unknown === undefined) return ok({ run, named: new Set(named.keys()), variables });
  const [name, offset] = unknown;
  const near = nearestName(name, known.keys());
  return err({
    reason: `unknown_${field}`,
    came: name,
    expected: near === undefined ? expected : `${expected}, perhaps ${near}`,
    offset,
  });
}

/** What an expression reads. */
interface Reads {
  /** Fields of the map that were named literally, and where first. */
  readonly named: Map<string, number>;
  /** Variables beside the map. */
  readonly variables: Set<string>;
  /** Where first any field of the map could be read; undefined: nowhere. */
  computedAt: number | undefined;
}

/** The fields of an object that an expression reads; undefined where it could read any of them. */
export function fieldsRead(ast: ASTNode, object: string): ReadonlySet<string> | undefined {
  const { named, computedAt } = readsOf(ast, object);
  return computedAt === undefined ? new Set(named.keys()) : undefined;
}

/** Walks the tree for `map.name`, `map["name"]` and other variables; a bare `map` could be read by any name. */
function readsOf(ast: ASTNode, map: string): Reads {
  const reads: Reads = { named: new Map(), variables: new Set(), computedAt: undefined };
  walk(ast, map, reads);
  return reads;
}

function walk(node: unknown, map: string, reads: Reads): void {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, map, reads);
    return;
  }
  if (!isNode(node)) return;
  const named = fieldOf(node, map);
  if (named !== undefined) {
    if (!reads.named.has(named)) reads.named.set(named, node.start);
    return;
  }
  if (isVariable(node, map)) reads.computedAt ??= node.start;
  else if (node.op === "id" && typeof node.args === "string") reads.variables.add(node.args);
  walk(node.args, map, reads);
}

interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === "object" &&
    value !== null &&
    "op" in value &&
    "args" in value &&
    "start" in value &&
    "end" in value &&
    typeof value.op === "string" &&
    typeof value.start === "number" &&
    typeof value.end === "number"
  );
}

function isVariable(value: unknown, name: string): boolean {
  return isNode(value) && value.op === "id" && value.args === name;
}

/** The field of the map that a node reads, where it is said literally. */
function fieldOf(node: Node, map: string): string | undefined {
  if ((node.op !== "." && node.op !== "[]") || !Array.isArray(node.args)) return undefined;
  const [of, key] = node.args as readonly unknown[];
  if (!isVariable(of, map)) return undefined;
  if (node.op === ".") return typeof key === "string" ? key : undefined;
  return isNode(key) && key.op === "value" && typeof key.args === "string" ? key.args : undefined;
}
