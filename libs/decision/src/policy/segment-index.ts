import { AscendingPlaces } from "./ascending-places.js";
import type { Verdict } from "./cel.js";
import type { CompiledExpression, ExpressionContext } from "./expressions.js";
import { textsAt, type Membership, type MembershipPath } from "./expression-parts.js";

/** A segment whose expression was checked. */
export interface CompiledSegment {
  readonly name: string;
  readonly expression: CompiledExpression;
}

/** What segments came to in one context. */
export interface Verdicts {
  /** Names of those that hold, in their order. */
  readonly holding: readonly string[];
  /** By the segments' places; absent: the segment cannot hold and cannot fail. */
  readonly byPlace: readonly (Verdict | undefined)[];
}

/** Segments by a text that must be there for them to hold: most of a large policy's need not be evaluated at all. */
export class SegmentIndex {
  readonly #segments: readonly CompiledSegment[];
  readonly #placeOf: ReadonlyMap<string, number>;
  /** Those that have to be evaluated. */
  readonly #asked: AscendingPlaces;
  /** What the parts came to so far: cleared for every context, as a buffer for each would have to be freed again. */
  readonly #seen: Uint8Array;
  /** Places of the segments that have to be evaluated for everybody. */
  readonly #always: readonly number[];
  readonly #byPath: ReadonlyMap<MembershipPath, ReadonlyMap<string, readonly number[]>>;

  /** @param partCount how many different parts the segments' expressions have */
  constructor(segments: readonly CompiledSegment[], partCount: number) {
    this.#segments = segments;
    this.#placeOf = new Map(segments.map(({ name }, place) => [name, place]));
    this.#asked = new AscendingPlaces(segments.length);
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

  /** What the segments come to. */
  verdicts(context: ExpressionContext): Verdicts {
    const seen = this.#seen.fill(0);
    const holding: string[] = [];
    const byPlace: (Verdict | undefined)[] = [];
    for (const place of this.#candidates(context)) {
      const segment = this.#segments[place];
      const verdict = segment?.expression.evaluate(context, seen);
      while (byPlace.length < place) byPlace.push(undefined);
      byPlace.push(verdict);
      if (segment !== undefined && verdict === "holds") holding.push(segment.name);
    }
    return { holding, byPlace };
  }

  /** What a segment came to, by its name; undefined: it cannot hold and cannot fail, or there is none of that name. */
  verdictOf(segment: string, { byPlace }: Verdicts): Verdict | undefined {
    const place = this.#placeOf.get(segment);
    return place === undefined ? undefined : byPlace[place];
  }

  #candidates(context: ExpressionContext): readonly number[] {
    if (this.#byPath.size === 0) return this.#always;
    this.#asked.add(this.#always);
    for (const [path, byText] of this.#byPath) {
      const texts = textsAt(path, context);
      // What cannot be read makes expressions fail, and that is for them to say.
      if (texts === undefined) for (const places of byText.values()) this.#asked.add(places);
      else
        for (const text of texts) {
          const places = byText.get(text ?? "");
          if (places !== undefined) this.#asked.add(places);
        }
    }
    return this.#asked.taken();
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
