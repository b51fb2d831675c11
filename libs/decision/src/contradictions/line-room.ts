import type { GoodsLimit, Scope } from "@leastwise/offers";
import type { Guardrails } from "../policy/policy.js";

/** Lists of goods, of which a line must be in one. */
export type NamedGoods = Pick<Scope, "productIds" | "categories" | "brands">;

/** The most that guardrails let an incentive take off a line, whichever it is, and which of them says so. */
export interface LineRoom {
  /** Basis points of the line's price, 0 to 10 000. */
  readonly shareBp: number;
  /** Path of the guardrail. */
  readonly field: string;
  /** What stands there, in words. */
  readonly says: string;
}

/**
 * What is left of any line that an incentive can reach. Limits of some goods bind it only where it reaches nothing but goods that they name: of the
 * names that it may go by, the loosest counts.
 *
 * @param reached lists that every line in reach is in one of; a list that names nothing is every line's
 */
export function lineRoom(guardrails: Guardrails, reached: readonly NamedGoods[]): LineRoom {
  const ofAll = strictest([
    floorRoom("guardrails", guardrails.floorPriceBp),
    maximumRoom("guardrails", guardrails.maxDiscountBp),
  ]);
  return strictest([ofAll, ...reached.flatMap((goods) => roomOfNames(guardrails.goodsLimits, goods, ofAll) ?? [])]);
}

const LISTS = ["productIds", "categories", "brands"] as const;

function roomOfNames(limits: readonly GoodsLimit[], goods: NamedGoods, ofAll: LineRoom): LineRoom | undefined {
  const rooms = LISTS.flatMap((list) =>
    goods[list].map((name) =>
      strictest([
        ofAll,
        ...limits.flatMap((limit, index) => (limit[list].includes(name) ? limitRooms(limit, index) : [])),
      ]),
    ),
  );
  return rooms.length === 0 ? undefined : rooms.reduce((one, other) => (other.shareBp > one.shareBp ? other : one));
}

function limitRooms({ excluded, floorPriceBp, maxDiscountBp }: GoodsLimit, index: number): readonly LineRoom[] {
  const at = `guardrails.goods_limits[${String(index)}]`;
  return [
    ...(excluded ? [{ shareBp: 0, field: `${at}.excluded`, says: "true" }] : []),
    ...(floorPriceBp === undefined ? [] : [floorRoom(at, floorPriceBp)]),
    ...(maxDiscountBp === undefined ? [] : [maximumRoom(at, maxDiscountBp)]),
  ];
}

function floorRoom(at: string, floorPriceBp: number): LineRoom {
  return { shareBp: 10_000 - floorPriceBp, field: `${at}.floor_price_bp`, says: `${String(floorPriceBp)} bp` };
}

function maximumRoom(at: string, maxDiscountBp: number): LineRoom {
  const says = maxDiscountBp === 0 ? "absent or 0 bp" : `${String(maxDiscountBp)} bp`;
  return { shareBp: maxDiscountBp, field: `${at}.max_discount_bp`, says };
}

function strictest(rooms: readonly [LineRoom, ...LineRoom[]]): LineRoom {
  return rooms.reduce((one, other) => (other.shareBp < one.shareBp ? other : one));
}
