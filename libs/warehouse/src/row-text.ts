/**
 * A row as one line of JSONEachRow. Times become seconds with three decimals, the one spelling of a DateTime64 that does not
 * depend on a setting; lists of objects become one list a nested column; bigints become decimal text.
 */
export function rowText(row: object): string {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row) as [string, unknown][]) {
    // An empty list of objects does not say which columns it is of; a list that is not given is empty.
    if (Array.isArray(value) && value.length === 0) continue;
    if (isTime(name) && typeof value === "number") fields[name] = seconds(value);
    else if (isObjects(value)) Object.assign(fields, columnsOf(name, value));
    else fields[name] = value;
  }
  return `${JSON.stringify(fields, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))}\n`;
}

/** Columns of that name are times, in Unix milliseconds. */
export function isTime(name: string): boolean {
  return name === "at" || name.endsWith("_at");
}

/** Ten digits before the point, always: the engine takes fewer than five for the beginning of a date. */
function seconds(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError(`no time in Unix milliseconds: ${ms}`);
  const whole = String(Math.floor(ms / 1_000)).padStart(10, "0");
  return `${whole}.${String(ms % 1_000).padStart(3, "0")}`;
}

function isObjects(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && typeof value[0] === "object" && value[0] !== null;
}

function columnsOf(name: string, items: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown[]> {
  const keys = Object.keys(items[0] ?? {});
  return Object.fromEntries(keys.map((key) => [`${name}.${key}`, items.map((item) => item[key])]));
}
