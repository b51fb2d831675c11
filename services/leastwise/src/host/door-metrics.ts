import { RAW_GROUP, type CollectorMetrics, type HttpDoorOptions, type RawIntakeOptions } from "@leastwise/collector";
import { TOPICS } from "@leastwise/contracts";
import type { CallHooks } from "@leastwise/rpc";
import type { Telemetry } from "@leastwise/telemetry";

/**
 * Counts gRPC calls, and logs defects.
 *
 * @param marginMs how long before its deadline an answer is to leave
 */
export function rpcHooks({ metrics, logger }: Telemetry, marginMs: number): CallHooks {
  return {
    onCall: ({ method: path, code, durationMs, leftMs }) => {
      const [, service = "", method = ""] = path.split("/");
      metrics.rpcRequests.with({ service, method, code }).add();
      metrics.rpcDuration.with({ service, method }).observe(durationMs / 1_000);
      if (leftMs !== undefined && leftMs < marginMs) metrics.rpcNearDeadline.with({ service, method }).add();
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

/** Counts what is taken in of what others wrote, and how much of it waits; says when the log does not take it. */
export function rawHooks({ metrics, logger }: Telemetry): Pick<RawIntakeOptions, "onBatch" | "onRetry"> {
  const labels = { consumer: RAW_GROUP, topic: TOPICS.clickstreamRaw };
  return {
    onBatch: ({ taken, setAside, behind, tookMs }) => {
      metrics.consumerRecords.with({ ...labels, outcome: "ok" }).add(taken);
      if (setAside > 0) metrics.consumerRecords.with({ ...labels, outcome: "dead_letter" }).add(setAside);
      metrics.consumerBatchDuration.with(labels).observe(tookMs / 1_000);
      metrics.consumerLagRecords.with(labels).set(behind);
    },
    onRetry: ({ code }) => {
      metrics.logAppendFailures.with({ topic: TOPICS.clickstream, code }).add();
      logger.warn({ code }, "events of clickstream.raw wait: the log does not take them");
    },
  };
}
