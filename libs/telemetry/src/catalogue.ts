import { APPEND_SECONDS, BATCH_SECONDS, FRESHNESS_SECONDS, RPC_SECONDS } from "./buckets.js";
import {
  CONSUMER_OUTCOMES,
  COUNTERFEIT_REASONS,
  DECISION_OUTCOMES,
  DEGRADED_REASONS,
  CUSTOM_MODEL_OUTCOMES,
  FAILED_DRAW_OUTCOMES,
  FORWARD_OUTCOMES,
  FORWARDED_METHODS,
  DEPTH_BAND_NAMES,
  EVENT_KINDS,
  EVENT_LOOP_FIGURES,
  HTTP_CODES,
  HTTP_DOORS,
  HTTP_METHODS,
  INCENTIVE_KINDS,
  MONEY_MOVEMENTS,
  OFFER_LIFE_EVENTS,
  OFFER_TOKEN_OUTCOMES,
  RPC_CODES,
  RPC_METHOD_NAMES,
  RPC_SERVICES,
  CHECKPOINT_OUTCOMES,
  FORGOTTEN_REASONS,
  WINDOW_VERDICTS,
  closed,
  open,
  type LabelBound,
} from "./label-sets.js";

/** The labels of a metric, each with its bound. */
export type Labels = Readonly<Record<string, LabelBound>>;

/** What a metric is. Names carry the unit last (Prometheus naming practice); a counter ends in `_total`. */
export type MetricSpec =
  | { readonly type: "counter"; readonly name: string; readonly help: string; readonly labels: Labels }
  | { readonly type: "gauge"; readonly name: string; readonly help: string; readonly labels: Labels }
  | {
      readonly type: "histogram";
      readonly name: string;
      readonly help: string;
      readonly labels: Labels;
      /** Upper bounds of the buckets, in the metric's unit, rising. */
      readonly buckets: readonly number[];
    };

const TOPIC = open(32, "a topic of the log");
const CONSUMER = open(32, "the consumer's name, for example `scorer-windows`");
const REASON = open(64, "a stable reason token, as in the refusal that the caller got");
const TABLE = open(32, "a table of the warehouse");
const CURRENCY = open(16, "an ISO 4217 code");
const RPC = { service: closed(RPC_SERVICES), method: closed(RPC_METHOD_NAMES) };
const HTTP = { door: closed(HTTP_DOORS), route: open(48, "a route's pattern, never a path as it came") };

/**
 * Every metric of the project, by the member that callers ask for. There is no other way to a series, so that a
 * dashboard that names only what stands here cannot be wrong.
 */
export const CATALOGUE = {
  rpcRequests: {
    type: "counter",
    name: "leastwise_rpc_requests_total",
    help: "gRPC calls answered, by status code. A degraded Decide is OK here: see leastwise_degraded_total.",
    labels: { ...RPC, code: closed(RPC_CODES) },
  },
  rpcDuration: {
    type: "histogram",
    name: "leastwise_rpc_duration_seconds",
    help: "Time from a gRPC call's arrival to its answer; for a stream, to its end.",
    labels: RPC,
    buckets: RPC_SECONDS,
  },
  rpcNearDeadline: {
    type: "counter",
    name: "leastwise_rpc_near_deadline_total",
    help: "Calls that were answered later than rpc.deadline_margin_ms before their deadline: the caller may have had no answer.",
    labels: RPC,
  },
  forwardedCalls: {
    type: "counter",
    name: "leastwise_forwarded_calls_total",
    help: "Calls passed on to the scorer that owns their subject, by what became of them. A batch counts once for each owner.",
    labels: { method: closed(FORWARDED_METHODS), outcome: closed(FORWARD_OUTCOMES) },
  },
  hopDuration: {
    type: "histogram",
    name: "leastwise_hop_duration_seconds",
    help: "Time from passing a call on to its answer, or to giving it up.",
    labels: { method: closed(FORWARDED_METHODS) },
    buckets: RPC_SECONDS,
  },
  httpRequests: {
    type: "counter",
    name: "leastwise_http_requests_total",
    help: "HTTP requests answered, by class of status.",
    labels: { ...HTTP, method: closed(HTTP_METHODS), code: closed(HTTP_CODES) },
  },
  httpDuration: {
    type: "histogram",
    name: "leastwise_http_duration_seconds",
    help: "Time from an HTTP request's arrival to the end of its answer.",
    labels: HTTP,
    buckets: RPC_SECONDS,
  },

  consumerRecords: {
    type: "counter",
    name: "leastwise_consumer_records_total",
    help: "Records that a consumer took from the log, by what became of them.",
    labels: { consumer: CONSUMER, topic: TOPIC, outcome: closed(CONSUMER_OUTCOMES) },
  },
  consumerBatchDuration: {
    type: "histogram",
    name: "leastwise_consumer_batch_duration_seconds",
    help: "Time a consumer needs for one batch of records.",
    labels: { consumer: CONSUMER, topic: TOPIC },
    buckets: BATCH_SECONDS,
  },
  consumerLagSeconds: {
    type: "gauge",
    name: "leastwise_consumer_lag_seconds",
    help: "Age of the oldest record that the consumer has not applied yet, over its partitions; 0 if there is none.",
    labels: { consumer: CONSUMER, topic: TOPIC },
  },
  consumerLagRecords: {
    type: "gauge",
    name: "leastwise_consumer_lag_records",
    help: "Records that the consumer has not applied yet, over its partitions.",
    labels: { consumer: CONSUMER, topic: TOPIC },
  },
  clockBehindLog: {
    type: "gauge",
    name: "leastwise_clock_behind_log_seconds",
    help: "How far a scorer's clock is behind the newest record that it has read of `clickstream` and `decisions`; 0 if it is not. Clocks that keep time differ by less than a few seconds. By the clock of the log (`clock: event`) it is not measured.",
    labels: {},
  },
  freshness: {
    type: "histogram",
    name: "leastwise_freshness_seconds",
    help: "Time from the collector's stamp of an event to the moment its features can be used by a decision.",
    labels: {},
    buckets: FRESHNESS_SECONDS,
  },
  logAppendDuration: {
    type: "histogram",
    name: "leastwise_log_append_duration_seconds",
    help: "Time from asking the log to append to its word that the records are durable.",
    labels: { topic: TOPIC },
    buckets: APPEND_SECONDS,
  },
  logAppendFailures: {
    type: "counter",
    name: "leastwise_log_append_failures_total",
    help: "Appends that the log did not acknowledge, by its error code.",
    labels: { topic: TOPIC, code: open(16, "an error code of the log's port") },
  },

  eventsAccepted: {
    type: "counter",
    name: "leastwise_events_accepted_total",
    help: "Events that are durable in the log, by kind and by the door or file format that they came through.",
    labels: { kind: closed(EVENT_KINDS), source: open(16, "a door (`http`, `grpc`, `segment`) or a file format") },
  },
  eventsRefused: {
    type: "counter",
    name: "leastwise_events_refused_total",
    help: "Events that the collector did not take, by the reason that the caller got.",
    labels: { reason: REASON },
  },
  eventsWithoutId: {
    type: "counter",
    name: "leastwise_events_without_id_total",
    help: "Events taken without an id, which therefore no repetition can be told from.",
    labels: {},
  },
  linksForgotten: {
    type: "counter",
    name: "leastwise_links_forgotten_total",
    help: "Logins that a full memory had to forget: that browser is its own shopper until it logs in again.",
    labels: {},
  },
  windowVerdicts: {
    type: "counter",
    name: "leastwise_window_verdicts_total",
    help: "What the windows said of each event read from the log.",
    labels: { verdict: closed(WINDOW_VERDICTS) },
  },
  deadLetters: {
    type: "counter",
    name: "leastwise_dead_letters_total",
    help: "Records put aside because they cannot be used as they are, by reason.",
    labels: { reason: REASON },
  },
  dedupOverflow: {
    type: "counter",
    name: "leastwise_dedup_overflow_total",
    help: "Event ids forgotten within 24 hours because their subject sent too many: a repetition of one counts twice.",
    labels: {},
  },
  subjects: {
    type: "gauge",
    name: "leastwise_window_subjects",
    help: "Subjects whose windows this process holds.",
    labels: {},
  },
  windowBytes: {
    type: "gauge",
    name: "leastwise_window_bytes",
    help: "Memory that the windows of all subjects and their index take, free blocks included.",
    labels: {},
  },
  subjectsForgotten: {
    type: "counter",
    name: "leastwise_window_subjects_forgotten_total",
    help: "Subjects whose windows were forgotten: silent for 180 days, or the longest silent of too many, or without room at all.",
    labels: { reason: closed(FORGOTTEN_REASONS) },
  },
  checkpoints: {
    type: "counter",
    name: "leastwise_checkpoints_total",
    help: "Checkpoints of a partition's windows, by how writing them ended, and those that a start could not use (`refused`). A failed or refused one makes a restart slower, nothing else.",
    labels: { outcome: closed(CHECKPOINT_OUTCOMES) },
  },
  removedUnread: {
    type: "counter",
    name: "leastwise_records_removed_unread_total",
    help: "Records that retention removed from the log before the consumer had taken them in: what it counts stays too low for as long.",
    labels: { consumer: CONSUMER, topic: TOPIC },
  },
  ownedPartitions: {
    type: "gauge",
    name: "leastwise_owned_partitions",
    help: "Partitions of shoppers that this process owns, and those that it keeps warm for an owner elsewhere.",
    labels: { role: closed(["owned", "standby"]) },
  },
  takeoverDuration: {
    type: "histogram",
    name: "leastwise_takeover_duration_seconds",
    help: "Time from the group's word that partitions are this process's to its own that it is ready for them.",
    labels: {},
    buckets: BATCH_SECONDS,
  },

  decisions: {
    type: "counter",
    name: "leastwise_decisions_total",
    help: "Decisions made, by the incentive chosen, its depth in the cart, and what the shopper was given.",
    labels: {
      incentive: closed(INCENTIVE_KINDS),
      depth: closed(DEPTH_BAND_NAMES),
      outcome: closed(DECISION_OUTCOMES),
    },
  },
  degraded: {
    type: "counter",
    name: "leastwise_degraded_total",
    help: "Decisions that were the safe answer because something was missing, by reason.",
    labels: { reason: closed(DEGRADED_REASONS) },
  },
  failedDraws: {
    type: "counter",
    name: "leastwise_failed_draws_total",
    help: "Decisions whose record did not get onto the log after the draw: recorded later as failed, or dropped for want of room.",
    labels: { outcome: closed(FAILED_DRAW_OUTCOMES) },
  },
  guardrailHits: {
    type: "counter",
    name: "leastwise_guardrail_hits_total",
    help: "Rungs that a guardrail took out of a decision.",
    labels: { guardrail: open(32, "the guardrail's stable reason, as in `blocked_by` of a decision record") },
  },
  stoppedCampaigns: {
    type: "gauge",
    name: "leastwise_stopped_campaigns",
    help: "Campaigns that give nothing new, since their realised margin has left the band of their breaker, as of the newest decision.",
    labels: {},
  },
  exploration: {
    type: "counter",
    name: "leastwise_explorations_total",
    help: "Draws over admissible rungs: `exploit` if the best one came out, `explore` if another did.",
    labels: { draw: closed(["exploit", "explore"]) },
  },
  holdoutLeaks: {
    type: "counter",
    name: "leastwise_holdout_leaks_total",
    help: "Decision records that grant an incentive to a subject enrolled in the holdout. Never above 0.",
    labels: { experiment: open(32, "an experiment of the policy") },
  },
  policyApplied: {
    type: "gauge",
    name: "leastwise_policy_applied_timestamp_seconds",
    help: "When the policy in force was applied, in Unix seconds; 0 while there is none.",
    labels: {},
  },
  policySightAge: {
    type: "gauge",
    name: "leastwise_policy_sight_age_seconds",
    help: "How long ago a scorer or collector last knew all that stands on the topic `policy`. Beyond `scorer.policy_unseen_ms` a scorer grants nothing new, and a collector takes no yes to an exchange of consent.",
    labels: {},
  },
  modelApplied: {
    type: "gauge",
    name: "leastwise_model_applied_timestamp_seconds",
    help: "When the response model in force was applied, in Unix seconds; 0 while the priors are in force.",
    labels: {},
  },
  unusableModels: {
    type: "gauge",
    name: "leastwise_unusable_models",
    help: "Versions on the topic `models`, newer than the model in force, that this process cannot use: the one in force stays.",
    labels: {},
  },

  customModel: {
    type: "counter",
    name: "leastwise_custom_model_total",
    help: "Questions to the custom part of the response model, by what came of them. Where it did not answer, the parametric part decided.",
    labels: { outcome: closed(CUSTOM_MODEL_OUTCOMES) },
  },

  offerTokens: {
    type: "counter",
    name: "leastwise_offer_tokens_total",
    help: "Tokens of offers that came with Decide, by what came of them. One that was not read is as none.",
    labels: { outcome: closed(OFFER_TOKEN_OUTCOMES) },
  },
  offers: {
    type: "counter",
    name: "leastwise_offers_total",
    help: "Steps in the life of offers.",
    labels: { event: closed(OFFER_LIFE_EVENTS) },
  },
  offerRefusals: {
    type: "counter",
    name: "leastwise_offer_refusals_total",
    help: "Calls about an offer that were refused, by method and by the reason that the caller got.",
    labels: {
      method: closed(["Validate", "Reserve", "Redeem", "Release", "Refund", "Get", "BestStack"]),
      reason: REASON,
    },
  },
  counterfeitStacks: {
    type: "counter",
    name: "leastwise_counterfeit_stacks_total",
    help: "Stacks of offers that were refused, since one of them is not what it says: a code of somebody else, used, over or with other terms, or offers that cannot go together.",
    labels: { method: closed(["Decide", "BestStack"]), reason: closed(COUNTERFEIT_REASONS) },
  },
  money: {
    type: "counter",
    name: "leastwise_money_minor_units_total",
    help: "Money of incentives, in minor units of its currency, by where it went.",
    labels: { movement: closed(MONEY_MOVEMENTS), currency: CURRENCY },
  },

  recorderRows: {
    type: "counter",
    name: "leastwise_recorder_rows_total",
    help: "Rows that the warehouse acknowledged.",
    labels: { table: TABLE },
  },
  recorderInsertDuration: {
    type: "histogram",
    name: "leastwise_recorder_insert_duration_seconds",
    help: "Time from sending a block to the warehouse to its acknowledgement.",
    labels: { table: TABLE },
    buckets: BATCH_SECONDS,
  },
  recorderInsertFailures: {
    type: "counter",
    name: "leastwise_recorder_insert_failures_total",
    help: "Blocks that the warehouse did not acknowledge. They are sent again, as the same blocks.",
    labels: { table: TABLE },
  },

  eventLoopDelay: {
    type: "gauge",
    name: "leastwise_event_loop_delay_seconds",
    help: "How late the event loop ran what was due, since the reading before, over at least 5 s.",
    labels: { figure: closed(EVENT_LOOP_FIGURES) },
  },
  buildInfo: {
    type: "gauge",
    name: "leastwise_build_info",
    help: "Always 1; the labels say which service, version and Node.js run.",
    labels: {
      service: closed(["collector", "scorer", "recorder", "leastwise"]),
      version: open(1, "the version of this process"),
      node: open(1, "the version of Node.js"),
    },
  },
  labelValuesOther: {
    type: "counter",
    name: "leastwise_label_values_other_total",
    help: "Samples shown under `other` because a label's value was outside of its bound.",
    labels: {
      metric: open(64, "a metric of this catalogue"),
      label: open(32, "a label of this catalogue"),
    },
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

/** The catalogue's type: members, their types and their labels. */
export type Catalogue = typeof CATALOGUE;

/** A metric as callers name it, for example `rpcRequests`. */
export type MetricMember = keyof Catalogue;
