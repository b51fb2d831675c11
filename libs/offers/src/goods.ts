import { splitByLargestRemainder } from "@leastwise/vocabulary";
import { lineAmountMinor, type Cart, type CartLine } from "./cart.js";
import type { CatalogRow } from "./catalog-row.js";
import type { Scope } from "./incentive.js";
import { amountsOfUnits, unitsInReach, type Lines } from "./reach.js";

/** The goods of a cart as incentives see them: what incentives of one scope have in common is reckoned once. */
export class Goods implements Lines {
  readonly lines: readonly CartLine[];
  readonly rows: readonly (CatalogRow | undefined)[] | undefined;
  readonly lineCapsMinor: readonly number[] | undefined;
  #whole: Reach | undefined;
  #untouched: Split | undefined;
  readonly #byScope = new Map<Scope, Reach>();

  /**
   * @param rows what the catalog says of each line; absent: nothing is known, and no category or brand is anybody's
   * @param lineCapsMinor most that each line may be reduced by, minor units; 0 takes the line out of every reach. Absent: no caps
   */
  constructor({ lines }: Pick<Cart, "lines">, rows?: Lines["rows"], lineCapsMinor?: Lines["lineCapsMinor"]) {
    this.lines = lines;
    this.rows = rows;
    this.lineCapsMinor = lineCapsMinor;
  }

  /** All of them. */
  get whole(): Reach {
    this.#whole ??= this.reachOf(
      this.lines.map((line, index) => ((this.lineCapsMinor?.[index] ?? 1) <= 0 ? 0 : lineAmountMinor(line))),
    );
    return this.#whole;
  }

  /** Those in scope; all of them without one. A policy's rungs of the same scope name the same object. */
  within(scope: Scope | undefined): Reach {
    if (scope === undefined) return this.whole;
    const known = this.#byScope.get(scope);
    if (known !== undefined) return known;
    const reach = this.reachOf(amountsOfUnits(this.lines, unitsInReach(this, scope)));
    this.#byScope.set(scope, reach);
    return reach;
  }

  /** Nothing taken off any of them. */
  get untouched(): Split {
    this.#untouched ??= new Split(this.whole, 0);
    return this.#untouched;
  }

  /** A reach of the given amounts of each line, minor units. */
  reachOf(amountsMinor: readonly number[]): Reach {
    return new Reach(amountsMinor, this.lineCapsMinor);
  }
}

/** What of each line an incentive may take, in minor units and in the cart's order. */
export class Reach {
  readonly amountsMinor: readonly number[];
  readonly totalMinor: number;
  /** Caps of the lines, where one of them is below what is in reach of its line. */
  readonly capsMinor: readonly number[] | undefined;
  readonly #bounds: Bounds[] = [];

  constructor(amountsMinor: readonly number[], lineCapsMinor: readonly number[] | undefined) {
    this.amountsMinor = amountsMinor;
    let total = 0;
    for (const amount of amountsMinor) total += amount;
    this.totalMinor = total;
    const isCapped = lineCapsMinor?.some((cap, index) => cap < (amountsMinor[index] ?? 0)) === true;
    this.capsMinor = isCapped ? lineCapsMinor : undefined;
  }

  /** Between which totals a split has to be made to know whether it stays within the rooms of the lines. */
  boundsOf(roomsMinor: readonly number[]): Bounds {
    for (const known of this.#bounds) if (known.roomsMinor === roomsMinor) return known;
    const bounds = boundsOf(this, roomsMinor);
    this.#bounds.push(bounds);
    return bounds;
  }
}

/** Totals of which is known, without a split, whether each line's share stays within its room. */
interface Bounds {
  readonly roomsMinor: readonly number[];
  /** Up to this total no share is beyond its line's room. */
  readonly withinMinor: number;
  /** From this total on one is. */
  readonly beyondMinor: number;
}

/**
 * By largest remainder a line of amount a in a reach of S gets ⌊w·a ÷ S⌋ of a total w, or one more where that leaves a remainder. So with a room of
 * r, its share is not beyond it while w·a ÷ S ≤ r, and is beyond it once w·a ÷ S ≥ r + 1. A line that gets nothing is
 * within any room: one below zero is as one of zero.
 */
function boundsOf({ amountsMinor, totalMinor, capsMinor }: Reach, roomsMinor: readonly number[]): Bounds {
  let withinMinor = Number.POSITIVE_INFINITY;
  let beyondMinor = Number.POSITIVE_INFINITY;
  for (let index = 0; index < amountsMinor.length; index += 1) {
    const amount = amountsMinor[index] ?? 0;
    const room = Math.max(0, roomsMinor[index] ?? 0);
    if (amount === 0 || room >= amount) continue;
    const more = (room + 1) * totalMinor;
    // Beyond whole numbers that a double holds exactly, a split has to say.
    if (!Number.isSafeInteger(more)) return { roomsMinor, withinMinor: -1, beyondMinor: Number.POSITIVE_INFINITY };
    withinMinor = Math.min(withinMinor, Math.floor((room * totalMinor) / amount));
    beyondMinor = Math.min(beyondMinor, Math.ceil(more / amount));
  }
  // A cap may stop what would be beyond.
  return { roomsMinor, withinMinor, beyondMinor: capsMinor === undefined ? beyondMinor : Number.POSITIVE_INFINITY };
}

/**
 * A total taken off a reach, split over its lines in proportion to their amounts by largest remainder; what a line's cap stops is
 * lost, never moved to another line. The split itself is made when somebody asks for it: of most incentives that are weighed nobody does.
 */
export class Split {
  readonly #reach: Reach;
  readonly #wishMinor: number;
  #shares: readonly number[] | undefined;
  /** What is taken off, in all. */
  readonly totalMinor: number;

  /** @param wishMinor to be taken off, not negative and not more than is in reach */
  constructor(reach: Reach, wishMinor: number) {
    if (wishMinor < 0 || wishMinor > reach.totalMinor)
      throw new RangeError(`${String(wishMinor)} cannot be taken off ${String(reach.totalMinor)}`);
    this.#reach = reach;
    this.#wishMinor = wishMinor;
    this.totalMinor = reach.capsMinor === undefined ? wishMinor : this.shares.reduce((sum, share) => sum + share, 0);
  }

  /** Each line's part of the total, in the cart's order. */
  get shares(): readonly number[] {
    this.#shares ??= this.#made();
    return this.#shares;
  }

  /** True if a line that gets something gets more than it has room for, minor units for each line. */
  isBeyond(roomsMinor: readonly number[]): boolean {
    if (this.#shares === undefined) {
      const { withinMinor, beyondMinor } = this.#reach.boundsOf(roomsMinor);
      if (this.#wishMinor <= withinMinor) return false;
      if (this.#wishMinor >= beyondMinor) return true;
    }
    return this.shares.some((share, index) => share > Math.max(0, roomsMinor[index] ?? 0));
  }

  #made(): readonly number[] {
    const { amountsMinor, capsMinor } = this.#reach;
    const shares = splitByLargestRemainder(this.#wishMinor, amountsMinor);
    return capsMinor === undefined ? shares : shares.map((share, index) => Math.min(share, capsMinor[index] ?? share));
  }
}
