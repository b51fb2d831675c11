import { ok, type Result } from "@leastwise/vocabulary";
import { minorOfUnits, unitsOfLines, type LineUnits } from "./line-units.js";
import type { LineShare, UsedOffer } from "./offer.js";
import type { OfferRefusal } from "./reasons.js";
import { refuse } from "./refuse.js";

/** Units of an order that came back. */
export interface ReturnedLine {
  /** Place of the line in the redeemed cart, from 0. Absent: the lines of the product, in the cart's order. */
  readonly line?: number;
  readonly productId: string;
  /** Units, 1 and up. */
  readonly quantity: number;
}

/** What is left of a line. */
interface LineLeft {
  readonly units: LineUnits;
  readonly returned: number;
}

/** What these returns give back by line, each line once, in the cart's order. None said: all that is left. */
export function returnedLines(
  { redemption, refunded }: UsedOffer,
  returns: readonly ReturnedLine[],
): Result<readonly LineShare[], OfferRefusal> {
  const lines = unitsOfLines(redemption).map((units, place) => ({ units, returned: refunded.quantities[place] ?? 0 }));
  const taken = returns.length === 0 ? ok(lines.map(quantityLeft)) : quantitiesTaken(lines, returns);
  if (!taken.ok) return taken;
  return ok(
    lines.flatMap((left, place) => {
      const quantity = taken.value[place] ?? 0;
      const { line, productId } = left.units;
      return quantity === 0 ? [] : [{ line, productId, quantity, discountMinor: minorOfNext(left, quantity) }];
    }),
  );
}

/** Units of each line that the returns take, in the lines' order. */
function quantitiesTaken(
  lines: readonly LineLeft[],
  returns: readonly ReturnedLine[],
): Result<readonly number[], OfferRefusal> {
  const taken = lines.map(() => 0);
  for (const [index, { line, productId, quantity }] of returns.entries()) {
    const at = `lines[${String(index)}]`;
    if (!Number.isSafeInteger(quantity) || quantity < 1)
      return refuse("quantity_out_of_range", `${at}.quantity`, quantity, "a whole number of units, 1 and up");
    const places = lines.flatMap(({ units }, place) =>
      units.productId === productId && (line === undefined || units.line === line) ? [place] : [],
    );
    if (places.length === 0)
      return line === undefined
        ? refuse("unknown_line", `${at}.product_id`, productId, "a product of the order")
        : refuse("unknown_line", `${at}.line`, `${String(line)}: ${productId}`, "a line of the order, and its product");
    const missing = takeFrom(lines, places, taken, quantity);
    if (missing > 0)
      return refuse("refund_over_redeemed", `${at}.quantity`, quantity, `at most ${String(quantity - missing)} units`);
  }
  return ok(taken);
}

/** Takes so many units from these lines, the first ones first; how many there were too few. */
function takeFrom(lines: readonly LineLeft[], places: readonly number[], taken: number[], quantity: number): number {
  let missing = quantity;
  for (const place of places) {
    const left = lines[place];
    if (left === undefined) continue;
    const before = taken[place] ?? 0;
    const now = Math.min(missing, quantityLeft(left) - before);
    taken[place] = before + now;
    missing -= now;
  }
  return missing;
}

function quantityLeft({ units, returned }: LineLeft): number {
  return units.quantity - returned;
}

function minorOfNext({ units, returned }: LineLeft, quantity: number): number {
  return minorOfUnits(units, returned + quantity) - minorOfUnits(units, returned);
}
