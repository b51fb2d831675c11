import { goodsMinor } from "@leastwise/offers";
import type { Decision } from "../decision.js";
import type { BlockReason } from "../reasons.js";
import { depthOf } from "../steps/ladder.js";

/** What was decided of carts under one policy. */
export interface PolicySide {
  readonly policyVersion: string;
  /** Decisions at which something was offered, newly or as before. */
  readonly offered: number;
  /** Decisions at which a held-out shopper would have been offered something. */
  readonly withheld: number;
  /** Offers that were newly issued. */
  readonly issued: number;
  /** Most that those may cost, minor units. */
  readonly heldMinor: number;
  /** What those cost in expectation by the model's conversion, minor units. */
  readonly expectedCostMinor: number;
  /** Of what kind and how deep, those that were offered: by kind, then from the shallowest. */
  readonly kinds: readonly KindCount[];
  /** Decisions at which a rung was blocked, by what: the most frequent first. */
  readonly blocked: readonly BlockCount[];
}

/** How often something of a kind and depth was offered. */
export interface KindCount {
  readonly kind: string;
  /** First percent of the cart's goods of this band: 0, 5, 10, … A band is 5 % wide. */
  readonly depthFromPercent: number;
  readonly decisions: number;
  /** What the shoppers would have gained by them, minor units. */
  readonly faceValueMinor: number;
}

/** How often a reason blocked a rung. */
export interface BlockCount {
  readonly reason: BlockReason;
  readonly decisions: number;
}

/** What changes for those of whom an expression of the new policy holds. */
export interface SegmentImpact {
  /** Name of the segment; empty for all carts together. */
  readonly segment: string;
  readonly decisions: number;
  /** Decisions at which more, or less, is offered than before. */
  readonly gain: number;
  readonly lose: number;
  /** What is offered more than before, minor units; negative where it is less. */
  readonly faceValueChangeMinor: number;
}

/** What a policy would change. */
export interface ImpactReport {
  readonly decisions: number;
  readonly before: PolicySide;
  readonly after: PolicySide;
  /** All carts first, then the new policy's segments that held for any, those with the greatest change first. */
  readonly segments: readonly SegmentImpact[];
}

const BAND_BP = 500;

/** Compares what two policies decide of the same carts, one after the other. */
export class PolicyImpact {
  readonly #before: Tally;
  readonly #after: Tally;
  readonly #segments = new Map<string, { decisions: number; gain: number; lose: number; change: number }>();

  /** @param versions of the policies, as decisions name them */
  constructor(versions: { readonly before: string; readonly after: string }) {
    this.#before = new Tally(versions.before);
    this.#after = new Tally(versions.after);
  }

  /** Takes what the two decided of one cart. */
  add(before: Decision, after: Decision): void {
    this.#before.add(before);
    this.#after.add(after);
    const change = worthOf(after) - worthOf(before);
    for (const segment of ["", ...after.segments]) {
      const sum = this.#segments.get(segment) ?? { decisions: 0, gain: 0, lose: 0, change: 0 };
      sum.decisions += 1;
      if (change > 0) sum.gain += 1;
      if (change < 0) sum.lose += 1;
      sum.change += change;
      this.#segments.set(segment, sum);
    }
  }

  /** What came of all carts so far. */
  report(): ImpactReport {
    const segments = [...this.#segments].map(([segment, { decisions, gain, lose, change }]): SegmentImpact => ({
      ...{ segment, decisions, gain, lose },
      faceValueChangeMinor: change,
    }));
    return {
      decisions: this.#segments.get("")?.decisions ?? 0,
      before: this.#before.side(),
      after: this.#after.side(),
      segments: segments.sort(byChange),
    };
  }
}

/** All carts first. */
function byChange(a: SegmentImpact, b: SegmentImpact): number {
  if (a.segment === "" || b.segment === "") return a.segment === "" ? -1 : 1;
  const byAmount = Math.abs(b.faceValueChangeMinor) - Math.abs(a.faceValueChangeMinor);
  return byAmount !== 0 ? byAmount : a.segment < b.segment ? -1 : 1;
}

/** What a shopper is offered, minor units; of a held-out one nothing. */
function worthOf({ offer }: Decision): number {
  return offer?.faceValueMinor ?? 0;
}

class Tally {
  readonly #policyVersion: string;
  #offered = 0;
  #withheld = 0;
  #issued = 0;
  #heldMinor = 0;
  #expectedCostMinor = 0;
  readonly #kinds = new Map<string, { kind: string; band: number; decisions: number; faceValueMinor: number }>();
  readonly #blocked = new Map<BlockReason, number>();

  constructor(policyVersion: string) {
    this.#policyVersion = policyVersion;
  }

  add(decision: Decision): void {
    const { offer, ghost, heldMinor, candidates, chosen } = decision;
    if (offer === undefined && ghost && chosen > 0) this.#withheld += 1;
    if (offer !== undefined) {
      this.#offered += 1;
      this.#countKind(offer.incentive.kind, decision);
    }
    if (heldMinor > 0) {
      this.#issued += 1;
      this.#heldMinor += heldMinor;
      this.#expectedCostMinor += candidates[chosen]?.expectedCostMinor ?? 0;
    }
    const reasons = new Set(candidates.map(({ blockedBy }) => blockedBy));
    for (const reason of reasons) if (reason !== "") this.#blocked.set(reason, (this.#blocked.get(reason) ?? 0) + 1);
  }

  side(): PolicySide {
    return {
      policyVersion: this.#policyVersion,
      offered: this.#offered,
      withheld: this.#withheld,
      issued: this.#issued,
      heldMinor: this.#heldMinor,
      expectedCostMinor: this.#expectedCostMinor,
      kinds: [...this.#kinds.values()]
        .sort((a, b) => (a.kind === b.kind ? a.band - b.band : a.kind < b.kind ? -1 : 1))
        .map(({ band, ...count }) => ({ ...count, depthFromPercent: (band * BAND_BP) / 100 })),
      blocked: [...this.#blocked]
        .map(([reason, decisions]) => ({ reason, decisions }))
        .sort((a, b) => b.decisions - a.decisions || (a.reason < b.reason ? -1 : 1)),
    };
  }

  #countKind(kind: string, { offer, cart }: Decision): void {
    const face = offer?.faceValueMinor ?? 0;
    const band = Math.floor(depthOf(face, goodsMinor(cart)) / BAND_BP);
    const key = `${kind}/${String(band)}`;
    const count = this.#kinds.get(key) ?? { kind, band, decisions: 0, faceValueMinor: 0 };
    count.decisions += 1;
    count.faceValueMinor += face;
    this.#kinds.set(key, count);
  }
}
