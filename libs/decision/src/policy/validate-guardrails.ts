import type { GoodsLimit } from "@leastwise/offers";
import { DAY_MS, MINUTE_MS } from "@leastwise/vocabulary";
import { OPEN_MAX } from "../state/decision-state.js";
import type { Guardrails } from "./policy.js";
import type { Problems } from "./problems.js";
import { validateCaps } from "./validate-campaign.js";
import { namesGoods, validateGoods } from "./validate-scope.js";

const GOODS_LIMITS_MAX = 256;
const CAPS_MAX = 8;

/** Checks what must never happen, and that no limit of some goods is looser than that of all. */
export function validateGuardrails(problems: Problems, guardrails: Guardrails | undefined, currency: string): void {
  if (guardrails === undefined) {
    problems.add("guardrails_missing", "guardrails", undefined, "what must never happen");
    return;
  }
  problems.range("guardrails.floor_price_bp", guardrails.floorPriceBp, 0, 10_000);
  problems.range("guardrails.max_discount_bp", guardrails.maxDiscountBp, 0, 10_000);
  problems.range("guardrails.margin_floor_bp", guardrails.marginFloorBp, -10_000, 10_000);
  problems.range("guardrails.assumed_margin_bp", guardrails.assumedMarginBp, 0, 10_000);
  if (guardrails.cartMaxDiscountBp !== undefined)
    problems.range("guardrails.cart_max_discount_bp", guardrails.cartMaxDiscountBp, 0, 10_000);
  if (guardrails.incentiveMax !== undefined)
    problems.money("guardrails.incentive_max", guardrails.incentiveMax, currency, 1);
  validateGoodsLimits(problems, guardrails);
  problems.range("guardrails.open_offers_max", guardrails.openOffersMax, 0, OPEN_MAX);
  if (guardrails.frequencyCaps.length > CAPS_MAX)
    problems.add(
      "too_many_caps",
      "guardrails.frequency_caps",
      guardrails.frequencyCaps.length,
      `at most ${String(CAPS_MAX)}`,
    );
  validateCaps(problems, "guardrails", guardrails.frequencyCaps);
  if (guardrails.coolDownMs !== 0)
    problems.range("guardrails.cool_down_ms", guardrails.coolDownMs, MINUTE_MS, 366 * DAY_MS);
  problems.range("guardrails.no_escalation_ms", guardrails.noEscalationMs ?? 0, 0, 366 * DAY_MS);
  if (guardrails.perSubjectMax === undefined) return;
  problems.money("guardrails.per_subject_max", guardrails.perSubjectMax, currency, 0);
  problems.range("guardrails.per_subject_period_ms", guardrails.perSubjectPeriodMs ?? 0, MINUTE_MS, 366 * DAY_MS);
}

function validateGoodsLimits(problems: Problems, guardrails: Guardrails): void {
  const { goodsLimits } = guardrails;
  if (goodsLimits.length > GOODS_LIMITS_MAX)
    problems.add(
      "too_many_limits",
      "guardrails.goods_limits",
      goodsLimits.length,
      `at most ${String(GOODS_LIMITS_MAX)}`,
    );
  for (const [i, limit] of goodsLimits.entries())
    validateGoodsLimit(problems, `guardrails.goods_limits[${String(i)}]`, limit, guardrails);
}

function validateGoodsLimit(
  problems: Problems,
  at: string,
  { floorPriceBp, maxDiscountBp, ...limit }: GoodsLimit,
  all: Guardrails,
): void {
  if (!namesGoods(limit)) problems.add("goods_missing", at, undefined, "product_ids, categories or brands");
  validateGoods(problems, at, limit);
  if (!limit.excluded && floorPriceBp === undefined && maxDiscountBp === undefined)
    problems.add("limit_missing", at, undefined, "excluded, floor_price_bp or max_discount_bp");
  const floor = `${at}.floor_price_bp`;
  if (floorPriceBp !== undefined) problems.range(floor, floorPriceBp, 0, 10_000);
  if (floorPriceBp !== undefined && floorPriceBp < all.floorPriceBp)
    problems.add(
      "limit_too_loose",
      floor,
      floorPriceBp,
      `at least guardrails.floor_price_bp, ${String(all.floorPriceBp)}`,
    );
  const most = `${at}.max_discount_bp`;
  if (maxDiscountBp !== undefined) problems.range(most, maxDiscountBp, 0, 10_000);
  if (maxDiscountBp !== undefined && maxDiscountBp > all.maxDiscountBp)
    problems.add(
      "limit_too_loose",
      most,
      maxDiscountBp,
      `at most guardrails.max_discount_bp, ${String(all.maxDiscountBp)}`,
    );
}
