import { codeIn } from "@leastwise/contracts";
import { readCode } from "@leastwise/offers";
import {
  callerGone,
  hasHopped,
  passedOn,
  refuse,
  type CallContext,
  type RpcRefusal,
  type RpcService,
} from "@leastwise/rpc";
import type { Telemetry } from "@leastwise/telemetry";
import { err, refusal, type Result } from "@leastwise/vocabulary";
import type { Route, Router } from "./router.js";

export interface RoutedOfferOptions {
  /** The doors of the offers whose ledger this process owns. */
  readonly local: RpcService;
  readonly router: Router;
  readonly telemetry: Pick<Telemetry, "metrics">;
}

type Method = RpcService["methods"][number];

/** How long another scorer is waited for where the caller set no deadline, ms: a log that is slow takes as long. */
const WAIT_MAX_MS = 10_000;

/**
 * The doors of the offers where several scorers own the ledger: each method names a code, and a code tells its bucket, so that the call goes to the
 * owner in one hop. What is no code is refused here. Where the owner does not answer, the caller hears UNAVAILABLE and tries again
 * itself: only it knows how long that makes sense.
 */
export function routedOfferService(options: RoutedOfferOptions): RpcService {
  const { name, methods } = options.local;
  return { name, methods: methods.map((method) => routed(method, options)) };
}

function routed(method: Method, { router, telemetry }: RoutedOfferOptions): Method {
  const unavailable = () => {
    const { reason } = OWNER_UNAVAILABLE.refusal;
    telemetry.metrics.offerRefusals.with({ method: nameOf(method), reason }).add();
    return err(OWNER_UNAVAILABLE);
  };
  const handler = async (request: unknown, context: CallContext): Promise<Result<unknown, RpcRefusal>> => {
    const route = router.isAlone ? "own" : routeOf(router, request);
    if (route === "own") return method.handler(request, context);
    if (route === "nobody" || hasHopped(context)) return unavailable();
    const answer = await router.forward<unknown, unknown>(route, method.method, request, context, WAIT_MAX_MS);
    if (answer.ok) return answer;
    if (context.signal.aborted) return err(callerGone());
    const refused = LOST.has(answer.error.code) ? undefined : passedOn(answer.error);
    return refused === undefined ? unavailable() : err(refused);
  };
  return { ...method, handler };
}

/** How the hop ended, not what the owner said of the call. */
const LOST: ReadonlySet<string> = new Set(["DEADLINE_EXCEEDED", "CANCELLED"]);

const OWNER_UNAVAILABLE = refuse(
  "UNAVAILABLE",
  refusal(
    "owner_unavailable",
    "code",
    "a code whose scorer did not answer",
    "the same call again in a moment: the same idempotency key says whether it was used",
  ),
);

/** What names no readable code is refused here. */
function routeOf(router: Router, request: unknown): Route {
  const text = codeOf(request);
  const code = text === undefined ? undefined : codeIn(text);
  const read = code === undefined ? undefined : readCode(code);
  return read?.ok === true ? router.routeOf(read.value.bucket) : "own";
}

function codeOf(request: unknown): string | undefined {
  if (typeof request !== "object" || request === null || !("code" in request)) return undefined;
  return typeof request.code === "string" ? request.code : undefined;
}

function nameOf({ method: { path } }: Method): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
