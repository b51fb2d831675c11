export { FragileLog, on, type Which } from "./log/fragile-log.js";
export type { Certificate } from "./broker/certificates.js";
export {
  type SecuredBroker,
  type SecuredBrokerOptions,
  startSecuredBroker,
  unsignedToken,
} from "./broker/secured-broker.js";
export { freePorts } from "./broker/free-ports.js";
export { kafkaJars } from "./broker/kafka-jars.js";
export { startBroker, type TestBroker } from "./broker/start-broker.js";
export { type ClusterNode, type ProxiedListener, startCluster, type TestCluster } from "./broker/start-cluster.js";
export { treeModel, type TreeModelOptions } from "./onnx/tree-model.js";
export { between, exponential, happens, oneOf, weighted, wholeNumber } from "./random/draws.js";
export { RandomStreams, type Xoshiro128 } from "./random/xoshiro128.js";
export { CartTracker, type CartQuestion, type CartSkip } from "./readers/cart.js";
export { csvRecords, type CsvRecord } from "./readers/csv-rows.js";
export { FORMATS, type Format, type FormatName } from "./readers/formats.js";
export {
  CLICKSTREAM_EVENTS_MAX,
  openClickstream,
  type Clickstream,
  type ClickstreamSource,
} from "./readers/open-clickstream.js";
export type { Account } from "./readers/reading-account.js";
export type { SegmentMapping } from "./readers/segment-ndjson.js";
export { UNKNOWN_PRODUCT_ID } from "./readers/source-event.js";
export { refusalOfReading } from "./readers/unreadable-file.js";
export { clickstreamShape, type ClickstreamShape, type ShapeEvent, type ShapeOptions } from "./clickstream-shape.js";
export { RegistryStandIn } from "./registry/registry-stand-in.js";
export { ASSORTMENTS, type AssortmentName } from "./storefront/assortment.js";
export { Storefront, type StorefrontOptions } from "./storefront/storefront.js";
export type { Tally } from "./storefront/shop-floor.js";
export type { Person } from "./storefront/shopper.js";
export type { DecideAnswer, DecideStep, EventStep, RedeemAnswer, RedeemStep, Step } from "./storefront/step.js";
export type { DecisionTruth, Truth, WantTruth } from "./storefront/truth.js";
