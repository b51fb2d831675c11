import type { PriceBasis } from "@leastwise/offers";
import { err, ok, refusal, type Refusal, type Result } from "@leastwise/vocabulary";
import * as wire from "./wire.js";

const BASES = new Map<wire.PriceBasis, PriceBasis>([
  [wire.PriceBasis.PRICE_BASIS_WITH_TAX, "with_tax"],
  [wire.PriceBasis.PRICE_BASIS_WITHOUT_TAX, "without_tax"],
]);

/** Whether prices have tax in them, as a record says that was checked when it was written; undefined where it is not said. */
export function priceBasisOf(basis: wire.PriceBasis): PriceBasis | undefined {
  return BASES.get(basis);
}

/** Reads whether prices have tax in them; undefined where it is not said. Reason: `unknown_price_basis`. */
export function readPriceBasis(basis: wire.PriceBasis, field: string): Result<PriceBasis | undefined, Refusal> {
  const read = priceBasisOf(basis);
  if (read !== undefined || basis === wire.PriceBasis.PRICE_BASIS_UNSPECIFIED) return ok(read);
  return err(
    refusal("unknown_price_basis", field, basis, "PRICE_BASIS_WITH_TAX or PRICE_BASIS_WITHOUT_TAX, or nothing"),
  );
}

/** Writes whether prices have tax in them. */
export function priceBasisToWire(basis: PriceBasis | undefined): wire.PriceBasis {
  switch (basis) {
    case undefined:
      return wire.PriceBasis.PRICE_BASIS_UNSPECIFIED;
    case "with_tax":
      return wire.PriceBasis.PRICE_BASIS_WITH_TAX;
    case "without_tax":
      return wire.PriceBasis.PRICE_BASIS_WITHOUT_TAX;
  }
}
