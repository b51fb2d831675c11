import { LATEST_MS, refusal, type Refusal } from "@leastwise/vocabulary";
import { isTime } from "./row-text.js";

const UINT32_MAX = 2 ** 32 - 1;
const UINT16_MAX = 2 ** 16 - 1;
const INT32_MAX = 2 ** 31 - 1;

/** Columns that are floats; every other number is a whole one. */
const FLOATS: ReadonlySet<string> = new Set(["propensity", "conversion", "value_minor", "evidence"]);

/** Columns that hold less than what a JavaScript number holds exactly. */
const BOUNDS: ReadonlyMap<string, readonly [min: number, max: number]> = new Map([
  ["log_partition", [0, UINT32_MAX]],
  ["partition", [0, UINT32_MAX]],
  ["link_partition", [0, UINT32_MAX]],
  ["features_as_of_partition", [0, UINT32_MAX]],
  ["holdout_bp", [0, UINT16_MAX]],
  ["propensity_weight", [0, Number.MAX_SAFE_INTEGER]],
  ["draw", [0, Number.MAX_SAFE_INTEGER]],
  ["weight", [0, Number.MAX_SAFE_INTEGER]],
  ["rung", [-INT32_MAX, INT32_MAX]],
  ["exploit_rung", [-INT32_MAX, INT32_MAX]],
  ["depth_bp", [-INT32_MAX, INT32_MAX]],
]);

/**
 * What of a row its table could not hold; undefined: it can. The engine refuses a block for one number in it that is too large, and wraps
 * others without a word: whoever writes blocks asks here first. Reasons: `amount_out_of_range` for money, else `value_out_of_range`.
 */
export function rowRefusal(row: object): Refusal | undefined {
  return partRefusal(row, "");
}

function partRefusal(part: object, at: string): Refusal | undefined {
  for (const [name, value] of Object.entries(part) as [string, unknown][]) {
    const refused = valueRefusal(name, value, at === "" ? name : `${at}.${name}`);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function valueRefusal(name: string, value: unknown, path: string): Refusal | undefined {
  if (typeof value === "number") return numberRefusal(name, value, path);
  if (name === "features" && isObject(value)) return featuresRefusal(value, path);
  if (!Array.isArray(value)) return undefined;
  for (const [index, item] of value.entries()) {
    const refused = isObject(item) ? partRefusal(item, `${path}[${index}]`) : undefined;
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function featuresRefusal(features: object, path: string): Refusal | undefined {
  const unfit = Object.entries(features).find(([, value]) => !Number.isFinite(value));
  if (unfit === undefined) return undefined;
  return refusal("value_out_of_range", `${path}.${unfit[0]}`, unfit[1], "a finite number");
}

function numberRefusal(name: string, value: number, path: string): Refusal | undefined {
  if (FLOATS.has(name)) {
    return Number.isFinite(value) ? undefined : refusal("value_out_of_range", path, value, "a finite number");
  }
  const [min, max] = isTime(name)
    ? [0, LATEST_MS - 1]
    : (BOUNDS.get(name) ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
  if (Number.isSafeInteger(value) && value >= min && value <= max) return undefined;
  const reason = name.endsWith("_minor") ? "amount_out_of_range" : "value_out_of_range";
  return refusal(reason, path, value, `an integer from ${min} to ${max}`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
