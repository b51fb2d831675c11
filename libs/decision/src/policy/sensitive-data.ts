import type { ASTNode } from "@marcbachmann/cel-js";
import type { Profile } from "../input.js";
import type { ExpressionProblem } from "./expression-problem.js";

/**
 * Words that say that data is of a class that the law protects: Articles 9 and 10 of the GDPR, and sex by Directive 2004/113/EC on goods and services. Age is in
 * none of them, and shops must ask it before they sell some goods.
 */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  health: [
    "health",
    "medical",
    "medication",
    "disease",
    "illness",
    "diagnosis",
    "disability",
    "disabled",
    "pregnant",
    "pregnancy",
  ],
  "religion or belief": ["religion", "religious", "denomination"],
  "ethnic origin": ["ethnicity", "ethnic", "racial"],
  "political opinion": ["political", "politics"],
  "sexual orientation": ["sexual", "sexuality", "lgbt", "lgbtq"],
  "trade union membership": ["tradeunion", "unionmember", "unionmembership"],
  "genetic data": ["genetic", "genetics", "genome", "dna"],
  "biometric data": ["biometric", "biometrics"],
  "criminal record": ["criminal"],
  sex: ["sex", "gender"],
};

const CLASS_OF_WORD: ReadonlyMap<string, string> = new Map(
  Object.entries(WORDS).flatMap(([name, words]) => words.map((word) => [word, name] as const)),
);

/** The class that the law protects by which an attribute or a tag is called; undefined where its name tells of none. */
export function sensitiveClassOf(name: string): string | undefined {
  const words = name
    .replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}]+/u);
  for (const [place, word] of words.entries()) {
    const known = CLASS_OF_WORD.get(word) ?? CLASS_OF_WORD.get(`${word}${words[place + 1] ?? ""}`);
    if (known !== undefined) return known;
  }
  return undefined;
}

/** A profile stays the same object until it changes, and is looked through once. */
const LOOKED_THROUGH = new WeakMap<Profile, Profile>();

/** The profile without attributes and tags of a class that the law protects: those are no inputs, whatever was agreed to. */
export function withoutSensitive(profile: Profile): Profile {
  const known = LOOKED_THROUGH.get(profile) ?? lookedThrough(profile);
  LOOKED_THROUGH.set(profile, known);
  return known;
}

function lookedThrough(profile: Profile): Profile {
  const attributes = Object.entries(profile.attributes);
  const kept = attributes.filter(([name]) => sensitiveClassOf(name) === undefined);
  const tags = profile.tags.filter((tag) => sensitiveClassOf(tag) === undefined);
  if (kept.length === attributes.length && tags.length === profile.tags.length) return profile;
  return { ...profile, tags, attributes: Object.fromEntries(kept) };
}

/** What is wrong with an expression that asks for such an attribute or tag by its name; undefined where nothing is. */
export function sensitiveProblemOf(ast: ASTNode): ExpressionProblem | undefined {
  const [of, key] = Array.isArray(ast.args) ? (ast.args as readonly unknown[]) : [];
  const asked = nameAsked(ast, of, key);
  const known = asked === undefined ? undefined : sensitiveClassOf(asked);
  if (asked !== undefined && known !== undefined)
    return {
      reason: "sensitive_attribute",
      came: asked,
      expected: `what is of no class that the law protects, here ${known}: such data are never inputs`,
      offset: ast.start,
    };
  return childrenOf(ast.args)
    .map(sensitiveProblemOf)
    .find((problem) => problem !== undefined);
}

/** The name in `profile.attributes.name`, `profile.attributes["name"]`, `"name" in profile.attributes` and `"name" in profile.tags`. */
function nameAsked({ op }: ASTNode, first: unknown, second: unknown): string | undefined {
  if (op === "." && typeof second === "string") return isOfProfile(first, "attributes") ? second : undefined;
  if (op === "[]") return isOfProfile(first, "attributes") ? textOf(second) : undefined;
  if (op !== "in") return undefined;
  return isOfProfile(second, "attributes") || isOfProfile(second, "tags") ? textOf(first) : undefined;
}

function isOfProfile(node: unknown, field: string): boolean {
  if (!isNode(node) || (node.op !== "." && node.op !== "[]")) return false;
  const [of, key] = node.args as readonly unknown[];
  return isNode(of) && of.op === "id" && of.args === "profile" && (key === field || textOf(key) === field);
}

function textOf(node: unknown): string | undefined {
  return isNode(node) && node.op === "value" && typeof node.args === "string" ? node.args : undefined;
}

function childrenOf(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value && "start" in value;
}
