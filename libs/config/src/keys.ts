import type { CurrencyCode } from "@leastwise/vocabulary";
import { section, type SomeValuesOf, type ValuesOf } from "./key.js";
import {
  HOST_AND_PORT,
  HTTP_ENDPOINT,
  HTTP_URL,
  IDENTIFIER,
  KEY_32_BYTES,
  NAME,
  choice,
  currency,
  flag,
  integer,
  list,
  optionalSecret,
  optionalText,
  port,
  text,
} from "./key-kinds.js";

const LOOPBACK = "127.0.0.1";
const DEFAULT_CURRENCY = "EUR" as CurrencyCode;

/**
 * Every key of the configuration, with its meaning. Spelled here as in the file; the defaults are those of the embedded
 * mode, in which one process holds the whole road and keeps its data in a directory.
 */
export const KEYS = {
  data_directory: text(".leastwise", "Where the embedded log, the embedded warehouse and generated keys are kept."),
  currency: currency(DEFAULT_CURRENCY, "Currency of the shop: of the policy, and of amounts that come without one."),
  clock: choice(
    ["wall", "event"],
    "wall",
    "Where the time comes from: `wall` in production, `event` (the log itself) in replay and simulation.",
  ),
  policy_file: optionalText("Policy to apply at start if none has been applied yet. Without it the built-in one."),
  drain_timeout_ms: integer(
    0,
    600_000,
    10_000,
    "How long a service told to stop goes on with what it has begun. A scorer among others first waits as long for those who take over.",
  ),

  log: section("The log: everything that matters is a record in it.", {
    adapter: choice(["embedded", "kafka"], "embedded", "`embedded`: a directory of this machine; `kafka`: a cluster."),
    client: choice(
      ["kafkajs", "platformatic"],
      "kafkajs",
      "Which library appends to a `kafka` cluster and subscribes to it. `platformatic` is supported from Node 22.22 on.",
    ),
    brokers: list([], "Brokers to find the cluster by; needed for `kafka`.", HOST_AND_PORT),
    client_id: text("leastwise", "How this process calls itself to the brokers.", NAME),
    tls: flag(false, "Whether the brokers are spoken to over TLS, and have to show who they are."),
    tls_ca_file: optionalText("Certificates of who signs the brokers' own, PEM. Absent: those that Node knows."),
    tls_certificate_file: optionalText("Certificate that this process shows the brokers, PEM."),
    tls_key_file: optionalText("Private key of that certificate, PEM."),
    sasl_mechanism: choice(
      ["none", "plain", "scram-sha-256", "scram-sha-512", "oauthbearer"],
      "none",
      "How this process says who it is. `plain` shows the password to whoever listens, unless there is TLS.",
    ),
    sasl_user: optionalText("User of the brokers; with `oauthbearer` the client id."),
    sasl_password: optionalSecret("Password of the user; with `oauthbearer` the client secret."),
    sasl_password_file: optionalText("File that holds the password, instead of `sasl_password`."),
    sasl_token_url: optionalText(
      "Where `oauthbearer` gets its tokens, by the client credentials grant.",
      HTTP_ENDPOINT,
    ),
    sasl_scope: optionalText("Scope that is asked for with `oauthbearer`."),
    incarnation: optionalText(
      "The log's own id. If set, a log with another id is refused: its offsets would mean other records.",
    ),
    cluster_id: optionalText(
      "The brokers' own id. If set, brokers of another cluster are refused, wherever the log was begun; if not, those of another cluster than the log was begun in.",
    ),
    start_wait_ms: integer(
      0,
      3_600_000,
      60_000,
      "How long a service that starts waits for brokers that do not answer yet, before it gives up.",
    ),
    session_timeout_ms: integer(
      6_000,
      1_800_000,
      15_000,
      "How long a process that falls silent keeps what the others of its group would take over. Brokers have bounds of their own.",
    ),
    partitions: integer(1, 256, 8, "Partitions of the topics that hold subjects, when they are made."),
    replication_factor: integer(1, 9, 1, "Copies of each record in a `kafka` cluster, when topics are made."),
    retention_days: integer(32, 3_650, 35, "How long `clickstream` is kept. The longest window needs 32 days."),
    record_headers: choice(
      ["none", "public", "all"],
      "public",
      "Which records in a `kafka` cluster have headers that say what they are (CloudEvents, binary mode): `public`, all but `clickstream` and " +
        "checkpoints; `all`, `clickstream` too.",
    ),
    decisions_framing: choice(
      ["bare", "confluent"],
      "bare",
      "How `decisions` are written to a `kafka` cluster: as protobuf, or behind the header that a schema registry's deserializers want.",
    ),
    schema_registry_url: optionalText("The schema registry; needed for `confluent`.", HTTP_ENDPOINT),
    schema_registry_user: optionalText("User of the schema registry. Absent: it asks nobody who they are."),
    schema_registry_password: optionalSecret("Password of that user."),
    schema_registry_password_file: optionalText("File that holds the password, instead of `schema_registry_password`."),
  }),

  warehouse: section("The warehouse: decisions, offers and orders, to ask with SQL.", {
    adapter: choice(["embedded", "http"], "embedded", "`embedded`: ClickHouse in this process; `http`: a server."),
    url: optionalText("The server; needed for `http`.", HTTP_URL),
    user: text("default", "User of the server.", NAME),
    password: optionalSecret("Password of the user."),
    password_file: optionalText("File that holds the password, instead of `password`."),
    database: text("leastwise", "Database of the tables. It must exist.", IDENTIFIER),
  }),

  subjects: section("How raw ids become subjects.", {
    key: optionalSecret(
      "Key of the hash that turns a raw id into a subject. With the embedded log it is made at first start, and kept in " +
        "`data_directory`/keys; all collectors of one log share it.",
      KEY_32_BYTES,
    ),
    key_file: optionalText("File that holds the key, instead of `key`."),
    key_id: text("k1", "Name of the key, kept beside what was made with it.", NAME),
  }),

  codes: section("How codes of offers are made.", {
    key: optionalSecret(
      "Key that codes are signed with. With the embedded log it is made at first start, and kept in `data_directory`/keys.",
      KEY_32_BYTES,
    ),
    key_file: optionalText("File that holds the key, instead of `key`."),
    key_version: integer(
      0,
      7,
      0,
      "Number of the key, part of each code, so that older codes stay good after a change.",
    ),
  }),

  devices: section("What devices are told of the policy.", {
    key: optionalSecret(
      "Seed of the Ed25519 key that bundles for devices are signed with. With the embedded log it is made at first start, and kept in `data_directory`/keys; else nothing is told without one.",
      KEY_32_BYTES,
    ),
    key_file: optionalText("File that holds the seed, instead of `key`."),
  }),

  collector: section("The HTTP door for events.", {
    http_host: text(LOOPBACK, "Address to listen on."),
    http_port: port(7401, "Port to listen on."),
    body_limit_bytes: integer(1_024, 67_108_864, 1_048_576, "Largest body of a request."),
    write_keys: list(
      [],
      "Write keys taken as basic auth user. With none listed, everybody may send events.",
      NAME,
      true,
    ),
    follow_raw: flag(
      false,
      "Whether events are taken in that others write to the topic `clickstream.raw`, by any key, as JSON or protobuf.",
    ),
    write_keys_file: optionalText("File that holds the write keys, one a line, instead of `write_keys`."),
  }),

  rpc: section("The gRPC door.", {
    host: text(LOOPBACK, "Address to listen on."),
    port: port(7400, "Port to listen on."),
    max_message_bytes: integer(65_536, 67_108_864, 4_194_304, "Largest message that is taken."),
    decide_deadline_ms: integer(1, 60_000, 50, "Time for a Decide whose caller set no deadline."),
    deadline_margin_ms: integer(0, 1_000, 5, "How long before the deadline the answer leaves."),
  }),

  ops: section("The operations page: metrics, health, readiness.", {
    host: text(LOOPBACK, "Address to listen on."),
    port: port(7402, "Port to listen on."),
  }),

  sql_door: section("Read-only SQL over HTTP on the embedded warehouse.", {
    enabled: flag(true, "Whether the door is opened. With a warehouse over `http` there is none: ask the server."),
    host: text(LOOPBACK, "Address to listen on."),
    port: port(7403, "Port to listen on."),
  }),

  scorer: section("Windows and decisions.", {
    address: optionalText(
      "Where other scorers of one `kafka` cluster reach the gRPC door of this one, `host:port`, each its own. Absent: `rpc.host`, or this machine's name where that is `0.0.0.0` or `::`, and `rpc.port`.",
      HOST_AND_PORT,
    ),
    standbys: integer(
      0,
      1,
      0,
      "How many scorers keep a warm copy of each partition's windows beside its owner, to take over at once. Each copy takes the memory and the reading of an owner.",
    ),
    after_wait_max_ms: integer(0, 1_000, 10, "How long a Decide waits for the position it names, if it does not say."),
    policy_heartbeat_ms: integer(
      50,
      10_000,
      250,
      "How often a scorer or a collector asks the log whether it knows all of the policy.",
    ),
    policy_unseen_ms: integer(
      500,
      60_000,
      1_000,
      "How long a scorer that does not know whether it has all of the policy goes on granting, and a collector takes a yes to an exchange of consent: so soon the kill switch works everywhere, also on one that is cut off.",
    ),
    ingest_threads: integer(
      0,
      64,
      1,
      "How many threads of their own take the clickstream in, so that checkouts do not feel it: they share its partitions, and there are never more of them than partitions. With 0 the thread that answers checkouts takes it in.",
    ),
    windows_bytes_max: integer(
      16_777_216,
      1_099_511_627_776,
      4_294_967_296,
      "Memory that the windows of all shoppers may take, in bytes, at least 2 MiB for each partition; an index takes up to a sixth on top. It is taken as shoppers come; beyond, those silent longest are forgotten.",
    ),
    custom_model_budget_ms: integer(
      1,
      1_000,
      5,
      "How long a response model in ONNX may take to answer: one that takes longer for 64 rows does not come into force, and where one does for a shopper, the parametric part of the model decides. See docs/models.md.",
    ),
    recovery_objective_ms: integer(
      1,
      3_600_000,
      10_000,
      "How long reading the log again may take at a restart, for the windows: beyond, a checkpoint of a partition is written. Ingest threads read side by side: each counts its own partitions. A restart with fewer threads than before may read several times as long.",
    ),
  }),

  recorder: section("From the log into the warehouse.", {
    block_rows_max: integer(1, 1_000_000, 50_000, "Most rows in one block. ClickHouse wants 10,000 to 100,000."),
    block_interval_ms: integer(10, 600_000, 1_000, "Longest time between a record and the insert of its block."),
  }),

  logging: section("What the process says of itself.", {
    level: choice(["trace", "debug", "info", "warn", "error", "fatal", "silent"], "info", "Least severe level shown."),
    format: choice(["auto", "json", "pretty"], "auto", "`auto`: pretty on a terminal, JSON elsewhere."),
  }),
} as const;

/** The configuration of every service, checked; keys are spelled as in the file. */
export type Config = ValuesOf<typeof KEYS>;

/** Some of the configuration, as the command line sets it. */
export type SomeConfig = SomeValuesOf<typeof KEYS>;
