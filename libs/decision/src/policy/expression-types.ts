import { serialize, type ASTNode } from "@marcbachmann/cel-js";
import { InWords, nearestName } from "@leastwise/vocabulary";
import { typeInWords, type ExpressionFields } from "./expression-fields.js";
import {
  CEL_NAMES,
  fits,
  functionNames,
  paramInWords,
  returned,
  signaturesOf,
  type Signature,
} from "./expression-functions.js";
import {
  areAlike,
  cameInWords,
  isNumeric,
  isOfKind,
  isOpen,
  kindInWords,
  typedField,
  typedLiteral,
  UNKNOWN,
  type Kind,
  type Typed,
} from "./expression-kinds.js";
import { expectedInstead } from "./expression-literals.js";
import type { ExpressionProblem } from "./expression-problem.js";
import { folded, isBeyond, isZero, valuesInstead } from "./expression-ranges.js";

/**
 * Whether somebody proposes what is checked, or it stands on the log already. Types are asked only of what is proposed, so that no upgrade takes away a
 * policy in force.
 */
export type Standing = "proposed" | "on_log";

/** What expressions may read. */
export interface ExpressionScope {
  /** Objects by name, with their fields. */
  readonly objects: Readonly<Record<string, ExpressionFields>>;
  /** The one whose fields' names are checked by {@link checkExpression}: `features`, `local`. */
  readonly map: string;
}

/**
 * What is wrong with an expression's types; undefined where nothing is. The library that evaluates expressions knows no number that may be absent, so that it takes
 * such a field for anything: here each part is what its fields are declared to be, values that a field never has are found, and so are divisions by zero and
 * expressions that read nothing. Where this cannot say what a part is, the library has the last word.
 *
 * @param ast of the whole expression
 */
export function typeProblemOf(ast: ASTNode, scope: ExpressionScope): ExpressionProblem | undefined {
  const typing = new Typing(scope);
  const typed = typing.of(ast);
  if (typing.problem !== undefined) return typing.problem;
  if (typed.kind !== "bool" && !isOpen(typed)) return notBool(typed, ast);
  if (!typed.isConstant || ast.op === "value") return undefined;
  return {
    reason: "expression_constant",
    came: new InWords(excerptOf(ast)),
    expected: "an expression that reads something, or true, which stands for everybody",
    offset: ast.start,
  };
}

function notBool(typed: Typed, ast: ASTNode): ExpressionProblem {
  const excerpt = excerptOf(ast);
  return {
    reason: "expression_not_bool",
    came: new InWords(cameInWords(typed, excerpt)),
    expected: `an expression that yields bool${asBool(typed, excerpt)}`,
    offset: ast.start,
  };
}

/** Why two parts are never equal. */
interface Never {
  /** The one that is told. */
  readonly node: ASTNode;
  readonly came: string;
  readonly expected: string;
}

class Typing {
  /** The first that is wrong. */
  problem: ExpressionProblem | undefined;
  readonly #scope: ExpressionScope;
  /** What `exists` and its like give names to. */
  #variables: ReadonlyMap<string, Typed> = new Map();

  constructor(scope: ExpressionScope) {
    this.#scope = scope;
  }

  of(node: ASTNode): Typed {
    switch (node.op) {
      case "value":
        return typedLiteral(node.args);
      case "id":
        return this.#identifier(node, node.args);
      case ".":
      case ".?":
        return this.#selection(node, ...node.args);
      case "[]":
      case "[?]":
        return this.#element(node, ...node.args);
      case "call":
        return this.#call(node, ...node.args);
      case "rcall":
        return this.#method(node, ...node.args);
      case "list":
        return this.#list(node.args);
      case "map":
        return this.#map(node.args);
      case "?:":
        return this.#choice(...node.args);
      case "||":
      case "&&":
        return this.#bools(node.args);
      case "!_":
        return this.#bools([node.args]);
      case "-_":
        return this.#negation(node.args);
      case "==":
      case "!=":
        return this.#equality(node, ...node.args);
      case "in":
        return this.#membership(...node.args);
      case "<":
      case "<=":
      case ">":
      case ">=":
        return this.#ordering(node, ...node.args);
      default:
        return this.#arithmetic(node, node.op, ...node.args);
    }
  }

  // Names

  #identifier(node: ASTNode, name: string): Typed {
    const variable = this.#variables.get(name);
    if (variable !== undefined) return variable;
    if (name === this.#scope.map) return UNKNOWN;
    if (this.#object(name) !== undefined) return { kind: "object", isConstant: false };
    if (CEL_NAMES.has(name)) return { ...UNKNOWN, isConstant: true };
    const objects = Object.keys(this.#scope.objects);
    const word = name.toLowerCase();
    const near = WORDS.has(word) ? word : (nearestName(name, objects) ?? this.#fieldNamed(name));
    return this.#refuse("unknown_variable", node, excerptOf(node), orPerhaps(`one of ${objects.join(", ")}`, near));
  }

  #selection(node: ASTNode, of: ASTNode, name: string): Typed {
    const object = this.#objectOf(of);
    if (object !== undefined) return this.#field(node, object, name);
    const typed = this.of(of);
    if (typed.kind === "map") return { ...(typed.element ?? UNKNOWN), isConstant: typed.isConstant };
    if (typed.kind === "unknown" || typed.kind === "other" || typed.kind === "object") return UNKNOWN;
    return this.#mismatch(node, excerptOf(node), `${excerptOf(of)} alone: it is ${kindInWords(typed)}`);
  }

  #element(node: ASTNode, of: ASTNode, key: ASTNode): Typed {
    const object = this.#objectOf(of);
    if (object !== undefined) {
      if (key.op === "value" && typeof key.args === "string") return this.#field(node, object, key.args);
      this.of(key);
      if (object === this.#scope.map) return UNKNOWN;
      const expected = `fields named literally: ${object}.name or ${object}["name"]`;
      return this.#refuse("field_not_literal", node, excerptOf(node), expected);
    }
    const typed = this.of(of);
    const place = this.of(key);
    switch (typed.kind) {
      case "list":
        if (place.kind !== "int" && place.kind !== "number" && !isOpen(place))
          this.#mismatch(key, cameInWords(place, excerptOf(key)), "a place in the list, from 0");
        return { ...(typed.element ?? UNKNOWN), isConstant: typed.isConstant && place.isConstant };
      case "map":
        if (typed.field !== undefined && place.kind !== "text" && !isOpen(place))
          this.#mismatch(key, cameInWords(place, excerptOf(key)), `a name in ${excerptOf(of)}, a text`);
        return { ...(typed.element ?? UNKNOWN), isConstant: typed.isConstant && place.isConstant };
      case "unknown":
      case "other":
      case "object":
        return UNKNOWN;
      default:
        return this.#mismatch(node, excerptOf(node), `${excerptOf(of)} alone: it is ${kindInWords(typed)}`);
    }
  }

  #field(node: ASTNode, object: string, name: string): Typed {
    const fields = this.#object(object) ?? {};
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (field !== undefined) return typedField(field);
    if (object === this.#scope.map) return UNKNOWN;
    return this.#refuse("unknown_field", node, excerptOf(node), this.#fieldInstead(object, name, Object.keys(fields)));
  }

  #fieldInstead(object: string, name: string, names: readonly string[]): string {
    const near = nearestName(name, names) ?? names.find((one) => one.split("_").includes(name));
    const nearest = near === undefined ? this.#fieldNamed(name) : `${object}.${near}`;
    if (nearest !== undefined) return orPerhaps(`a field of ${object}`, nearest);
    const own = object === "profile" ? `; of the shop's own, profile.attributes.${name}` : "";
    return `a field of ${object}: ${names.join(", ")}${own}`;
  }

  /** The object that a node names; undefined where it is another thing. */
  #objectOf(node: ASTNode): string | undefined {
    if (node.op !== "id" || this.#variables.has(node.args)) return undefined;
    return this.#object(node.args) === undefined ? undefined : node.args;
  }

  #object(name: string): ExpressionFields | undefined {
    return Object.hasOwn(this.#scope.objects, name) ? this.#scope.objects[name] : undefined;
  }

  /** A field of any object that has that very name. */
  #fieldNamed(name: string): string | undefined {
    const found = Object.entries(this.#scope.objects).find(([, fields]) => Object.hasOwn(fields, name));
    return found === undefined ? undefined : `${found[0]}.${name}`;
  }

  // Bools

  #bools(nodes: readonly ASTNode[]): Typed {
    const typed = nodes.map((node) => this.#bool(node));
    return { kind: "bool", isConstant: areConstant(typed) };
  }

  #bool(node: ASTNode): Typed {
    const typed = this.of(node);
    if (typed.kind === "bool" || isOpen(typed)) return typed;
    const excerpt = excerptOf(node);
    return this.#mismatch(node, cameInWords(typed, excerpt), `a bool${asBool(typed, excerpt)}`);
  }

  #choice(condition: ASTNode, left: ASTNode, right: ASTNode): Typed {
    const bool = this.#bool(condition);
    const [one, other] = [this.of(left), this.of(right)];
    const isConstant = areConstant([bool, one, other]);
    if (isNumeric(one) && isNumeric(other) && areAlike(one, other))
      return { kind: one.kind === other.kind ? one.kind : "number", isConstant };
    if (one.kind === "null" || other.kind === "null" || isOpen(one) || isOpen(other)) return { ...UNKNOWN, isConstant };
    if (isOfKind(one, other)) return { ...plain(one), isConstant };
    return this.#mismatch(right, cameInWords(other, excerptOf(right)), likeThat(one, left));
  }

  // Comparisons

  #equality(node: ASTNode, left: ASTNode, right: ASTNode): Typed {
    const [one, other] = [this.of(left), this.of(right)];
    const never = this.#held(one, left, other, right);
    // That it always differs may be meant.
    if (never !== undefined && node.op === "==") this.#refuseNever(never);
    return { kind: "bool", isConstant: areConstant([one, other]) };
  }

  /** Refuses two parts of which one cannot be held against the other, and says of others why they are never equal, if they are not. */
  #held(one: Typed, left: ASTNode, other: Typed, right: ASTNode): Never | undefined {
    if (one.kind === "null" || other.kind === "null") {
      this.#heldAgainstNull(...(one.kind === "null" ? ([left, other, right] as const) : ([right, one, left] as const)));
      return undefined;
    }
    // What is told is the one that is written out, else the right one.
    const isLeftTold = one.isConstant && !other.isConstant;
    const [told, toldNode, beside, besideNode] = isLeftTold ? [one, left, other, right] : [other, right, one, left];
    const came = cameInWords(told, excerptOf(toldNode));
    if (!areAlike(one, other)) {
      this.#mismatch(toldNode, came, `${likeThat(beside, besideNode)}${hintFor(told, beside, besideNode)}`);
      return undefined;
    }
    if (told.literal === undefined || beside.field === undefined) return undefined;
    const instead = valuesInstead(beside.field.type, told.literal);
    if (instead === undefined) return undefined;
    return { node: toldNode, came, expected: `${instead}: ${excerptOf(besideNode)} has no other` };
  }

  #refuseNever({ node, came, expected }: Never): void {
    this.#refuse("expression_out_of_range", node, came, expected);
  }

  #heldAgainstNull(nullNode: ASTNode, { kind, field }: Typed, node: ASTNode): void {
    if (kind === "null" || kind === "unknown" || kind === "signal" || field?.mayBeAbsent === true) return;
    const excerpt = excerptOf(node);
    const asked = node.op === "." && field === undefined ? `has(${excerpt})` : this.#lookedUpIn(node);
    const expected =
      kind === "object"
        ? `a field of ${excerpt}`
        : asked === undefined
          ? `${kindInWords(typedOf(kind, field))}: ${excerpt} is never null`
          : `${asked}, which says whether it is there`;
    this.#mismatch(nullNode, "null", expected);
  }

  /** How to ask whether a map has what is looked up in it, as `has` does not take it; undefined where no map is. */
  #lookedUpIn(node: ASTNode): string | undefined {
    if (node.op !== "[]") return undefined;
    const [map, key] = node.args;
    return this.of(map).kind === "map" ? `${excerptOf(key)} in ${excerptOf(map)}` : undefined;
  }

  #ordering(node: ASTNode, left: ASTNode, right: ASTNode): Typed {
    const [one, other] = [this.of(left), this.of(right)];
    const result: Typed = { kind: "bool", isConstant: areConstant([one, other]) };
    const wrong = [[one, left] as const, [other, right] as const].find(([typed]) => !isOrdered(typed));
    if (wrong !== undefined) {
      const [beside, besideNode] = wrong[0] === one ? [other, right] : [one, left];
      const expected = isOrdered(beside) && !isOpen(beside) ? likeThat(beside, besideNode) : "a number";
      return this.#mismatch(wrong[1], cameInWords(wrong[0], excerptOf(wrong[1])), expected);
    }
    const areNumbers = isNumeric(one) && isNumeric(other);
    if (!areNumbers && !areAlike(one, other)) {
      this.#held(one, left, other, right);
      return result;
    }
    const flipped = FLIPPED.get(node.op) ?? node.op;
    const isNever =
      (one.field !== undefined && other.literal !== undefined && isBeyond(one.field.type, node.op, other.literal)) ||
      (other.field !== undefined && one.literal !== undefined && isBeyond(other.field.type, flipped, one.literal));
    if (isNever) {
      const [of, field] = one.field === undefined ? [right, other.field] : [left, one.field];
      const values = field === undefined ? "" : typeInWords(field.type);
      const expected = `a comparison that can hold: ${excerptOf(of)} is ${values}`;
      this.#refuse("expression_out_of_range", node, excerptOf(node), expected);
    }
    return result;
  }

  #membership(left: ASTNode, right: ASTNode): Typed {
    const [one, other] = [this.of(left), this.of(right)];
    const result: Typed = { kind: "bool", isConstant: areConstant([one, other]) };
    if (isOpen(other)) return result;
    if (other.kind === "map") {
      if (other.field !== undefined && one.kind !== "text" && !isOpen(one))
        this.#mismatch(left, cameInWords(one, excerptOf(left)), `a name in ${excerptOf(right)}, a text`);
      return result;
    }
    if (other.kind !== "list") {
      const contains = other.kind === "text" ? `; ${excerptOf(right)}.contains(…) looks into a text` : "";
      return this.#mismatch(right, cameInWords(other, excerptOf(right)), `a list${contains}`);
    }
    if (right.op === "list") {
      // One of several that it never is does no harm.
      const nevers = right.args.map((item) => this.#held(one, left, this.of(item), item));
      const [first] = nevers;
      if (first !== undefined && !nevers.includes(undefined)) this.#refuseNever(first);
    } else if (other.element !== undefined && !areAlike(one, other.element)) {
      const expected = `${kindInWords(other.element)}, as they stand in ${excerptOf(right)}`;
      this.#mismatch(left, cameInWords(one, excerptOf(left)), expected);
    }
    return result;
  }

  // Arithmetic

  #arithmetic(node: ASTNode, operator: string, left: ASTNode, right: ASTNode): Typed {
    const [one, other] = [this.of(left), this.of(right)];
    const isConstant = areConstant([one, other]);
    if (one.kind === "other" || other.kind === "other" || one.kind === "unknown" || other.kind === "unknown")
      return { ...UNKNOWN, isConstant };
    if (operator === "+" && ADDED.has(one.kind) && isOfKind(one, other)) return { ...plain(one), isConstant };
    if (operator === "+" && isOpen(one) && isOpen(other)) return { ...UNKNOWN, isConstant };
    for (const [typed, part, beside] of [[one, left, other] as const, [other, right, one] as const]) {
      if (isNumeric(typed) || typed.kind === "signal") continue;
      const isAdded = operator === "+" && typed.kind === "text" && beside.kind === "signal";
      if (isAdded) return { kind: "text", isConstant };
      const hint = typed.kind === "text" ? `; int(${excerptOf(part)}) reads one from a text` : "";
      return this.#mismatch(part, cameInWords(typed, excerptOf(part)), `a number to reckon with${hint}`);
    }
    if ((operator === "/" || operator === "%") && isZero(other.literal))
      return this.#refuse("expression_divides_by_zero", node, excerptOf(node), "a division by another number than 0");
    const literal = folded(operator, one.literal, other.literal);
    if (typeof literal === "bigint" && BigInt.asIntN(64, literal) !== literal)
      return this.#refuse("expression_out_of_range", node, excerptOf(node), "a whole number of 64 bits at most");
    return { kind: reckoned(one.kind, other.kind), isConstant, ...(literal !== undefined && { literal }) };
  }

  #negation(of: ASTNode): Typed {
    const typed = this.of(of);
    const { kind, literal, isConstant } = typed;
    if (kind === "unknown" || kind === "other") return { ...UNKNOWN, isConstant };
    if (kind === "signal") return { kind: "number", isConstant };
    if (!isNumeric(typed)) return this.#mismatch(of, cameInWords(typed, excerptOf(of)), "a number");
    if (typeof literal !== "bigint" && typeof literal !== "number") return { kind, isConstant };
    return { kind, isConstant, literal: -literal };
  }

  // Lists and maps

  #list(items: readonly ASTNode[]): Typed {
    const typed = items.map((item) => this.of(item));
    const [first] = typed;
    const [firstNode] = items;
    if (first === undefined || firstNode === undefined) return { kind: "list", isConstant: true };
    const at = typed.findIndex((item) => !isOfKind(first, item));
    const [wrong, wrongNode] = [typed[at], items[at]];
    if (wrong !== undefined && wrongNode !== undefined) {
      const numbers = isNumeric(first) && isNumeric(wrong) ? ", all of them with a point or none" : "";
      this.#mismatch(wrongNode, cameInWords(wrong, excerptOf(wrongNode)), `${likeThat(first, firstNode)}${numbers}`);
    }
    const isConstant = areConstant(typed);
    return { kind: "list", element: { ...plain(first), isConstant }, isConstant };
  }

  #map(entries: readonly (readonly [ASTNode, ASTNode])[]): Typed {
    const typed = entries.flatMap(([key, value]) => [this.of(key), this.of(value)]);
    return { kind: "map", isConstant: areConstant(typed) };
  }

  // Functions

  #call(node: ASTNode, name: string, args: readonly ASTNode[]): Typed {
    const [of] = args;
    if (name === "has" && args.length === 1 && of !== undefined) {
      if (of.op !== ".") {
        const asked = this.#lookedUpIn(of);
        const expected = `a field, as in has(profile.attributes.city)${asked === undefined ? "" : `, or ${asked}`}`;
        return this.#mismatch(of, excerptOf(of), expected);
      }
      this.of(of);
      return { kind: "bool", isConstant: false };
    }
    return this.#called(node, name, undefined, args);
  }

  #method(node: ASTNode, name: string, receiver: ASTNode, args: readonly ASTNode[]): Typed {
    if (receiver.op === "id" && receiver.args === "cel" && name === "bind") return this.#binding(args);
    if (COMPREHENSIONS.has(name)) return this.#comprehension(name, receiver, args);
    return this.#called(node, name, receiver, args);
  }

  #called(node: ASTNode, name: string, receiver: ASTNode | undefined, args: readonly ASTNode[]): Typed {
    const before = receiver && this.of(receiver);
    const typed = args.map((arg) => this.of(arg));
    const isConstant = areConstant(before === undefined ? typed : [before, ...typed]);
    if (this.problem !== undefined) return UNKNOWN;
    const named = signaturesOf(name, receiver !== undefined);
    if (named.length === 0) return this.#unknownFunction(node, name, receiver);
    const receiving = named.filter((one) => before === undefined || fits(before, one.receiver ?? "dyn"));
    if (before !== undefined && receiver !== undefined && receiving.length === 0) {
      const wanted = [...new Set(named.map((one) => paramInWords(one.receiver ?? "dyn")))].join(" or ");
      return this.#mismatch(receiver, cameInWords(before, excerptOf(receiver)), `${wanted} before .${name}(…)`);
    }
    const candidates = receiving.filter(({ params }) => params.length === args.length);
    const found = candidates.find(({ params }) => typed.every((arg, i) => fits(arg, params[i] ?? "dyn")));
    if (found !== undefined) return this.#readable(name, typed, args) ?? returned(found.returns, isConstant);
    return this.#wrongArgument(node, receiving, candidates, typed, args);
  }

  /** Refuses a text that the function can never read. */
  #readable(name: string, typed: readonly Typed[], args: readonly ASTNode[]): Typed | undefined {
    const [{ literal } = {}] = typed;
    const [node] = args;
    const expected = typeof literal === "string" ? expectedInstead(name, literal) : undefined;
    if (expected === undefined || node === undefined) return undefined;
    return this.#refuse("expression_literal_malformed", node, excerptOf(node), expected);
  }

  #wrongArgument(
    node: ASTNode,
    named: readonly Signature[],
    candidates: readonly Signature[],
    typed: readonly Typed[],
    args: readonly ASTNode[],
  ): Typed {
    const at = typed.findIndex((arg, i) => !candidates.some(({ params }) => fits(arg, params[i] ?? "dyn")));
    const [arg, argNode] = [typed[at], args[at]];
    if (candidates.length === 0 || arg === undefined || argNode === undefined)
      return this.#mismatch(node, excerptOf(node), [...new Set(named.map(signatureInWords))].join(" or "));
    const wanted = [...new Set(candidates.map(({ params }) => paramInWords(params[at] ?? "dyn")))].join(" or ");
    return this.#mismatch(
      argNode,
      cameInWords(arg, excerptOf(argNode)),
      `${wanted} in ${candidates[0]?.name ?? ""}(…)`,
    );
  }

  #unknownFunction(node: ASTNode, name: string, receiver: ASTNode | undefined): Typed {
    const isMethod = receiver !== undefined;
    const isOtherwise = signaturesOf(name, !isMethod).length > 0;
    const near = isOtherwise
      ? isMethod
        ? `${name}(…)`
        : `value.${name}(…)`
      : nearestName(name, functionNames(isMethod));
    const expected = orPerhaps(isMethod ? "a function that is called on a value" : "a function of CEL", near);
    const start = receiver === undefined ? node.start : node.input.indexOf(name, receiver.end);
    return this.#refuse("unknown_function", { ...node, start }, `${name}()`, expected);
  }

  /** `list.exists(name, condition)` and its like. */
  #comprehension(name: string, receiver: ASTNode, args: readonly ASTNode[]): Typed {
    const list = this.of(receiver);
    const [variable, ...bodies] = args;
    if (list.kind !== "list" && list.kind !== "map" && list.kind !== "unknown")
      return this.#mismatch(receiver, cameInWords(list, excerptOf(receiver)), `a list before .${name}(…)`);
    if (variable?.op !== "id" || bodies.length === 0) return UNKNOWN;
    const element: Typed = list.kind === "map" ? { kind: "text", isConstant: false } : (list.element ?? UNKNOWN);
    const bound = { ...element, isConstant: list.isConstant };
    const results = this.#with(variable.args, bound, () =>
      bodies.map((body, i) => (name === "map" && i === bodies.length - 1 ? this.of(body) : this.#bool(body))),
    );
    const isConstant = areConstant([list, ...results]);
    if (name === "filter") return { kind: "list", element: bound, isConstant };
    if (name !== "map") return { kind: "bool", isConstant };
    return { kind: "list", element: plain(results.at(-1) ?? UNKNOWN), isConstant };
  }

  /** `cel.bind(name, value, expression)`. */
  #binding([variable, value, body]: readonly ASTNode[]): Typed {
    if (variable?.op !== "id" || value === undefined || body === undefined) return UNKNOWN;
    return this.#with(variable.args, this.of(value), () => this.of(body));
  }

  #with<T>(name: string, typed: Typed, inside: () => T): T {
    const outside = this.#variables;
    this.#variables = new Map([...outside, [name, typed]]);
    const came = inside();
    this.#variables = outside;
    return came;
  }

  // Refusals

  #mismatch(node: ASTNode, came: string, expected: string): Typed {
    return this.#refuse("expression_type_mismatch", node, came, expected);
  }

  #refuse(reason: string, { start }: { readonly start: number }, came: string, expected: string): Typed {
    this.problem ??= { reason, came: new InWords(came), expected, offset: start };
    return UNKNOWN;
  }
}

const COMPREHENSIONS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "filter", "map"]);
/** What CEL writes in small letters. */
const WORDS: ReadonlySet<string> = new Set(["true", "false", "null"]);
const ADDED: ReadonlySet<Kind> = new Set(["text", "list"]);
const FLIPPED: ReadonlyMap<string, string> = new Map([
  ["<", ">"],
  ["<=", ">="],
  [">", "<"],
  [">=", "<="],
]);

/** A part as it stands, whatever brackets and spaces are around it. */
function excerptOf(node: ASTNode): string {
  return serialize(node);
}

function areConstant(typed: readonly Typed[]): boolean {
  return typed.every(({ isConstant }) => isConstant);
}

/** Without which field it reads, or which literal it is. */
function plain({ kind, element, name, isConstant }: Typed): Typed {
  return { kind, isConstant, ...(element && { element }), ...(name !== undefined && { name }) };
}

function typedOf(kind: Kind, field: Typed["field"]): Typed {
  return { kind, isConstant: false, ...(field && { field }) };
}

/** What arithmetic gives: of fields, the evaluator looks at the value, but where the other side has a point. */
function reckoned(one: Kind, other: Kind): Kind {
  if (one === "int" && other === "int") return "int";
  return one === "double" || other === "double" ? "double" : "number";
}

function isOrdered(typed: Typed): boolean {
  return isNumeric(typed) || isOpen(typed) || typed.kind === "text" || typed.kind === "bool" || typed.kind === "other";
}

/** `a whole number from 1 to 5, as rfm.recency is` */
function likeThat(typed: Typed, node: ASTNode): string {
  return `${kindInWords(typed)}, as ${excerptOf(node)} is`;
}

/** How a bool could be made of it. */
function asBool(typed: Typed, excerpt: string): string {
  if (isNumeric(typed)) return `, such as ${excerpt.includes(" ? ") ? `(${excerpt})` : excerpt} > 0`;
  return typed.kind === "text" ? `, such as ${excerpt} == "…"` : "";
}

function hintFor(told: Typed, beside: Typed, besideNode: ASTNode): string {
  if (beside.kind === "text" && isNumeric(told)) return `; int(${excerptOf(besideNode)}) reads a number from a text`;
  if (isNumeric(beside) && isNumeric(told)) return ", both with a point or neither";
  return "";
}

function orPerhaps(expected: string, near: string | undefined): string {
  return near === undefined ? expected : `${expected}, perhaps ${near}`;
}

function signatureInWords({ name, receiver, params }: Signature): string {
  const called = `${name}(${params.map(paramInWords).join(", ")})`;
  return receiver === undefined ? called : `.${called}`;
}
