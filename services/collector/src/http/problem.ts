import { sayRefusal, type Refusal } from "@leastwise/vocabulary";

/** Media type of a refusal (RFC 9457). */
export const PROBLEM_TYPE = "application/problem+json";

/** A refusal as a problem body (RFC 9457), with the refusal's parts as its extension members. */
export interface Problem {
  /** Names the reason; there is nothing to be fetched. */
  readonly type: string;
  /** The reason in words. */
  readonly title: string;
  readonly status: number;
  /** One line for a person. */
  readonly detail: string;
  readonly reason: string;
  readonly field: string;
  readonly came: string;
  readonly expected: string;
}

const STATUS: Readonly<Record<string, number>> = {
  write_key_missing: 401,
  write_key_unknown: 401,
  not_found: 404,
  no_policy: 404,
  no_device_policy: 404,
  bundle_key_missing: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  body_too_large: 413,
  unsupported_media_type: 415,
  overloaded: 429,
  headers_too_large: 431,
  internal: 500,
  log_unavailable: 503,
  draining: 503,
  disk_full: 507,
};

/** The problem body of a refusal. What is not named is the sender's fault: 400. */
export function problemOf(refused: Refusal): Problem {
  const { reason, field, came, expected } = refused;
  return {
    type: `urn:leastwise:problem:${reason}`,
    title: reason.replaceAll("_", " "),
    status: STATUS[reason] ?? 400,
    detail: sayRefusal(refused),
    reason,
    field,
    came,
    expected,
  };
}

/** Seconds after which the same request may be tried again; undefined where that would not help. */
export function retryAfterSeconds({ status }: Problem): number | undefined {
  return status === 429 || status === 503 ? 1 : undefined;
}
