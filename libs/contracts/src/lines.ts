import { refusal, type Refusal } from "@leastwise/vocabulary";
import { within } from "./field-path.js";
import { checkMoney, type CurrencySeen } from "./money.js";
import { checkId } from "./text.js";
import type * as wire from "./wire.js";

/** Most lines of a cart, an order or a return. */
export const LINES_MAX = 1_000;

/** Most units of a line. */
export const QUANTITY_MAX = 2_147_483_647n;

/** Checks the lines of an order, a cart or a return, each by itself and all for one currency. */
export function checkLines(
  lines: readonly wire.Line[],
  at: string,
  tooMany: "too_many_lines" | "cart_too_large",
  seen: CurrencySeen,
): Refusal | undefined {
  if (lines.length > LINES_MAX) {
    return refusal(tooMany, within(at, "lines"), lines.length, `at most ${LINES_MAX} lines`);
  }
  for (const [index, line] of lines.entries()) {
    const refused = checkLine(line, `${within(at, "lines")}[${index}]`, seen);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function checkLine(line: wire.Line, at: string, seen: CurrencySeen): Refusal | undefined {
  return (
    checkId(line.productId, at, "product_id") ??
    checkQuantity(line.quantity, at) ??
    checkMoney(line.unitPrice, at, "unit_price", "negative_price", seen) ??
    checkMoney(line.discount, at, "discount", "negative_amount", seen)
  );
}

/** Checks a number of units: `quantity_out_of_range` outside 1 to {@link QUANTITY_MAX}. */
export function checkQuantity(quantity: bigint, at: string): Refusal | undefined {
  if (quantity >= 1n && quantity <= QUANTITY_MAX) return undefined;
  return refusal(
    "quantity_out_of_range",
    within(at, "quantity"),
    quantity,
    `an integer from 1 to ${String(QUANTITY_MAX)}`,
  );
}
