import { Environment, type ASTNode } from "@marcbachmann/cel-js";
import { CLASS_OF_INPUT, classOfInput, ok, type PersonalDataClass, type Result } from "@leastwise/vocabulary";
import {
  checkExpression,
  fieldsRead,
  runningOf,
  unlessTooDeep,
  withEarlierArithmetic,
  withMixedArithmetic,
  type Checked,
  type Environments,
  type Running,
  type Verdict,
} from "./cel.js";
import { EXPRESSION_FIELDS, type ExpressionFields, type FieldType } from "./expression-fields.js";
import { conjuncts, membershipOf, sourceOf, type ExpressionPart } from "./expression-parts.js";
import type { ExpressionProblem } from "./expression-problem.js";
import type { Lifetime } from "../lifetime/lifetime-of.js";
import { typeProblemOf, type Standing } from "./expression-types.js";
import { plainTestOf } from "./plain-test.js";
import type { RfmClasses } from "./rfm.js";
import { sensitiveProblemOf } from "./sensitive-data.js";

/** What an expression can speak of. Numbers are doubles; what is absent, or not allowed without consent, is null. */
export interface ExpressionContext {
  /** By catalogue name: a number, a text for text features, or null. */
  readonly features: Readonly<Record<string, number | string | null>>;
  /** Null without consent or where none is known: reading a field of it then makes the expression false. */
  readonly profile: ExpressionProfile | null;
  readonly cart: {
    readonly value_minor: number;
    readonly units: number;
    readonly lines: number;
    readonly currency: string;
    readonly product_ids: readonly string[];
    readonly categories: readonly string[];
    readonly brands: readonly string[];
    readonly payment_method: string | null;
  };
  readonly context: {
    readonly channel: string | null;
    readonly device: string | null;
    readonly country: string | null;
    readonly region: string | null;
    /** Hour of the day in the policy's time zone, 0 to 23. */
    readonly hour: number;
    /** Day of the week there, 1 Monday to 7 Sunday. */
    readonly weekday: number;
    /** Groups that partners say the shopper is in; none without consent. */
    readonly partner_segments: readonly string[];
  };
  /** Null where the policy has no classes of purchase history. */
  readonly rfm: RfmClasses | null;
  /** Null where no expression of the policy reads it. */
  readonly lifetime: Lifetime | null;
}

/** The profile as expressions see it. */
export interface ExpressionProfile {
  readonly loyalty_tier: string | null;
  readonly member: boolean;
  readonly tags: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  /** `MM-DD`, or null. */
  readonly birthday: string | null;
  /** 0 on the day, by the calendar of the policy's time zone; null where no birthday is known. */
  readonly days_to_birthday: number | null;
  readonly customer_since_ms: number | null;
}

const CEL_TYPES: Readonly<Record<FieldType["kind"], string>> = {
  number: "dyn",
  text: "string",
  bool: "bool",
  texts: "list<string>",
  texts_by_name: "map<string, string>",
  signal: "dyn",
};

/** A checked expression. */
export interface CompiledExpression {
  /**
   * What it comes to.
   *
   * @param seen what parts came to before in the same context, by their places: 0 where one was not asked yet. Absent: none was
   */
  evaluate(context: ExpressionContext, seen?: Uint8Array): Verdict;
  /** What `&&` joins it from. */
  readonly parts: readonly ExpressionPart[];
  /** Features that it names. */
  readonly features: readonly string[];
  readonly reads: PersonalReads;
  /** True if it reads classes of purchase history, whose bounds the policy must have. */
  readonly readsRfm: boolean;
  /** True if it reads what is expected of the shopper, which is reckoned where one does. */
  readonly readsLifetime: boolean;
}

/** What expressions read of a person. */
export interface PersonalReads {
  /** Classes of data that consent gates, beside those of the numeric features that are named, which the catalogue tells. */
  readonly classes: ReadonlySet<PersonalDataClass>;
  /** Fields of `context`, some of which the shopper's windows tell where the caller says nothing. */
  readonly context: ReadonlySet<string>;
}

function withVariables(environment: Environment): Environment {
  return environment
    .registerVariable("features", "map<string, dyn>")
    .registerVariable({ name: "profile", schema: schemaOf(EXPRESSION_FIELDS.profile) })
    .registerVariable({ name: "cart", schema: schemaOf(EXPRESSION_FIELDS.cart) })
    .registerVariable({ name: "context", schema: schemaOf(EXPRESSION_FIELDS.context) })
    .registerVariable({ name: "rfm", schema: schemaOf(EXPRESSION_FIELDS.rfm) })
    .registerVariable({ name: "lifetime", schema: schemaOf(EXPRESSION_FIELDS.lifetime) });
}

/** Fields as the library knows types: it has none for what may be null, and would tell whole numbers from others. */
function schemaOf(fields: ExpressionFields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { type, mayBeAbsent }]) => [name, mayBeAbsent ? "dyn" : CEL_TYPES[type.kind]]),
  );
}

// Types are checked once above; at run time plain values are read without being wrapped.
const RUNNING = withMixedArithmetic(new Environment())
  .registerVariable("features", "dyn")
  .registerVariable("profile", "dyn")
  .registerVariable("cart", "dyn")
  .registerVariable("context", "dyn")
  .registerVariable("rfm", "dyn")
  .registerVariable("lifetime", "dyn");

const ENVIRONMENTS: Environments = {
  checking: withVariables(withMixedArithmetic(new Environment())),
  earlier: withVariables(withEarlierArithmetic(new Environment())),
  running: RUNNING,
};

/**
 * Checks and compiles an expression that must yield a bool. Features are named literally (`features.purchases_30d` or
 * `features["purchases_30d"]`), so that a misspelt one is found here and only the named ones are looked up.
 *
 * @param features the catalogue's, with their types
 * @param shared parts of the policy's expressions by their text: those of this one are added
 * @param standing whether types are asked beyond what the library knows of them
 */
export function compileExpression(
  source: string,
  features: ExpressionFields,
  shared: Map<string, ExpressionPart> = new Map(),
  standing: Standing = "proposed",
): Result<CompiledExpression, ExpressionProblem> {
  const known = { has: (name: string) => Object.hasOwn(features, name), keys: () => Object.keys(features) };
  const fields = { map: "features", field: "feature", known, expected: "a feature of the catalogue" };
  const scope = { objects: { features, ...EXPRESSION_FIELDS }, map: "features" };
  const typeCheck =
    standing === "proposed" ? (ast: ASTNode) => sensitiveProblemOf(ast) ?? typeProblemOf(ast, scope) : undefined;
  return unlessTooDeep(source, () => {
    const checked = checkExpression(source, ENVIRONMENTS, fields, typeCheck);
    return checked.ok ? ok(compiled(checked.value, source, shared)) : checked;
  });
}

function compiled(
  { run, named, variables }: Checked,
  source: string,
  shared: Map<string, ExpressionPart>,
): CompiledExpression {
  const parts = partsOf(run, source, shared);
  return {
    evaluate: (context, seen = new Uint8Array(shared.size)) => evaluate(parts, context, seen),
    parts,
    features: [...named],
    reads: personalReads(run.ast, named, variables),
    readsRfm: variables.has("rfm"),
    readsLifetime: variables.has("lifetime"),
  };
}

function personalReads(ast: ASTNode, named: ReadonlySet<string>, variables: ReadonlySet<string>): PersonalReads {
  const context = fieldsRead(ast, "context") ?? new Set(Object.keys(EXPRESSION_FIELDS.context));
  const classes = new Set<PersonalDataClass>([...named].flatMap((name) => classOfInput(name) ?? []));
  if (variables.has("profile")) classes.add(CLASS_OF_INPUT.profile);
  if (variables.has("rfm") || variables.has("lifetime")) classes.add("purchase");
  if (context.has("partner_segments")) classes.add(CLASS_OF_INPUT.partner_segments);
  return { classes, context };
}

/** The parts of an expression, each shared with the others that have it; the expression whole where it cannot be taken apart. */
function partsOf(whole: Running, source: string, shared: Map<string, ExpressionPart>): readonly ExpressionPart[] {
  const nodes = conjuncts(whole.ast);
  const parse = (text: string): Running => runningOf(RUNNING, text);
  const texts = nodes.length === 1 ? [source] : nodes.map((node) => sourceOf(node, source, parse));
  const known = texts.filter((text) => text !== undefined);
  if (known.length < texts.length) return [sharedPart(source, () => whole, shared)];
  return known.map((text) => sharedPart(text, () => (text === source ? whole : parse(text)), shared));
}

function sharedPart(text: string, runningOf: () => Running, shared: Map<string, ExpressionPart>): ExpressionPart {
  const known = shared.get(text);
  if (known !== undefined) return known;
  const run = runningOf();
  const part = { place: shared.size, run, membership: membershipOf(run.ast), plain: plainTestOf(run.ast) };
  shared.set(text, part);
  return part;
}

const TRUE = 1;
const FALSE = 2;
const FAILED = 3;
const NEITHER = 4;

/** False if one part is, whatever the others come to; else failed if one failed: as CEL defines `&&`. */
function evaluate(parts: readonly ExpressionPart[], context: ExpressionContext, seen: Uint8Array): Verdict {
  let failed = false;
  for (const part of parts) {
    const known = seen[part.place] ?? 0;
    const came = known === 0 ? ranOnce(part, context) : known;
    seen[part.place] = came;
    if (came === FALSE) return "does_not_hold";
    if (came === FAILED) failed = true;
    // `&&` fails on what is no bool; by itself it just is not true.
    if (came === NEITHER && parts.length === 1) return "does_not_hold";
    if (came === NEITHER) failed = true;
  }
  return failed ? "expression_failed" : "holds";
}

function ranOnce({ run, plain }: ExpressionPart, context: ExpressionContext): number {
  const told = plain?.(context);
  if (told === "failed") return FAILED;
  if (told !== undefined) return told ? TRUE : FALSE;
  try {
    const came = run({ ...context });
    return came === true ? TRUE : came === false ? FALSE : NEITHER;
  } catch {
    // Arithmetic or a comparison with null, a missing key, a division by zero: the part does not hold.
    return FAILED;
  }
}
