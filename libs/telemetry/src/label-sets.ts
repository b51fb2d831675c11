/**
 * What values a label may have. Every label is bounded, since each new value is a series that Prometheus keeps:
 * a value outside of the bound becomes {@link OTHER}, and is counted.
 */
export type LabelBound = ClosedLabel | OpenLabel;

/** One of a set that is known when the program is built. */
export interface ClosedLabel {
  readonly kind: "closed";
  readonly values: readonly string[];
}

/** Whatever comes, up to a number of distinct values a process; the first come are the ones kept. */
export interface OpenLabel {
  readonly kind: "open";
  /** Most distinct values that a process shows, {@link OTHER} not counted. */
  readonly valuesMax: number;
  /** What the values are, in words, for the catalogue's page. */
  readonly meaning: string;
}

/** What a label shows in place of a value that is outside of its bound. */
export const OTHER = "other";

/** A label with a set of values that is known when the program is built. */
export function closed(values: readonly string[]): ClosedLabel {
  return { kind: "closed", values };
}

/** A label whose values come from outside of this room, at most `valuesMax` of them. */
export function open(valuesMax: number, meaning: string): OpenLabel {
  return { kind: "open", valuesMax, meaning };
}

/** gRPC services and their methods, as in the contracts; a test holds the two together. */
export const RPC_METHODS = {
  "leastwise.v1.CatalogService": ["PutProducts", "GetProduct"],
  "leastwise.v1.CollectorService": ["Record", "RecordStream"],
  "leastwise.v1.DecisionService": ["Decide", "DecideBatch", "DecideStream", "Explain", "WhatIf"],
  "leastwise.v1.ModelService": ["ApplyModel", "ValidateModel", "GetModel", "ListModels", "RollbackModel"],
  "leastwise.v1.OfferService": ["Validate", "Reserve", "Redeem", "Release", "Refund", "Get", "BestStack"],
  "leastwise.v1.PolicyService": [
    "ApplyPolicy",
    "GetPolicy",
    "ValidatePolicy",
    "ListPolicies",
    "RollbackPolicy",
    "GetDeviceBundle",
  ],
  "leastwise.v1.RoutingService": ["WatchPartitions"],
  "leastwise.v1.SubjectService": ["PutProfile", "PutConsent", "GetSubject", "Forget"],
  "grpc.health.v1.Health": ["Check", "Watch"],
  "grpc.reflection.v1.ServerReflection": ["ServerReflectionInfo"],
  "grpc.reflection.v1alpha.ServerReflection": ["ServerReflectionInfo"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Full names of the gRPC services, for example `leastwise.v1.DecisionService`. */
export const RPC_SERVICES: readonly string[] = Object.keys(RPC_METHODS);

/** Every method of every service, once. */
export const RPC_METHOD_NAMES: readonly string[] = [...new Set(Object.values(RPC_METHODS).flat())].sort();

/** Methods whose calls are passed on to the scorer that owns their subject. Each message of a DecideStream goes as a batch of one. */
export const FORWARDED_METHODS: readonly string[] = [
  ...["Decide", "DecideBatch", "Explain", "WhatIf"],
  ...RPC_METHODS["leastwise.v1.OfferService"],
];

/** Status codes of gRPC, by their canonical names. */
export const RPC_CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

/** HTTP doors: the collector, the operations page, the read-only SQL door. */
export const HTTP_DOORS = ["collector", "ops", "sql"] as const;
/** HTTP methods that a door may see. */
export const HTTP_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
/** Classes of HTTP status: the first digit is enough for rates of errors, and bounds the series. */
export const HTTP_CODES = ["1xx", "2xx", "3xx", "4xx", "5xx"] as const;

/** What became of a record that a consumer read. */
export const CONSUMER_OUTCOMES = ["ok", "drop", "dead_letter", "failed"] as const;

/** Event kinds of the contracts, without their prefix, in lower case. */
export const EVENT_KINDS = [
  "page_view",
  "product_view",
  "search",
  "cart_add",
  "cart_remove",
  "checkout_start",
  "purchase",
  "content_engagement",
  "return",
  "login",
] as const;

/** What the windows said of an event. */
export const WINDOW_VERDICTS = ["applied", "late", "duplicate", "ahead", "already_applied", "no_room"] as const;

/** Why the windows forgot a subject before anybody asked for it. */
export const FORGOTTEN_REASONS = ["expired", "evicted", "no_room"] as const;

/** How writing a checkpoint ended. */
export const CHECKPOINT_OUTCOMES = ["ok", "failed", "refused"] as const;

/** Kinds of incentive, `none` for rung 0. */
export const INCENTIVE_KINDS = [
  "none",
  "percent_off",
  "amount_off",
  "free_shipping",
  "bundle_credit",
  "loyalty_credit",
  "tiered_cashback",
  "partner_exclusive",
  "buy_x_get_y",
  "gift",
  "payment_discount",
] as const;

/** What a decision came to. `ghost`: the holdout's shopper would have been given it, and was not. */
export const DECISION_OUTCOMES = ["granted", "none", "ghost", "continued"] as const;

/** Why a decision was the safe answer (decision.proto, `degraded_reason`). */
export const DEGRADED_REASONS = [
  "features_restoring",
  "no_policy",
  "deadline_near",
  "log_unavailable",
  "owner_unavailable",
  "owner_changing",
  "policy_unseen",
  "model_unbelievable",
] as const;

/**
 * What came of asking a custom model: `answered`; `late`, after `scorer.custom_model_budget_ms` or since its turn did not come in time; `failed`; `changed`, since what was known of the shopper or what could be given
 * was no longer what it had been asked about.
 */
export const CUSTOM_MODEL_OUTCOMES = ["answered", "late", "failed", "changed"] as const;

/**
 * What came of the token of an offer that a Decide brought along: `read`, be it that the offer is over or another shopper's; `token_key_unknown`, made with another version of the key;
 * `token_malformed`; `token_forged`; `offer_unknown`, of a newer version of the program, which gives what this one does not know.
 */
export const OFFER_TOKEN_OUTCOMES = [
  "read",
  "token_key_unknown",
  "token_malformed",
  "token_forged",
  "offer_unknown",
] as const;

/**
 * What became of a call that was passed on to the scorer that owns its subject: `answered`; `refused` by it; `unavailable`, without a
 * connection or with one that broke; `late`, without an answer in time; `cancelled` by the caller; `failed` in any other way.
 */
export const FORWARD_OUTCOMES = ["answered", "refused", "unavailable", "late", "cancelled", "failed"] as const;

/** What became of a decision whose record did not get onto the log after the draw. */
export const FAILED_DRAW_OUTCOMES = ["recorded", "dropped"] as const;

/** Why a stack of offers was refused as counterfeit (decision.proto, `Decide`; offers.proto, `BestStack`). */
export const COUNTERFEIT_REASONS = [
  "unknown_code",
  "foreign_subject",
  "offer_redeemed",
  "offer_expired",
  "terms_edited",
  "code_twice",
  "unknown_group",
  "group_twice",
] as const;

/** What happened to an offer. */
export const OFFER_LIFE_EVENTS = [
  "issued",
  "validated",
  "reserved",
  "redeemed",
  "released",
  "refunded",
  "expired",
  "revoked",
] as const;

/** Where promised money went: held with the promise, settled by a redemption, given back by release or expiry. */
export const MONEY_MOVEMENTS = ["held", "settled", "given_back", "refunded"] as const;

/** Figures of the event loop's delay that are shown. */
export const EVENT_LOOP_FIGURES = ["p50", "p99", "max"] as const;

/** Upper ends of the bands of depth, in basis points of the cart, each with its name. */
const DEPTH_BANDS = [
  { belowBp: 1, band: "0" },
  { belowBp: 500, band: "under_5pct" },
  { belowBp: 1_000, band: "5_to_10pct" },
  { belowBp: 1_500, band: "10_to_15pct" },
  { belowBp: 2_000, band: "15_to_20pct" },
  { belowBp: 3_000, band: "20_to_30pct" },
  { belowBp: Number.POSITIVE_INFINITY, band: "30pct_up" },
] as const;

/** Names of the bands that depths are counted in. */
export const DEPTH_BAND_NAMES: readonly string[] = DEPTH_BANDS.map(({ band }) => band);

/**
 * The band that a depth is counted in; a band holds its lower end.
 *
 * @param depthBp what an incentive costs in basis points of the cart; below 0 counts as 0
 */
export function depthBandOf(depthBp: number): string {
  return DEPTH_BANDS.find(({ belowBp }) => depthBp < belowBp)?.band ?? OTHER;
}
