import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { err, ok, type Result } from "@leastwise/vocabulary";
import { failureOf, type RpcFailure } from "./rpc-client.js";
import { TIMER_MAX_MS } from "./timeout-header.js";

/** Most channels unless told otherwise. */
export const CHANNELS_MAX = 256;

/** Calls that may be under way on one channel: beyond, the other side is not keeping up, and more would only wait. */
const CALLS_MAX = 4_096;

/** A method as a channel calls it: an entry of a generated service that streams neither way. */
export interface CallableMethod<Request, Response> {
  readonly path: string;
  requestSerialize(value: Request): Buffer;
  responseDeserialize(bytes: Buffer): Response;
}

export interface KeptCallOptions {
  /** How long the answer is waited for, above 0 ms. The other side hears it as its deadline. */
  readonly timeoutMs: number;
  /** Cancels the call. Absent: only its time ends it. */
  readonly signal?: AbortSignal;
  readonly metadata?: Metadata;
}

/** One connection to another process of ours, for calls of any of its services. */
export class KeptChannel {
  /** `host:port`. */
  readonly address: string;
  readonly #client: Client;
  #underWay = 0;
  #isClosed = false;

  constructor(address: string) {
    this.address = address;
    this.#client = new Client(address, credentials.createInsecure(), {
      // A process that has vanished without a word is known within half a minute, and one that is busy for less keeps its connection.
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 20_000,
      "grpc.keepalive_permit_without_calls": 1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 500,
      // Processes of one installation reach each other without a proxy, and publish no service configuration in DNS.
      "grpc.enable_http_proxy": 0,
      "grpc.service_config_disable_resolution": 1,
      "grpc.use_local_subchannel_pool": 1,
    });
  }

  /** Calls under way. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Begins to connect, where it has not. */
  warm(): void {
    this.#client.getChannel().getConnectivityState(true);
  }

  /** Makes a call, its failure a value. While the other side cannot be reached it fails at once, not when its time is over. */
  async call<Request, Response>(
    method: CallableMethod<Request, Response>,
    request: Request,
    options: KeptCallOptions,
  ): Promise<Result<Response, RpcFailure>> {
    if (this.#isClosed) return err(notSent(`the channel to ${this.address} is closed`));
    if (this.#underWay >= CALLS_MAX) return err(notSent(`${CALLS_MAX} calls to ${this.address} are under way`));
    this.#underWay += 1;
    try {
      return await this.#call(method, request, options);
    } finally {
      this.#underWay -= 1;
    }
  }

  /**
   * A call of the channel itself: what a generated client puts around it, a stack trace of each caller and chains of interceptors, costs as
   * much again as a fourth of a hop.
   */
  #call<Request, Response>(
    method: CallableMethod<Request, Response>,
    request: Request,
    { timeoutMs, signal, metadata = new Metadata() }: KeptCallOptions,
  ): Promise<Result<Response, RpcFailure>> {
    const message = method.requestSerialize(request);
    const deadline = Date.now() + Math.min(timeoutMs, TIMER_MAX_MS);
    const call = this.#client.getChannel().createCall(method.path, deadline, null, null, null);
    return new Promise((resolve) => {
      let bytes: Buffer | undefined;
      const cancel = () => {
        call.cancelWithStatus(status.CANCELLED, "cancelled here");
      };
      call.start(metadata, {
        onReceiveMetadata: () => undefined,
        onReceiveMessage: (received: Buffer) => {
          bytes = received;
        },
        onReceiveStatus: (ended) => {
          signal?.removeEventListener("abort", cancel);
          resolve(ended.code === status.OK ? readAnswer(method, bytes) : err(failureOf(ended)));
        },
      });
      call.sendMessageWithContext({}, message);
      call.startRead();
      call.halfClose();
      signal?.addEventListener("abort", cancel, { once: true });
      if (signal?.aborted === true) cancel();
    });
  }

  /** Takes no more calls; those under way still get their answers, those that wait for a connection fail. */
  close(): void {
    this.#isClosed = true;
    this.#client.close();
  }
}

/** grpc-js hands on what came, and is not ready for a throw. */
function readAnswer<Response>(
  method: Pick<CallableMethod<never, Response>, "path" | "responseDeserialize">,
  bytes: Buffer | undefined,
): Result<Response, RpcFailure> {
  try {
    if (bytes !== undefined) return ok(method.responseDeserialize(bytes));
  } catch {
    // Nothing that can be read is as good as nothing.
  }
  return err({
    code: "INTERNAL",
    reason: "",
    field: "",
    expected: "",
    message: `no answer of ${method.path} that can be read`,
  });
}

function notSent(message: string): RpcFailure {
  return { code: "UNAVAILABLE", reason: "", field: "", expected: "", message };
}

/** Channels to other processes of ours, one an address, at most so many. */
export class KeptChannels {
  readonly #channelsMax: number;
  readonly #channels = new Map<string, KeptChannel>();
  #isClosed = false;

  constructor(channelsMax = CHANNELS_MAX) {
    this.#channelsMax = channelsMax;
  }

  /** Those that are open, by address. */
  get open(): ReadonlyMap<string, KeptChannel> {
    return this.#channels;
  }

  /** Keeps those to these addresses, opens what is missing, and closes all others. */
  keep(addresses: ReadonlySet<string>): void {
    for (const [address, channel] of this.#channels) {
      if (addresses.has(address)) continue;
      this.#channels.delete(address);
      channel.close();
    }
    for (const address of addresses) this.to(address)?.warm();
  }

  /** The one to an address, opened at its first need. Undefined: it is no address, as many as may be are open, or all are closed. */
  to(address: string): KeptChannel | undefined {
    const open = this.#channels.get(address);
    if (open !== undefined || this.#isClosed || this.#channels.size >= this.#channelsMax) return open;
    const opened = openChannel(address);
    if (opened !== undefined) this.#channels.set(address, opened);
    return opened;
  }

  /** Closes all, for good. */
  close(): void {
    this.#isClosed = true;
    this.keep(new Set());
  }
}

const ADDRESS = /^(\[[0-9A-Fa-f:.%]+\]|[^\s/:[\]]+):\d{1,5}$/;

/** grpc-js throws at what it cannot parse, and takes what has a scheme for more than an address. */
function openChannel(address: string): KeptChannel | undefined {
  return ADDRESS.test(address) ? new KeptChannel(address) : undefined;
}
