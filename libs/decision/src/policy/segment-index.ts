import { mergedPlaces } from "./ascending-places.js";
import type { Verdict } from "./cel.js";
import type { CompiledExpression, ExpressionContext } from "./expressions.js";
import { textsAt, type Membership, type MembershipPath } from "./expression-parts.js";

/** A segment whose expression was checked. */
export interface CompiledSegment {
  readonly name: string;
  readonly expression: CompiledExpression;
}

/** Segments by a text that must be there for them to hold: most of a large policy's need not be evaluated at all. */
export class SegmentIndex {
  readonly #segments: readonly CompiledSegment[];
  /** What the parts came to so far: cleared for every context, as a buffer for each would have to be freed again. */
  readonly #seen: Uint8Array;
  /** Places of the segments that have to be evaluated for everybody. */
  readonly #always: readonly number[];
  readonly #byPath: ReadonlyMap<MembershipPath, ReadonlyMap<string, readonly number[]>>;

  /** @param partCount how many different parts the segments' expressions have */
  constructor(segments: readonly CompiledSegment[], partCount: number) {
    this.#segments = segments;
    this.#seen = new Uint8Array(partCount);
    const counts = new TextCounts(segments);
    const always: number[] = [];
    const byPath = new Map<MembershipPath, Map<string, number[]>>();
    for (const [place, { expression }] of segments.entries()) {
      const membership = counts.rarestOf(expression);
      if (membership === undefined) {
        always.push(place);
        continue;
      }
      const byText = byPath.get(membership.path) ?? new Map<string, number[]>();
      byPath.set(membership.path, byText);
      for (const text of new Set(membership.texts)) byText.set(text, [...(byText.get(text) ?? []), place]);
    }
    this.#always = always;
    this.#byPath = byPath;
  }

  /** What the segments come to, in their order, those left out that cannot hold and cannot fail. */
  verdicts(context: ExpressionContext): ReadonlyMap<string, Verdict> {
    const seen = this.#seen.fill(0);
    const verdicts = new Map<string, Verdict>();
    for (const place of this.#candidates(context)) {
      const segment = this.#segments[place];
      if (segment !== undefined) verdicts.set(segment.name, segment.expression.evaluate(context, seen));
    }
    return verdicts;
  }

  #candidates(context: ExpressionContext): readonly number[] {
    if (this.#byPath.size === 0) return this.#always;
    const lists: (readonly number[])[] = this.#always.length === 0 ? [] : [this.#always];
    for (const [path, byText] of this.#byPath) {
      const texts = textsAt(path, context);
      // What cannot be read makes expressions fail, and that is for them to say.
      if (texts === undefined) lists.push(...byText.values());
      else
        for (const text of new Set(texts)) {
          const places = byText.get(text ?? "");
          if (places !== undefined) lists.push(places);
        }
    }
    return mergedPlaces(lists);
  }
}

/** How many segments ask for each text. */
class TextCounts {
  readonly #counts = new Map<string, number>();

  constructor(segments: readonly CompiledSegment[]) {
    for (const { expression } of segments)
      for (const { membership } of expression.parts)
        for (const key of keysOf(membership)) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Of an expression's memberships the one that the fewest segments share; undefined if it has none. */
  rarestOf({ parts }: CompiledExpression): Membership | undefined {
    let rarest: Membership | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const { membership } of parts) {
      if (membership === undefined) continue;
      const shared = keysOf(membership).reduce((sum, key) => sum + (this.#counts.get(key) ?? 0), 0);
      if (shared < fewest) [rarest, fewest] = [membership, shared];
    }
    return rarest;
  }
}

function keysOf(membership: Membership | undefined): readonly string[] {
  return membership === undefined ? [] : membership.texts.map((text) => `${membership.path}=${text}`);
}
