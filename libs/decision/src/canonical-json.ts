/**
 * JSON with the keys of every object in code-unit order, nothing undefined and no spaces: equal values give equal text.
 * Numbers that JSON has not (NaN, the infinities) become null, as does what is undefined in a list.
 *
 * @throws TypeError for what JSON has no form for: a bigint, a symbol, a function, or undefined by itself
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value === 0 ? 0 : value) : "null";
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? listJson(value) : objectJson(value as Readonly<Record<string, unknown>>);
    default:
      throw new TypeError(`a ${typeof value} has no form in JSON`);
  }
}

function listJson(list: readonly unknown[]): string {
  let text = "[";
  for (let place = 0; place < list.length; place += 1) {
    if (place > 0) text += ",";
    text += list[place] === undefined ? "null" : canonicalJson(list[place]);
  }
  return `${text}]`;
}

function objectJson(object: Readonly<Record<string, unknown>>): string {
  let text = "{";
  for (const key of Object.keys(object).sort()) {
    const value = object[key];
    if (value === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${JSON.stringify(key)}:${canonicalJson(value)}`;
  }
  return `${text}}`;
}
