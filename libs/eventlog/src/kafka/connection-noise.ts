import type { LogEntry } from "kafkajs";

/** One line so often, ms: enough to see in a log of hours that it goes on. */
const SAID_EVERY_MS = 60_000;

/** What kafkajs 2.2 says when a reader loses its brokers: it begins anew, or its end is said by whoever waits for it. */
const READER_BEGINS_ANEW =
  /^(Restarting the consumer in |Crash: KafkaJS(ConnectionError|ConnectionClosedError|RequestTimeoutError|NumberOfRetriesExceeded):)/;

/**
 * While brokers are away kafkajs says an error, often with where in its code, for each connection, each try and each reader, though all of these are tried again, and
 * whoever asked hears of it when they are not any more. Of all these together one a minute is enough.
 */
export class ConnectionNoise {
  readonly #nowMs: () => number;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Whether an error is of that kind, and another was said just before. */
  isRepeated(entry: LogEntry): boolean {
    if (!isOfConnections(entry)) return false;
    const nowMs = this.#nowMs();
    if (nowMs - this.#saidMs < SAID_EVERY_MS) return true;
    this.#saidMs = nowMs;
    return false;
  }
}

/** Whether a line is of a connection that could not be made or was lost, or of a try after which comes another. */
export function isOfConnections({ namespace, log }: LogEntry): boolean {
  if (namespace === "Connection" || namespace === "BrokerPool") return true;
  return "retryTime" in log || (namespace === "Consumer" && READER_BEGINS_ANEW.test(log.message));
}
