import { Metadata } from "@grpc/grpc-js";
import type { CallContext } from "./handlers.js";

/** Metadata that says how often a call was passed on between our own processes: absent for a caller's own, else `1`. */
export const HOPS_KEY = "leastwise-hops";

/** W3C Trace Context: what has to go along for the parts of a trace to find each other. */
const TRACE_KEYS = ["traceparent", "tracestate"] as const;

/** Whether another process of ours has passed this call on. Whatever stands under the key means yes: a loop is worse than a hop less. */
export function hasHopped({ metadata }: Pick<CallContext, "metadata">): boolean {
  return metadata.get(HOPS_KEY).length > 0;
}

/** The caller's place in a trace, W3C Trace Context; undefined where it sent none, or what is none. */
export function traceparentOf({ metadata }: Pick<CallContext, "metadata">): string | undefined {
  const [sent] = metadata.get("traceparent");
  return typeof sent === "string" && isTraceparent(sent) ? sent : undefined;
}

/** Whether a text says a place in a trace: version, trace, span and flags, of any version that is not forbidden. */
export function isTraceparent(text: string): boolean {
  return TRACEPARENT.test(text);
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** What goes along with a call that is passed on: that it was, and the caller's trace. Nothing else of the caller's does. */
export function hopMetadata({ metadata }: Pick<CallContext, "metadata">): Metadata {
  const hop = new Metadata();
  hop.set(HOPS_KEY, "1");
  for (const key of TRACE_KEYS) {
    for (const value of metadata.get(key)) hop.add(key, value);
  }
  return hop;
}
