/**
 * JSON with the keys of every object in code-unit order, nothing undefined and no spaces: equal values give equal text.
 * Numbers that JSON has not (NaN, the infinities) become null.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
