import type { Logger } from "pino";
import { Registry, collectDefaultMetrics } from "prom-client";
import { watchEventLoopDelay } from "./event-loop-delay.js";
import { createLogger, type LoggerOptions } from "./logger.js";
import { createMetrics, type Metrics } from "./metrics.js";

/** What a process says of itself. One object a process, handed to every service in it. */
export interface Telemetry {
  /** The catalogue, to count with. */
  readonly metrics: Metrics;
  /** The process's logger; services take children of it. */
  readonly logger: Logger;
  /** The metrics page, in Prometheus' text format. */
  render(): Promise<string>;
  /** Content type of {@link render}'s text. */
  readonly contentType: string;
  /** Stops watching the event loop. Idempotent; counting and logging go on working. */
  close(): void;
}

/** Makes a process's telemetry, on a registry of its own, with Prometheus' usual process and Node.js metrics beside the catalogue. */
export function createTelemetry(options: LoggerOptions): Telemetry {
  const registry = new Registry();
  const metrics = createMetrics(registry);
  const { service, version } = options;
  collectDefaultMetrics({ register: registry });
  metrics.buildInfo.with({ service, version, node: process.versions.node }).set(1);
  const eventLoopDelay = watchEventLoopDelay(metrics);
  return {
    metrics,
    logger: createLogger(options),
    contentType: registry.contentType,
    render() {
      eventLoopDelay.refresh();
      return registry.metrics();
    },
    close() {
      eventLoopDelay.stop();
    },
  };
}
