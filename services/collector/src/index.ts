export {
  BATCH_EVENTS_MAX,
  type Collector,
  type CollectorOptions,
  createCollector,
  type RecordOutcome,
  WAITING_EVENTS_MAX,
} from "./collector.js";
export { type CollectorMetrics, NO_METRICS } from "./collector-metrics.js";
export { collectorService } from "./collector-service.js";
export { RAW_GROUP, type RawIntakeOptions, startRawIntake } from "./raw/raw-intake.js";
export { catalogService } from "./references/catalog-service.js";
export { DeviceBundles } from "./references/device-bundles.js";
export { modelService } from "./references/model-service.js";
export { policyService, problemsOf } from "./references/policy-service.js";
export { subjectService } from "./references/subject-service.js";
export { type Incoming, readAs, unread } from "./steps/step.js";
export { BODY_BYTES_MAX, type HttpDoor, type HttpDoorOptions, type HttpEnd, openHttpDoor } from "./http/http-door.js";
export { problemOf, PROBLEM_TYPE, type Problem } from "./http/problem.js";
export { readSegmentCall, type SegmentCallContext } from "./segment/segment-call.js";
