import { property } from "../thrown.js";
import { internalOf, wrapOnce } from "./kafkajs-internals.js";

/** ApiVersions, with which each connection begins. */
const API_VERSIONS_KEY = 18;

/** A connection of the client library's, as far as it matters here. */
interface Connection {
  rejectRequests(error: Error): void;
  disconnect(): Promise<unknown>;
}

interface Request {
  readonly request: { readonly apiKey: number };
}

/** Errors as the client library knows them. Its types leave out the one. */
const { KafkaJSConnectionClosedError, KafkaJSConnectionError } = internalOf("errors") as {
  readonly KafkaJSConnectionClosedError: new (message: string, of: { host: string; port: number }) => Error;
  readonly KafkaJSConnectionError: new (message: string, of: { broker: string }) => Error;
};

/** The connections to one broker. */
export interface ConnectionPool {
  readonly host: string;
  readonly port: number;
  readonly pool: readonly Connection[];
  send: (this: ConnectionPool, request: Request) => Promise<unknown>;
}

/**
 * kafkajs 2.2 keeps the connections to a broker that does not answer (`src/network/connection.js`), and asks whatever it is connected to who leads: it shows where a
 * broker stands still that the process happened to be connected to alone. Its successor leads within seconds, and for as long as it stands the process
 * neither reads, nor writes, nor learns of that. Here, as in the Java client (`NetworkClient.handleTimedOutRequests`), a request that
 * is not answered in its time ends the connections to that broker, with all that wait on them. The library then knows them as closed: it forgets
 * the broker, and asks others.
 */
export function letHungBrokersGo(): void {
  const { prototype } = internalOf("network/connectionPool") as { readonly prototype: ConnectionPool };
  wrapOnce(prototype, "send", endingWithATimeout);
}

function endingWithATimeout(send: ConnectionPool["send"]): ConnectionPool["send"] {
  return async function (request) {
    try {
      return await send.call(this, request);
    } catch (error) {
      if (property(error, "name") !== "KafkaJSRequestTimeoutError") throw error;
      throw end(this, request, error as Error);
    }
  };
}

/** Ends the connections, and says so in the library's words for it: a connection that could not be begun is another error to it. */
function end({ host, port, pool }: ConnectionPool, { request }: Request, { message }: Error): Error {
  const words = `${message}: the connection is given up`;
  const closed = new KafkaJSConnectionClosedError(words, { host, port });
  for (const connection of pool) {
    connection.rejectRequests(closed);
    // Whatever waits is over, so that this waits for nothing.
    void connection.disconnect();
  }
  const isBeginning = request.apiKey === API_VERSIONS_KEY;
  return isBeginning ? new KafkaJSConnectionError(words, { broker: `${host}:${port}` }) : closed;
}
