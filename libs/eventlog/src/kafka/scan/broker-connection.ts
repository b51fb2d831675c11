import { isIP, connect as connectPlain, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { LogError } from "../../port.js";
import { CLIENT_ID, CONNECTION_TIMEOUT_MS, type KafkaClientOptions, REQUEST_TIMEOUT_MS } from "../client.js";
import { sayKafkaFailure } from "../kafka-failure.js";
import { RequestBytes } from "./wire-bytes.js";

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

export type ConnectionSettings = Pick<KafkaClientOptions, "clientId" | "ssl" | "socketFactory" | "requestTimeoutMs">;

/** One request of the protocol. */
export interface BrokerRequest {
  /** In words, for errors. */
  readonly doing: string;
  readonly key: number;
  readonly version: number;
  readonly body: Buffer;
  /** How long the broker may hold the answer back on purpose, beside the time that any request may take. */
  readonly heldMs?: number;
  /** Gives at least so many bytes for the answer. Absent: new ones. */
  into?(bytes: number): Buffer;
}

interface Waiting {
  readonly request: BrokerRequest;
  readonly correlationId: number;
  readonly resolve: (response: Buffer) => void;
  readonly reject: (error: LogError) => void;
  readonly timer: NodeJS.Timeout;
}

const KEEP_ALIVE_MS = 60_000;
/** Most bytes that are taken from the system at once. */
const RECEIVED_BYTES_MAX = 262_144;
/** Where an answer's body begins: behind the id of its request. */
export const BODY_AT = 4;
/** More than any fetch may bring. What announces more is no Kafka broker. */
const RESPONSE_BYTES_MAX = 268_435_456;

/** One connection to one broker: requests out, their answers back in the same order. It fails as a whole, once. */
export class BrokerConnection {
  readonly name: string;
  readonly #socket: Socket;
  readonly #clientId: string;
  readonly #requestTimeoutMs: number;
  readonly #waiting: Waiting[] = [];
  readonly #size = Buffer.alloc(4);
  #sizeBytes = 0;
  #body: Buffer | undefined;
  #bodyBytes = 0;
  #sent = 0;
  #failure: LogError | undefined;

  private constructor(name: string, socket: Socket, settings: ConnectionSettings) {
    this.name = name;
    this.#socket = socket;
    this.#clientId = settings.clientId ?? CLIENT_ID;
    this.#requestTimeoutMs = settings.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
    socket.on("error", (error) => {
      this.#fail(sayKafkaFailure(`broker ${name}`, error));
    });
    socket.on("close", () => {
      this.#fail("the connection was closed");
    });
  }

  /** Rejects with `log_unavailable` when nobody answers there in time, with `unauthenticated` where TLS is refused. The signal closes it, also while it is made. */
  static open(
    { host, port }: BrokerAddress,
    settings: ConnectionSettings,
    signal: AbortSignal,
  ): Promise<BrokerConnection> {
    const name = `${host}:${port}`;
    return new Promise((resolve, reject) => {
      let onConnect: () => void = () => undefined;
      let onBytes: (bytes: Buffer) => void = () => undefined;
      const listener: SocketListener = {
        onConnect: () => {
          onConnect();
        },
        onBytes: (bytes) => {
          onBytes(bytes);
        },
      };
      const socket = openSocket({ host, port }, settings, listener);
      const connection = new BrokerConnection(name, socket, settings);
      onBytes = (bytes) => {
        connection.#take(bytes);
      };
      const timer = setTimeout(() => {
        connection.#fail(`no connection within ${CONNECTION_TIMEOUT_MS} ms`);
      }, CONNECTION_TIMEOUT_MS);
      onConnect = () => {
        clearTimeout(timer);
        resolve(connection);
      };
      const onAbort = (): void => {
        connection.close();
      };
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) onAbort();
      socket.once("close", () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        reject(connection.#failure ?? unavailable(name, "the connection was closed"));
      });
    });
  }

  /** Gives the answer's bytes, whose body begins at {@link BODY_AT}. Rejects with `log_unavailable`. */
  request(request: BrokerRequest): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const correlationId = ++this.#sent & 0x7fffffff;
      const head = new RequestBytes()
        .int16(request.key)
        .int16(request.version)
        .int32(correlationId)
        .string(this.#clientId);
      const withinMs = this.#requestTimeoutMs + (request.heldMs ?? 0);
      const timer = setTimeout(() => {
        this.#fail(`${request.doing}: no answer within ${withinMs} ms`);
      }, withinMs);
      this.#waiting.push({ request, correlationId, resolve, reject, timer });
      this.#socket.write(new RequestBytes().bytes(Buffer.concat([head.done(), request.body])).done());
    });
  }

  /** What is under way is rejected. */
  close(): void {
    this.#fail("the connection was closed here");
  }

  #take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#failure === undefined) {
      if (this.#body === undefined) {
        this.#size[this.#sizeBytes++] = chunk[at++] ?? 0;
        if (this.#sizeBytes === this.#size.length) this.#begin(this.#size.readInt32BE());
        continue;
      }
      const taken = chunk.copy(this.#body, this.#bodyBytes, at);
      at += taken;
      this.#bodyBytes += taken;
      if (this.#bodyBytes === this.#body.length) this.#complete(this.#body);
    }
  }

  #begin(bytes: number): void {
    const [next] = this.#waiting;
    if (next === undefined || bytes < BODY_AT || bytes > RESPONSE_BYTES_MAX) {
      this.#fail(`what came is not an answer of a Kafka broker: it announces ${bytes} bytes`);
      return;
    }
    const room = next.request.into?.(bytes) ?? Buffer.allocUnsafe(bytes);
    this.#body = room.subarray(0, bytes);
    this.#bodyBytes = 0;
  }

  #complete(body: Buffer): void {
    const answered = this.#waiting.shift();
    this.#body = undefined;
    this.#sizeBytes = 0;
    if (answered === undefined) return;
    clearTimeout(answered.timer);
    if (body.readInt32BE() === answered.correlationId) {
      answered.resolve(body);
      return;
    }
    const why = "the answer is to another request";
    answered.reject(unavailable(this.name, why));
    this.#fail(why);
  }

  #fail(why: string | LogError): void {
    if (this.#failure !== undefined) return;
    const failure = typeof why === "string" ? unavailable(this.name, why) : why;
    this.#failure = failure;
    this.#socket.destroy();
    for (const { timer, reject } of this.#waiting.splice(0)) {
      clearTimeout(timer);
      reject(failure);
    }
  }
}

interface SocketListener {
  onConnect(): void;
  /** The bytes are good during the call. */
  onBytes(bytes: Buffer): void;
}

/** As the client library does it, for the sake of factories that were made for it. */
function openSocket({ host, port }: BrokerAddress, settings: ConnectionSettings, listener: SocketListener): Socket {
  const { ssl, socketFactory } = settings;
  const onConnect = (): void => {
    listener.onConnect();
  };
  if (socketFactory === undefined && (ssl === undefined || ssl === false))
    return tuned(connectPlain({ host, port, onread: intoOneBuffer(listener) }, onConnect));
  const serverName = isIP(host) === 0 ? { servername: host } : {};
  const socket =
    socketFactory === undefined
      ? tuned(connectTls({ host, port, ...serverName, ...(typeof ssl === "object" ? ssl : {}) }, onConnect))
      : socketFactory({ host, port, ssl: ssl as ConnectionOptions, onConnect });
  return socket.on("data", (bytes: Buffer) => {
    listener.onBytes(bytes);
  });
}

/** Receives in the same bytes again and again: fresh ones for each piece would have the whole heap collected many times a second. */
function intoOneBuffer(listener: SocketListener): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(RECEIVED_BYTES_MAX);
  return {
    buffer,
    callback: (bytes) => {
      listener.onBytes(buffer.subarray(0, bytes));
      return true;
    },
  };
}

function tuned(socket: Socket): Socket {
  return socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
}

function unavailable(name: string, why: string): LogError {
  return new LogError("log_unavailable", `broker ${name}: ${why}`, "retry");
}
