import { wire } from "@leastwise/contracts";
import {
  connect,
  invalidArgument,
  startRpcServer,
  type RpcRefusal,
  type RpcServer,
  type RpcService,
} from "@leastwise/rpc";
import type { Telemetry } from "@leastwise/telemetry";
import { err, ok, type Refusal, type Result, type SubjectId } from "@leastwise/vocabulary";
import { readDecide } from "../../decide-request.js";
import { checkout, quietTelemetry } from "../../given/shop.js";
import { routedDecisionService, type RoutedDecider } from "../routed-decision-service.js";
import { Router } from "../router.js";
import { routingService } from "../routing-service.js";
import { GivenMap } from "./given-map.js";

/** So that a partition is a byte's top two bits. */
export const PARTITIONS = 4;

/** A checkout of a shopper of this bucket. */
export function checkoutIn(bucket: number, requestId = `r-${bucket}`): wire.DecideRequest {
  return checkout({ subject: { userId: subjectIn(bucket) }, requestId });
}

/** Some subject of this bucket. */
export function subjectIn(bucket: number): SubjectId {
  return bucket.toString(16).padStart(2, "0").padEnd(32, "0") as SubjectId;
}

/** A decider whose answers tell whose they are; the shopper's id is their subject. */
export class GivenDecider implements RoutedDecider {
  readonly #name: string;
  /** Requests that were decided, with their deadlines. */
  readonly decided: { readonly requestId: string; readonly deadlineMs: number | undefined }[] = [];
  /** What each decision waits for. */
  before: () => Promise<void> = () => Promise.resolve();
  degradedReason = "";
  /** How often it was asked whose a request is. */
  lookUps = 0;

  constructor(name: string) {
    this.#name = name;
  }

  async decide(
    request: wire.DecideRequest,
    deadlineMs: number | undefined,
  ): Promise<Result<wire.DecideResponse, Refusal>> {
    const read = readDecide(request, 0);
    if (!read.ok) return read;
    this.decided.push({ requestId: request.requestId, deadlineMs });
    await this.before();
    return ok(this.#answer(request, this.degradedReason));
  }

  subjectOf(request: wire.DecideRequest): Result<SubjectId, Refusal> {
    this.lookUps += 1;
    const read = readDecide({ ...checkout(), subject: request.subject }, 0);
    return read.ok ? ok(read.value.ids.userId as SubjectId) : read;
  }

  degraded(request: wire.DecideRequest, reason: "owner_unavailable"): Result<wire.DecideResponse, Refusal> {
    const read = readDecide(request, 0);
    return read.ok ? ok(this.#answer(request, reason)) : read;
  }

  whatIf({ request }: wire.WhatIfRequest): Promise<Result<wire.WhatIfResponse, RpcRefusal>> {
    const read = readDecide(request ?? checkout(), 0);
    if (!read.ok) return Promise.resolve(err(invalidArgument(read.error)));
    const answer = this.#answer(request ?? checkout(), "");
    return Promise.resolve(ok(wire.WhatIfResponse.fromPartial({ answer })));
  }

  #answer({ requestId }: wire.DecideRequest, degradedReason: string): wire.DecideResponse {
    return wire.DecideResponse.fromPartial({ decisionId: `${this.#name}:${requestId}`, degradedReason });
  }
}

/** A scorer among others, with a real door. */
export interface RoutedScorer {
  readonly address: string;
  readonly map: GivenMap;
  readonly decider: GivenDecider;
  readonly router: Router;
  readonly telemetry: Telemetry;
  readonly server: RpcServer;
  readonly client: wire.DecisionServiceClient;
  /** Decisions that it can explain. */
  readonly known: Set<string>;
  /** As a crash: whatever is under way is cut off. */
  kill(): Promise<void>;
}

export interface RoutedScorerOptions {
  /** Time for a decision whose caller gave none, ms: long where a test is not about time. */
  readonly budgetMs?: number;
  /** How long before its deadline an answer leaves, ms. */
  readonly marginMs?: number;
}

/** Starts a scorer whose map names nobody yet. */
export async function startScorer(name: string, options: RoutedScorerOptions = {}): Promise<RoutedScorer> {
  const { budgetMs = 30_000, marginMs = 5 } = options;
  const map = new GivenMap(PARTITIONS);
  const telemetry = quietTelemetry();
  const router = new Router({ map, telemetry, wallNowMs: () => Date.now(), marginMs });
  const decider = new GivenDecider(name);
  const known = new Set<string>();
  const explain = (decisionId: string) =>
    known.has(decisionId) ? wire.ExplainResponse.fromPartial({ sentences: [name] }) : undefined;
  const decisions = routedDecisionService({ decider, recent: { explain }, router, budgetMs });
  const { server, address } = await listen(decisions, routingService(map));
  map.ownAddress = address;
  const client = connect(wire.DecisionServiceClient, address);
  const kill = async () => {
    client.close();
    router.close();
    await server.drain(0);
    telemetry.close();
  };
  return { address, map, decider, router, telemetry, server, client, known, kill };
}

/** Opens a real door. */
export async function listen(...services: readonly RpcService[]): Promise<{ server: RpcServer; address: string }> {
  const started = await startRpcServer({ host: "127.0.0.1", port: 0, services });
  if (!started.ok) throw new Error(started.error.expected);
  return { server: started.value, address: `127.0.0.1:${started.value.port}` };
}

/** An address that nobody listens at. */
export async function deadAddress(): Promise<string> {
  const { server, address } = await listen();
  await server.drain(0);
  return address;
}
