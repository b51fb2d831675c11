import { nearestName } from "@leastwise/vocabulary";
import { typeInWords, type FieldType, type TextType } from "./expression-fields.js";
import type { Literal } from "./expression-kinds.js";

/** Which values there are instead, where a field is never that one; undefined where it may be. */
export function valuesInstead(type: FieldType, literal: Literal): string | undefined {
  if (type.kind === "text" && typeof literal === "string") return textsInstead(type, literal);
  if (type.kind !== "number" || (typeof literal !== "number" && typeof literal !== "bigint")) return undefined;
  const value = Number(literal);
  const { isWhole, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = type;
  const isThere = value >= least && value <= most && (!isWhole || Number.isInteger(value));
  return isThere ? undefined : typeInWords(type);
}

function textsInstead(type: TextType, text: string): string | undefined {
  const { values, form } = type;
  if (values !== undefined) return values.includes(text) ? undefined : perhaps(type, nearestName(text, values));
  if (form === undefined || form.pattern.test(text)) return undefined;
  const capitals = text.toUpperCase();
  return perhaps(type, form.pattern.test(capitals) ? capitals : undefined);
}

function perhaps(type: TextType, near: string | undefined): string {
  return near === undefined ? typeInWords(type) : `${typeInWords(type)}, perhaps ${JSON.stringify(near)}`;
}

/** True if no value that the field can have is on that side of the literal. */
export function isBeyond(type: FieldType, operator: string, literal: Literal): boolean {
  if (type.kind !== "number" || (typeof literal !== "number" && typeof literal !== "bigint")) return false;
  const value = Number(literal);
  const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = type;
  switch (operator) {
    case "<":
      return least >= value;
    case "<=":
      return least > value;
    case ">":
      return most <= value;
    case ">=":
      return most < value;
    default:
      return false;
  }
}

/** Arithmetic on literals, as the evaluator does it; undefined where it would fail, or there is nothing to reckon with. */
export function folded(operator: string, one: Literal | undefined, other: Literal | undefined): Literal | undefined {
  if (typeof one === "bigint" && typeof other === "bigint") return foldedWhole(operator, one, other);
  if (!isNumber(one) || !isNumber(other)) return undefined;
  const [a, b] = [Number(one), Number(other)];
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    default:
      return undefined;
  }
}

function foldedWhole(operator: string, a: bigint, b: bigint): bigint | undefined {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return b === 0n ? undefined : a / b;
    case "%":
      return b === 0n ? undefined : a % b;
    default:
      return undefined;
  }
}

function isNumber(literal: Literal | undefined): literal is number | bigint {
  return typeof literal === "number" || typeof literal === "bigint";
}

/** True for a literal that nothing can be divided by. */
export function isZero(literal: Literal | undefined): boolean {
  return isNumber(literal) && Number(literal) === 0;
}
