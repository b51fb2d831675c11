import { readSegmentCall } from "@leastwise/collector";
import type { SegmentMapping } from "@leastwise/testkit";
import { err, ok, type CurrencyCode, type Millis } from "@leastwise/vocabulary";

/** Reads messages of a Segment file as the collector's own door does, each as if it had arrived when it was sent. */
export function segmentReader(homeCurrency: CurrencyCode): SegmentMapping {
  return (message) => {
    const receivedAtMs = Date.parse(textOf(message, "receivedAt") ?? textOf(message, "timestamp") ?? "");
    const context = { at: "", receivedAtMs: receivedAtMs as Millis, batchSentAt: undefined, homeCurrency };
    const incoming = readSegmentCall(message, textOf(message, "type") ?? "", context);
    return incoming.kind === "read" ? ok([incoming.event]) : err(incoming.refusal);
  };
}

function textOf(message: unknown, name: string): string | undefined {
  const value: unknown = typeof message === "object" && message !== null ? Reflect.get(message, name) : undefined;
  return typeof value === "string" ? value : undefined;
}
