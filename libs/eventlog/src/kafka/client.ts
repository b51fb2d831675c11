import { type ISocketFactory, Kafka, type KafkaConfig, type LogEntry, logLevel, type RetryOptions } from "kafkajs";
import { dropAbortedMessages } from "./aborted-messages.js";
import { ConnectionNoise, isOfConnections } from "./connection-noise.js";
import { registerKafkajsCodecs } from "./compression/kafkajs-codecs.js";
import { keepCommitsToTheirGeneration } from "./commit-generation.js";
import { letHungBrokersGo } from "./hung-broker.js";
import { stopIdleTimers } from "./idle-timer.js";
import { saslProvider } from "./sasl-provider.js";
import { credentialsOf } from "./scan/sasl.js";
import { sendEachBatchOnce } from "./sent-once.js";

/** How loud a line is. */
export type KafkaLogLevel = "error" | "warn" | "info" | "debug";

/** How to reach the brokers, and how long to wait for them. */
export interface KafkaClientOptions {
  /** Bootstrap addresses, `host:port`. */
  readonly brokers: readonly string[];
  /** Name that brokers' logs and quotas know this process by. Default `leastwise`. */
  readonly clientId?: string;
  readonly ssl?: NonNullable<KafkaConfig["ssl"]>;
  readonly sasl?: NonNullable<KafkaConfig["sasl"]>;
  /** Makes the connections, through a proxy for example. Default: straight to the brokers. */
  readonly socketFactory?: ISocketFactory;
  /** How long one request may take, in ms. Default 10 000. */
  readonly requestTimeoutMs?: number;
  /** How often, and after which waits, the client library tries again by itself. Default {@link RETRY}. */
  readonly retry?: RetryOptions;
  /** Hears what the client library has to say; default nobody. Field values may be of any kind. */
  readonly onLog?: (level: KafkaLogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void;
  /** The least that `onLog` is to hear. Default `debug`, which is several lines for each request, made whether or not anybody reads them. */
  readonly onLogFrom?: KafkaLogLevel;
}

/** Waits of about 0.1, 0.2, 0.4, 0.8 and 1.6 s, then the failure is the caller's to hear. */
export const RETRY: RetryOptions = {
  initialRetryTime: 100,
  multiplier: 2,
  factor: 0.2,
  maxRetryTime: 2_000,
  retries: 5,
};

export const CLIENT_ID = "leastwise";
export const CONNECTION_TIMEOUT_MS = 3_000;
export const REQUEST_TIMEOUT_MS = 10_000;

export function kafkaClient(options: KafkaClientOptions): Kafka {
  const {
    brokers,
    clientId = CLIENT_ID,
    ssl,
    sasl,
    socketFactory,
    requestTimeoutMs = REQUEST_TIMEOUT_MS,
    retry = RETRY,
    onLog,
    onLogFrom = "debug",
  } = options;
  registerKafkajsCodecs();
  dropAbortedMessages();
  stopIdleTimers();
  keepCommitsToTheirGeneration();
  sendEachBatchOnce();
  letHungBrokersGo();
  const noise = new ConnectionNoise();
  return new Kafka({
    brokers: [...brokers],
    clientId,
    ...(ssl === undefined ? {} : { ssl }),
    ...(sasl === undefined ? {} : { sasl: spokenHere(sasl) }),
    ...(socketFactory === undefined ? {} : { socketFactory }),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    authenticationTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    enforceRequestTimeout: true,
    retry,
    logLevel: onLog === undefined ? logLevel.NOTHING : HEARD_FROM[onLogFrom],
    logCreator: () => (entry) => {
      const { message, ...fields } = entry.log;
      const level = levelOf(entry, noise);
      // Where in its code a connection was lost is of no use to whoever looks after brokers.
      if (level !== "debug" && isOfConnections(entry)) delete fields["stack"];
      onLog?.(level, message, { ...fields, namespace: entry.namespace });
    },
  });
}

/** Mechanisms of the caller's own making are the caller's to speak. */
function spokenHere(sasl: NonNullable<KafkaClientOptions["sasl"]>): NonNullable<KafkaConfig["sasl"]> {
  if ("authenticationProvider" in sasl) return sasl;
  const credentials = credentialsOf(sasl);
  if (credentials === undefined) return sasl;
  return { mechanism: credentials.mechanism, authenticationProvider: saslProvider(credentials) };
}

/**
 * kafkajs 2.2 calls every refusal that a broker answers with an error, also those that are meant to be tried again, several in each transaction; whoever
 * asked hears of it anyway.
 */
function levelOf(entry: LogEntry, noise: ConnectionNoise): KafkaLogLevel {
  const { level, namespace, log } = entry;
  if (namespace === "Connection" && log.message.startsWith("Response ")) return "debug";
  if (level === logLevel.ERROR && noise.isRepeated(entry)) return "debug";
  return LEVELS[level] ?? "debug";
}

const HEARD_FROM: Readonly<Record<KafkaLogLevel, logLevel>> = {
  error: logLevel.ERROR,
  warn: logLevel.WARN,
  info: logLevel.INFO,
  debug: logLevel.DEBUG,
};

const LEVELS: Readonly<Partial<Record<logLevel, KafkaLogLevel>>> = {
  [logLevel.ERROR]: "error",
  [logLevel.WARN]: "warn",
  [logLevel.INFO]: "info",
};
