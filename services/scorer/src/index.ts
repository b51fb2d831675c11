export { ClickstreamSight, type ClickstreamSightOptions } from "./clickstream-sight.js";
export { ClockBehind, type ClockBehindOptions } from "./clock-behind.js";
export { readDecide, type DecideCall } from "./decide-request.js";
export { catalogueDigest, featureVector, type Lags } from "./decision-input.js";
export { Decider, type DeciderOptions } from "./decider.js";
export { decisionService, restoringDecisionService, type RestoringOptions } from "./decision-service.js";
export { FeedMetrics, type FeedMetricsOptions } from "./feed-metrics.js";
export { OWNERS_GROUP, Owners, type OwnedState, type OwnersOptions } from "./owners/owners.js";
export { decidedAgain, type DecidedAgain, type DecidingWith } from "./decided-again.js";
export { recordedFacts } from "./recorded-facts.js";
export { explained, RecentDecisions } from "./recent-decisions.js";
export type { Holding, Role } from "./holding.js";
export { WindowsFeed, type WindowsFeedOptions } from "./windows-feed.js";
export { CheckpointKeeper, type CheckpointKeeperOptions } from "./checkpoint/checkpoint-keeper.js";
export { openCheckpointFiles } from "./checkpoint/checkpoint-files.js";
export { openCheckpointTopics } from "./checkpoint/checkpoint-topics.js";
export { serveIngestThread, type ThreadOpening } from "./ingest/serve-thread.js";
export type { ThreadData } from "./ingest/thread-messages.js";
export type { CheckpointStore } from "./checkpoint/store.js";
export type { CheckpointOptions } from "./ingest/ingest.js";
export { IngestThreads, type ThreadOptions } from "./ingest/ingest-threads.js";
export { OrderBook } from "./ingest/order-book.js";
export type { PartitionMap, PartitionOwner } from "./routing/partition-map.js";
export {
  routedDecisionService,
  type RoutedDecider,
  type RoutedDecisionOptions,
} from "./routing/routed-decision-service.js";
export { routedOfferService, type RoutedOfferOptions } from "./routing/routed-offer-service.js";
export { restoringDecider } from "./routing/restoring-decider.js";
export { Router, type RouterOptions } from "./routing/router.js";
export { routingService } from "./routing/routing-service.js";
