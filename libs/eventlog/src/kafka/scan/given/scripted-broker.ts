import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { BrokerAddress } from "../broker-connection.js";
import { FETCH_KEY, FETCH_VERSION } from "../fetch-protocol.js";
import { RequestBytes, ResponseBytes } from "../wire-bytes.js";

/** What the broker is asked for. */
export interface AskedPlace {
  readonly partition: number;
  readonly offset: number;
}

/** What it gives of one partition. */
export interface GivenPartition {
  readonly partition: number;
  readonly errorCode?: number;
  readonly endOffset?: number;
  /** Default the end. */
  readonly stableOffset?: number;
  readonly bytes?: Buffer;
}

const METADATA = 3;
const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
/** What announces more is no request. */
const REQUEST_BYTES_MAX = 104_857_600;

/** A broker that says what a test has it say, over a real connection. */
export class ScriptedBroker {
  /** Versions of Fetch that it says it speaks. */
  fetchVersions: readonly [number, number] = [4, FETCH_VERSION + 7];
  /** Versions of Metadata that it says it speaks; it answers none. */
  metadataVersions: readonly [number, number] | undefined;
  /** Answers one Fetch; undefined: with nothing, when the time is over that the reader waits. */
  onFetch: (places: readonly AskedPlace[]) => Promise<readonly GivenPartition[] | undefined> = () =>
    Promise.resolve(undefined);
  /** Answers a message of SASL: bytes, or a refusal in words. */
  onSasl: (message: Buffer) => Buffer | string = () => Buffer.alloc(0);
  /** Mechanisms that it takes. */
  mechanisms: readonly string[] = [];
  /** Cuts its answers into pieces of so many bytes. */
  pieceBytes = Number.POSITIVE_INFINITY;
  /** True: it takes requests, and answers none. */
  isSilent = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => this.#sockets.delete(socket));
      let pending: Buffer = Buffer.alloc(0);
      socket.on("data", (chunk) => {
        pending = Buffer.concat([pending, chunk]);
        // As brokers do: who speaks otherwise, such as TLS, is left without a word.
        if (pending.length >= 4 && pending.readInt32BE() > REQUEST_BYTES_MAX) socket.destroy();
        while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE()) {
          const request = pending.subarray(4, 4 + pending.readInt32BE());
          pending = pending.subarray(4 + request.length);
          void this.#answer(socket, new ResponseBytes(request));
        }
      });
    });
  }

  static async start(): Promise<ScriptedBroker> {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    return new ScriptedBroker(server);
  }

  get address(): BrokerAddress {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the scripted broker does not listen");
    return { host: "127.0.0.1", port: address.port };
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(socket: Socket, request: ResponseBytes): Promise<void> {
    const key = request.int16();
    request.int16();
    const correlationId = request.int32();
    request.string();
    if (this.isSilent) return;
    const body = await this.#bodyFor(key, request);
    const answer = new RequestBytes().bytes(new RequestBytes().int32(correlationId).raw(body).done()).done();
    for (let at = 0; at < answer.length; at += this.pieceBytes) socket.write(answer.subarray(at, at + this.pieceBytes));
  }

  async #bodyFor(key: number, request: ResponseBytes): Promise<Buffer> {
    switch (key) {
      case API_VERSIONS:
        return this.#versions();
      case SASL_HANDSHAKE:
        return this.#handshake(request.string());
      case SASL_AUTHENTICATE: {
        const said = this.onSasl(request.byteRange());
        if (typeof said === "string") return new RequestBytes().int16(58).string(said).bytes(Buffer.alloc(0)).done();
        return new RequestBytes().int16(0).int16(-1).bytes(said).done();
      }
      default:
        return this.#fetched(request);
    }
  }

  #versions(): Buffer {
    const spoken: [key: number, versions: readonly [number, number]][] = [[FETCH_KEY, this.fetchVersions]];
    if (this.metadataVersions !== undefined) spoken.push([METADATA, this.metadataVersions]);
    const answer = new RequestBytes().int16(0).int32(spoken.length);
    for (const [key, [min, max]] of spoken) answer.int16(key).int16(min).int16(max);
    return answer.done();
  }

  #handshake(mechanism: string): Buffer {
    const answer = new RequestBytes().int16(this.mechanisms.includes(mechanism) ? 0 : 33).int32(this.mechanisms.length);
    for (const known of this.mechanisms) answer.string(known);
    return answer.done();
  }

  async #fetched(request: ResponseBytes): Promise<Buffer> {
    request.at += 4;
    const waitMs = request.int32();
    // Bytes at least and at most, isolation, session and its epoch.
    request.at += 4 + 4 + 1 + 4 + 4;
    let topic = "";
    const places = request.list(() => {
      topic = request.string();
      return request.list(() => {
        const partition = request.int32();
        request.at += 4;
        const offset = request.int64();
        request.at += 8 + 4;
        return { partition, offset };
      });
    });
    const given = (await this.onFetch(places.flat())) ?? (await sleep(waitMs, []));
    const answer = new RequestBytes().int32(0).int16(0).int32(0).int32(1).string(topic).int32(given.length);
    for (const {
      partition,
      errorCode = 0,
      endOffset = -1,
      stableOffset = endOffset,
      bytes = Buffer.alloc(0),
    } of given) {
      answer.int32(partition).int16(errorCode).int64(endOffset).int64(stableOffset).int64(0).int32(0).bytes(bytes);
    }
    return answer.done();
  }
}
