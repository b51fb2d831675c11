/** A property of whatever was thrown; undefined if it has none of that name. Errors of another realm are no `Error` here. */
export function property(thrown: unknown, name: string): unknown {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const value: unknown = Reflect.get(thrown, name);
  return value;
}

/** What whatever was thrown says, in words. */
export function messageOf(thrown: unknown): string {
  const message = property(thrown, "message");
  return typeof message === "string" ? message : String(thrown);
}
