import type { CollectorMetrics, HttpDoorOptions } from "@leastwise/collector";
import type { CallHooks } from "@leastwise/rpc";
import type { Telemetry } from "@leastwise/telemetry";

/** Counts gRPC calls, and logs defects. */
export function rpcHooks({ metrics, logger }: Telemetry): CallHooks {
  return {
    onCall: ({ method: path, code, durationMs }) => {
      const [, service = "", method = ""] = path.split("/");
      metrics.rpcRequests.with({ service, method, code }).add();
      metrics.rpcDuration.with({ service, method }).observe(durationMs / 1_000);
    },
    onDefect: (error, reference, method) => {
      logger.error({ err: error, reference, method }, "a call ended with a defect of ours");
    },
  };
}

/** Counts HTTP requests, and logs defects. */
export function httpHooks({ metrics, logger }: Telemetry): Pick<HttpDoorOptions, "onRequest" | "onDefect"> {
  return {
    onRequest: ({ route, method, status, durationMs }) => {
      const door = "collector";
      metrics.httpRequests.with({ door, route, method, code: `${Math.floor(status / 100)}xx` }).add();
      metrics.httpDuration.with({ door, route }).observe(durationMs / 1_000);
    },
    onDefect: (error, reference) => {
      logger.error({ err: error, reference }, "a request ended with a defect of ours");
    },
  };
}

/** Counts what the collector takes and refuses. */
export function collectorMetrics({ metrics }: Telemetry): CollectorMetrics {
  return {
    accepted: (kind, source) => {
      metrics.eventsAccepted.with({ kind, source }).add();
    },
    refused: (reason) => {
      metrics.eventsRefused.with({ reason }).add();
    },
    deadLettered: (reason) => {
      metrics.deadLetters.with({ reason }).add();
    },
    withoutId: () => {
      metrics.eventsWithoutId.with({}).add();
    },
  };
}
