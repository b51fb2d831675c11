export type { Logger } from "pino";
export * from "./catalogue.js";
export * from "./label-sets.js";
export { LOG_LEVELS, type LogLevel, type LoggerOptions } from "./logger.js";
export type { CounterSeries, GaugeSeries, HistogramSeries, LabelValues, Metric, Metrics } from "./metrics.js";
export * from "./ops-door.js";
export { Seldom } from "./seldom.js";
export * from "./telemetry.js";
