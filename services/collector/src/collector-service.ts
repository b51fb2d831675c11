import { wire } from "@leastwise/contracts";
import { defineService, refuse, traceparentOf, type CallContext, type RpcCode, type RpcService } from "@leastwise/rpc";
import { err, ok, type Refusal, type Result } from "@leastwise/vocabulary";
import type { RpcRefusal } from "@leastwise/rpc";
import type { Collector } from "./collector.js";

const CODES: Readonly<Record<string, RpcCode>> = {
  batch_empty: "INVALID_ARGUMENT",
  batch_too_large: "INVALID_ARGUMENT",
  disk_full: "RESOURCE_EXHAUSTED",
  overloaded: "RESOURCE_EXHAUSTED",
  log_unavailable: "UNAVAILABLE",
  draining: "UNAVAILABLE",
};

/** The gRPC door of a collector. */
export function collectorService(collector: Collector): RpcService {
  const record = async (
    { events }: wire.RecordRequest,
    context: CallContext,
  ): Promise<Result<wire.RecordResponse, RpcRefusal>> => {
    const outcome = await collector.record(events, "grpc", traceparentOf(context));
    return outcome.ok ? ok(outcome.value) : err(refuse(codeOf(outcome.error), outcome.error));
  };
  return defineService(wire.CollectorServiceService, { record, recordStream: record });
}

function codeOf({ reason }: Refusal): RpcCode {
  return CODES[reason] ?? "INTERNAL";
}
