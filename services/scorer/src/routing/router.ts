import {
  hopMetadata,
  KeptChannels,
  type CallableMethod,
  type CallContext,
  type KeptCallOptions,
  type KeptChannel,
  type RpcFailure,
} from "@leastwise/rpc";
import type { FORWARD_OUTCOMES, Telemetry } from "@leastwise/telemetry";
import { BUCKET_COUNT, err, partitionOfBucket, type Bucket, type Result } from "@leastwise/vocabulary";
import { earlyMs } from "../leave-time.js";
import type { PartitionMap } from "./partition-map.js";
import { Silences } from "./silences.js";

/** Where a call belongs: here, with another scorer, or nowhere yet. */
export type Route = "own" | "nobody" | KeptChannel;

export interface RouterOptions {
  readonly map: PartitionMap;
  readonly telemetry: Pick<Telemetry, "metrics">;
  /** The wall's time, Unix ms, which deadlines are in. */
  readonly wallNowMs: () => number;
  /** How long before its deadline an answer leaves, ms: within it a call that brought nothing is answered otherwise. */
  readonly marginMs: number;
}

/** What a call is passed on with. */
export type Passing = Pick<CallContext, "deadlineMs" | "signal" | "metadata">;

/** Of the margin, what it takes to make an answer of one's own when the other scorer was late, ms. */
const OWN_ANSWER_MS = 1;

/**
 * Knows where the calls of a shopper belong, and passes calls on over one kept channel to each other scorer that the map names. A place in
 * a table is all that a call for an own subject costs.
 */
export class Router {
  readonly #options: RouterOptions;
  readonly #channels = new KeptChannels();
  readonly #silences = new Silences();
  readonly #stopListening: () => void;
  #byBucket: readonly Route[] = [];
  #isAlone = false;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#stopListening = options.map.onChange(() => {
      this.#readMap();
    });
    this.#readMap();
  }

  /** True while this process answers for everybody. */
  get isAlone(): boolean {
    return this.#isAlone;
  }

  /** The other scorers that the map names. */
  get others(): readonly KeptChannel[] {
    return [...this.#channels.open.values()];
  }

  /** Where the calls of a bucket's subjects belong. */
  routeOf(bucket: Bucket): Route {
    return this.#byBucket[bucket] ?? "nobody";
  }

  /**
   * Makes a caller's call at another scorer, once: what gRPC knows that it did not send it sends again, and nothing else is. It ends with the
   * caller, and early enough before the caller's deadline for another answer.
   *
   * @param budgetMs time for the answer where the caller gave none
   */
  async forward<Request, Response>(
    to: KeptChannel,
    method: CallableMethod<Request, Response>,
    request: Request,
    { deadlineMs, signal, metadata }: Passing,
    budgetMs: number,
  ): Promise<Result<Response, RpcFailure>> {
    const { wallNowMs, marginMs } = this.#options;
    const givenMs = deadlineMs === undefined ? budgetMs : deadlineMs - wallNowMs();
    const timeoutMs = givenMs - earlyMs(givenMs, marginMs) - OWN_ANSWER_MS;
    const startedMs = performance.now();
    const answer =
      timeoutMs > 0
        ? await this.#callUnlessSilent(to, method, request, { timeoutMs, signal, metadata: hopMetadata({ metadata }) })
        : err(NO_TIME);
    this.#tell(method.path, startedMs, outcomeOf(answer, signal));
    return answer;
  }

  async #callUnlessSilent<Request, Response>(
    to: KeptChannel,
    method: CallableMethod<Request, Response>,
    request: Request,
    options: KeptCallOptions,
  ): Promise<Result<Response, RpcFailure>> {
    if (!this.#silences.mayCall(to)) return err(SILENT);
    const answer = await to.call(method, request, options);
    const isLate = !answer.ok && (answer.error.code === "DEADLINE_EXCEEDED" || answer.error.code === "CANCELLED");
    if (isLate) this.#silences.late(to, performance.now());
    else this.#silences.answered(to);
    return answer;
  }

  /** Closes the channels: calls under way still get their answers. */
  close(): void {
    this.#stopListening();
    this.#channels.close();
  }

  #tell(path: string, startedMs: number, outcome: ForwardOutcome): void {
    const { metrics } = this.#options.telemetry;
    const method = path.slice(path.lastIndexOf("/") + 1);
    metrics.forwardedCalls.with({ method, outcome }).add();
    metrics.hopDuration.with({ method }).observe((performance.now() - startedMs) / 1_000);
  }

  #readMap(): void {
    const { map } = this.#options;
    const owners = Array.from({ length: map.partitionCount }, (_, partition) => map.ownerOf(partition)?.address);
    const others = owners.filter((address) => address !== undefined && address !== map.ownAddress);
    this.#channels.keep(new Set(others.filter((address) => address !== undefined)));
    const routes = owners.map((address) => this.#routeTo(address));
    this.#byBucket = Array.from(
      { length: BUCKET_COUNT },
      (_, bucket) => routes[partitionOfBucket(bucket as Bucket, map.partitionCount)] ?? "nobody",
    );
    this.#isAlone = routes.every((route) => route === "own");
  }

  #routeTo(address: string | undefined): Route {
    if (address === undefined) return "nobody";
    if (address === this.#options.map.ownAddress) return "own";
    return this.#channels.to(address) ?? "nobody";
  }
}

const NO_TIME: RpcFailure = {
  code: "DEADLINE_EXCEEDED",
  reason: "",
  field: "",
  expected: "",
  message: "the deadline is too near for a hop",
};

const SILENT: RpcFailure = {
  code: "UNAVAILABLE",
  reason: "",
  field: "",
  expected: "",
  message: "the other scorer keeps silent: a call that is under way finds out whether it answers again",
};

/** As the metric has it. */
type ForwardOutcome = (typeof FORWARD_OUTCOMES)[number];

function outcomeOf(answer: Result<unknown, RpcFailure>, signal: AbortSignal): ForwardOutcome {
  if (answer.ok) return "answered";
  if (signal.aborted) return "cancelled";
  const { code, reason } = answer.error;
  switch (code) {
    case "DEADLINE_EXCEEDED":
      return "late";
    case "UNAVAILABLE":
    case "CANCELLED":
      return "unavailable";
    case "INTERNAL":
      return "failed";
    default:
      return reason === "" ? "failed" : "refused";
  }
}
