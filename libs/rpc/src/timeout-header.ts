import { Metadata } from "@grpc/grpc-js";

/** The longest delay that a timer of Node takes, ms: 24.8 days. Beyond it a timer fires at once. */
export const TIMER_MAX_MS = 2_147_483_647;

/** The same in whole seconds, as a header of at most 8 digits has it. */
const LONGEST_HEADER = "2147483S";

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["H", 3_600_000],
  ["M", 60_000],
  ["S", 1_000],
  ["m", 1],
  ["u", 0.001],
  ["n", 0.000001],
]);

/**
 * The `grpc-timeout` header that grpc-js can work with: one that asks for more than {@link TIMER_MAX_MS} becomes the longest
 * that fits. Anything else, malformed or not, is left to grpc-js.
 */
export function clampTimeoutHeader(header: string): string {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  if (digits === undefined || unit === undefined) return header;
  return Number(digits) * (UNIT_MS.get(unit) ?? 0) > TIMER_MAX_MS ? LONGEST_HEADER : header;
}

let guarded = false;

/**
 * Makes every grpc-js server of this process clamp the deadlines that it is given. grpc-js 1.14.7 reads `grpc-timeout` with
 * `| 0` (server-interceptors.js, handleTimeoutHeader), so that a deadline of over 24.8 days wraps to one in the past
 * or at random, and the call is refused at once. It does so before any interceptor runs; the one public place that
 * the header passes before is `Metadata.fromHttp2Headers`. Idempotent.
 */
export function guardTimeoutHeader(): void {
  if (guarded) return;
  guarded = true;
  const read = Metadata.fromHttp2Headers.bind(Metadata);
  Metadata.fromHttp2Headers = (headers) => {
    const timeout = headers["grpc-timeout"];
    if (typeof timeout !== "string") return read(headers);
    return read({ ...headers, "grpc-timeout": clampTimeoutHeader(timeout) });
  };
}
