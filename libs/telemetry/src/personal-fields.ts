/** What stands in a line of the log where a raw id stood. */
export const HIDDEN = "[hidden]";

/** Fields that are never printed, compared in lower case and without `_`, `-`: `userId`, `user_id` and `User-ID` are one. */
const PERSONAL_FIELDS: ReadonlySet<string> = new Set([
  "anonymousid",
  "userid",
  "previousid",
  "ip",
  "ipaddress",
  "remoteaddress",
  "xforwardedfor",
  "email",
  "phone",
]);

/** Spellings that pino's own redaction is told of, for what its serialisers make of requests and errors. */
export const PERSONAL_FIELD_SPELLINGS = [
  "anonymous_id",
  "anonymousId",
  "user_id",
  "userId",
  "previousId",
  "ip",
  "remoteAddress",
  "email",
  "phone",
] as const;

/** Deeper than this a value is shown as `[deep]`: a line of the log is for people. */
const DEPTH_MAX = 8;

/**
 * A copy of what is to be logged, at every depth without personal fields. Errors are left to their serialiser; a circle
 * shows as `[circle]`.
 */
export function hidePersonalFields(fields: object): Record<string, unknown> {
  return hideInEntries(Object.entries(fields), new Set([fields]), 1);
}

function hideInEntries(
  entries: Iterable<readonly [string, unknown]>,
  above: ReadonlySet<object>,
  depth: number,
): Record<string, unknown> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    shown[name] = isPersonal(name) ? HIDDEN : hideInValue(value, above, depth);
  }
  return shown;
}

function hideInValue(value: unknown, above: ReadonlySet<object>, depth: number): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null || value instanceof Error || value instanceof Date) return value;
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (above.has(value)) return "[circle]";
  if (depth >= DEPTH_MAX) return "[deep]";
  const within = new Set(above).add(value);
  if (Array.isArray(value)) return value.map((item) => hideInValue(item, within, depth + 1));
  if (value instanceof Map)
    return hideInEntries(
      [...value].map(([k, v]) => [String(k), v] as const),
      within,
      depth + 1,
    );
  if (isPlain(value)) return hideInEntries(Object.entries(value), within, depth + 1);
  return value;
}

/** Objects of a class (a request, a socket) have serialisers of their own, and may be vast: they are not walked. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isPersonal(name: string): boolean {
  return PERSONAL_FIELDS.has(name.toLowerCase().replace(/[_-]/g, ""));
}
