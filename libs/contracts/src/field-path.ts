/** Path of a field inside a message that itself stands at `at`; the empty path is the request. */
export function within(at: string, field: string): string {
  return at === "" ? field : `${at}.${field}`;
}
