import { Environment } from "@marcbachmann/cel-js";
import { UNKNOWN, type Typed } from "./expression-kinds.js";

/** A function as CEL declares it; `receiver` is what stands before its dot. */
export interface Signature {
  readonly name: string;
  readonly receiver: string | undefined;
  readonly params: readonly string[];
  readonly returns: string;
}

const DEFINITIONS = new Environment().getDefinitions();

const SIGNATURES: readonly Signature[] = DEFINITIONS.functions.map(({ name, receiverType, params, returnType }) => ({
  name,
  receiver: receiverType ?? undefined,
  params: params.map(({ type }) => type),
  returns: returnType,
}));

/** Names that stand for something in every expression: CEL's types. */
export const CEL_NAMES: ReadonlySet<string> = new Set(DEFINITIONS.variables.map(({ name }) => name));

/** Functions by name, those that are called on a value or those that are not. */
export function signaturesOf(name: string, isMethod: boolean): readonly Signature[] {
  return SIGNATURES.filter((one) => one.name === name && (one.receiver !== undefined) === isMethod);
}

/** Names of functions, those that are called on a value or those that are not. */
export function functionNames(isMethod: boolean): ReadonlySet<string> {
  return new Set(
    SIGNATURES.filter(({ receiver }) => (receiver !== undefined) === isMethod && !receiver?.startsWith("Optional")).map(
      ({ name }) => name,
    ),
  );
}

/** True if the evaluator takes it for a parameter of that type. */
export function fits({ kind, name, element }: Typed, param: string): boolean {
  if (kind === "unknown" || ANYTHING.has(param)) return true;
  switch (param) {
    case "string":
      return kind === "text" || kind === "signal";
    case "int":
      return kind === "int";
    case "double":
      return kind === "double" || kind === "number" || kind === "signal";
    case "bool":
      return kind === "bool" || kind === "signal";
    case "null":
      return kind === "null";
    case "list<string>":
      return kind === "list" && (element === undefined || element.kind === "text" || element.kind === "unknown");
  }
  if (param.startsWith("list<")) return kind === "list";
  if (param.startsWith("map<")) return kind === "map";
  return kind === "other" && name === param;
}

const ANYTHING: ReadonlySet<string> = new Set(["dyn", "A", "T", "K", "V"]);

/** What a function gives. */
export function returned(returns: string, isConstant: boolean): Typed {
  switch (returns) {
    case "string":
      return { kind: "text", isConstant };
    case "int":
    case "double":
    case "bool":
      return { kind: returns, isConstant };
    case "list<string>":
      return { kind: "list", element: { kind: "text", isConstant }, isConstant };
    case "list<dyn>":
      return { kind: "list", isConstant };
    case "map<dyn, dyn>":
      return { kind: "map", isConstant };
    default:
      return ANYTHING.has(returns) ? { ...UNKNOWN, isConstant } : { kind: "other", name: returns, isConstant };
  }
}

/** A parameter's type, in words. */
export function paramInWords(param: string): string {
  return PARAMS.get(param) ?? `a ${param.replace(/^.*\./, "").toLowerCase()}`;
}

const PARAMS: ReadonlyMap<string, string> = new Map([
  ["string", "a text"],
  ["int", "a whole number, as int(…) makes one"],
  ["double", "a number"],
  ["bool", "a bool"],
  ["bytes", "bytes"],
  ["list<string>", "a list of texts"],
  ["list<dyn>", "a list"],
  ["map<dyn, dyn>", "a map"],
]);
