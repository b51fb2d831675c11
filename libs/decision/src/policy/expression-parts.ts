import { serialize, type ASTNode } from "@marcbachmann/cel-js";
import type { ExpressionContext } from "./expressions.js";
import type { PlainTest } from "./plain-test.js";

/** What an expression is joined from by `&&`: alike parts of several expressions are one, and are evaluated once a decision. */
export interface ExpressionPart {
  /** Place among the parts of a policy, from 0. */
  readonly place: number;
  /** Anything but true or false, or an exception, is a failure. */
  readonly run: (context: Record<string, unknown>) => unknown;
  /** The part as a question whether a text is there; undefined where it asks something else. */
  readonly membership: Membership | undefined;
  /** The part as a comparison with a literal; undefined where it is none. */
  readonly plain: PlainTest | undefined;
}

/** Holds if one of the texts that stand at a place of the context is one of these. */
export interface Membership {
  readonly path: MembershipPath;
  readonly texts: readonly string[];
}

/** The texts that stand at a place of the context; undefined where reading it fails. */
type TextsAt = (context: ExpressionContext) => readonly (string | null)[] | undefined;

/** Places where one text stands, or none: `context.region == "BW"`, `context.region in ["BW", "BY"]`. */
const SINGLE = {
  "context.channel": ({ context }) => [context.channel],
  "context.device": ({ context }) => [context.device],
  "context.country": ({ context }) => [context.country],
  "context.region": ({ context }) => [context.region],
  "cart.currency": ({ cart }) => [cart.currency],
  "cart.payment_method": ({ cart }) => [cart.payment_method],
  "profile.loyalty_tier": ({ profile }) => (profile === null ? undefined : [profile.loyalty_tier]),
} as const satisfies Readonly<Record<string, TextsAt>>;

/** Places where a list of texts stands: `"gold" in context.partner_segments`. */
const LISTS = {
  "context.partner_segments": ({ context }) => context.partner_segments,
  "cart.product_ids": ({ cart }) => cart.product_ids,
  "cart.categories": ({ cart }) => cart.categories,
  "cart.brands": ({ cart }) => cart.brands,
  "profile.tags": ({ profile }) => profile?.tags,
} as const satisfies Readonly<Record<string, TextsAt>>;

/** A place that memberships ask about. */
export type MembershipPath = keyof typeof SINGLE | keyof typeof LISTS;

/** What stands at a place; undefined where reading it fails. */
export function textsAt(path: MembershipPath, context: ExpressionContext): readonly (string | null)[] | undefined {
  const read: TextsAt = isSingle(path) ? SINGLE[path] : LISTS[path];
  return read(context);
}

/** The parts that `&&` joins. A conjunction is false if one of its parts is, whatever the others come to, and fails only where none is. */
export function conjuncts(node: ASTNode): readonly ASTNode[] {
  return node.op === "&&" ? node.args.flatMap(conjuncts) : [node];
}

/**
 * A part as a text that can be parsed by itself; undefined where what the source says between its ends does not say the same.
 *
 * @param parse of the environment that runs it
 */
export function sourceOf(node: ASTNode, source: string, parse: (text: string) => { ast: ASTNode }): string | undefined {
  const text = source.slice(node.start, node.end);
  try {
    return serialize(parse(text).ast) === serialize(node) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The part as a membership, if it is one. */
export function membershipOf(node: ASTNode): Membership | undefined {
  if (node.op === "==") {
    const [left, right] = node.args;
    return singleOf(left, textOf(right)) ?? singleOf(right, textOf(left));
  }
  if (node.op !== "in") return undefined;
  const [left, right] = node.args;
  const text = textOf(left);
  if (text !== undefined) {
    const path = pathOf(right);
    return path !== undefined && isList(path) ? { path, texts: [text] } : undefined;
  }
  return right.op === "list" ? singleOf(left, ...right.args.map(textOf)) : undefined;
}

function singleOf(node: ASTNode, ...texts: readonly (string | undefined)[]): Membership | undefined {
  const path = pathOf(node);
  if (path === undefined || !isSingle(path)) return undefined;
  const known = texts.filter((text) => text !== undefined);
  return known.length === texts.length ? { path, texts: known } : undefined;
}

function textOf(node: ASTNode): string | undefined {
  return node.op === "value" && typeof node.args === "string" ? node.args : undefined;
}

function pathOf(node: ASTNode): string | undefined {
  if (node.op !== ".") return undefined;
  const [of, name] = node.args;
  return of.op === "id" ? `${of.args}.${name}` : undefined;
}

function isSingle(path: string): path is keyof typeof SINGLE {
  return Object.hasOwn(SINGLE, path);
}

function isList(path: string): path is keyof typeof LISTS {
  return Object.hasOwn(LISTS, path);
}
