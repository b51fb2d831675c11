export { Decider, type DeciderOptions } from "./decider.js";
export { decisionService, restoringDecisionService } from "./decision-service.js";
export { FeedMetrics, type FeedMetricsOptions } from "./feed-metrics.js";
export { RecentDecisions } from "./recent-decisions.js";
export { WindowsFeed, type WindowsFeedOptions } from "./windows-feed.js";
