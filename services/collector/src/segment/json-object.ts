/** What `JSON.parse` gives for `{…}`. Only known names are read from it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object; undefined for anything else. */
export function objectOf(value: unknown): JsonObject | undefined {
  return isObject(value) ? value : undefined;
}

/** The first of the named values that says something, as text; ids often come as numbers. Empty if none does. */
export function textOf(object: JsonObject | undefined, ...names: readonly string[]): string {
  for (const name of names) {
    const value = object?.[name];
    if (typeof value === "string" && value !== "") return value;
    if (typeof value === "number" && Number.isFinite(value)) return String(value);
  }
  return "";
}

/** The value as a list; empty for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
