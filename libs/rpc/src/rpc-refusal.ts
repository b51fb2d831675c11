import { Metadata, status } from "@grpc/grpc-js";
import { printable, refusal, sayRefusal, type Refusal } from "@leastwise/vocabulary";

/** The gRPC codes that a handler may answer with, by name. */
const RPC_CODES = [
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "FAILED_PRECONDITION",
  "ABORTED",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "RESOURCE_EXHAUSTED",
  "UNAVAILABLE",
  "UNIMPLEMENTED",
  "DEADLINE_EXCEEDED",
  "CANCELLED",
  "INTERNAL",
] as const satisfies readonly (keyof typeof status)[];

/** One of them. */
export type RpcCode = (typeof RPC_CODES)[number];

const RPC_CODE_SET: ReadonlySet<string> = new Set(RPC_CODES);

/** Whether a code is one that a handler may answer with. */
export function isRpcCode(code: string): code is RpcCode {
  return RPC_CODE_SET.has(code);
}

/** A refusal on its way out of a gRPC door. */
export interface RpcRefusal {
  readonly code: RpcCode;
  readonly refusal: Refusal;
  /** One line for a person, where another process has said it already. Absent: what the refusal says. */
  readonly message?: string;
}

/** Longest status text: percent-encoded it stays far below a peer's limit on headers. */
const STATUS_TEXT_LENGTH_MAX = 512;

/** Trailing metadata that carries a refusal's parts, in printable ASCII. */
export const REASON_KEY = "leastwise-reason";
export const FIELD_KEY = "leastwise-field";
export const EXPECTED_KEY = "leastwise-expected";

/** The refusal under a code. */
export function refuse(code: RpcCode, refused: Refusal): RpcRefusal {
  return { code, refusal: refused };
}

/** What the caller sent is not what the contract asks for. */
export function invalidArgument(refused: Refusal): RpcRefusal {
  return refuse("INVALID_ARGUMENT", refused);
}

/** The caller has gone: nobody hears it, and the metrics say so. */
export function callerGone(): RpcRefusal {
  return refuse("CANCELLED", refusal("cancelled", "", "a cancelled call", "a caller that waits"));
}

/** A method that the contract has and this version does not. */
export function unimplemented(methodName: string): RpcRefusal {
  return refuse("UNIMPLEMENTED", refusal("unimplemented", methodName, "a call", "a method of this version"));
}

/** A status as grpc-js takes it. */
export interface RpcStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/**
 * The status of a refusal. Its text is well formed whatever went into it: grpc-js runs it through `encodeURI`, far from any
 * handler, and a lone surrogate there would end the process.
 */
export function statusOf({ code, refusal: refused, message }: RpcRefusal): RpcStatus {
  const metadata = new Metadata();
  metadata.set(REASON_KEY, ascii(refused.reason));
  metadata.set(FIELD_KEY, ascii(refused.field));
  metadata.set(EXPECTED_KEY, ascii(refused.expected));
  return { code: status[code], details: statusText(message ?? sayRefusal(refused)), metadata };
}

/** A text that is safe as the text of a status: printable, and no longer than headers can carry. */
export function statusText(text: string): string {
  return text.length <= STATUS_TEXT_LENGTH_MAX
    ? printable(text)
    : `${printable(text.slice(0, STATUS_TEXT_LENGTH_MAX - 1))}…`;
}

function ascii(text: string): string {
  return statusText(text).replace(/[^\x20-\x7e]/g, "?");
}
