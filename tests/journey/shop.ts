import { wire } from "@leastwise/contracts";
import { callUnary, connect, type RpcFailure } from "@leastwise/rpc";
import type { Result } from "@leastwise/vocabulary";
import type { Ports } from "./program.js";
import { until } from "./until.js";

/** Stands in every raw id that a journey sends: where it is found, a raw id was let out. */
export const RAW_MARK = "zebra";

/** No call of a test waits longer, ms. */
const CALL_MAX_MS = 15_000;

/** How an HTTP request was answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly mediaType: string;
  readonly body: Record<string, unknown> & {
    readonly verdicts?: readonly { reason: string; field: string; warnings: string[] }[];
    readonly position?: string;
    readonly accepted?: number;
    readonly reason?: string;
    readonly field?: string;
    readonly expected?: string;
  };
}

type Answer<T> = Promise<Result<T, RpcFailure>>;

/** A shop that uses the program as its users do: HTTP in, gRPC, SQL, the metrics page. */
export class Shop {
  readonly ports: Ports;
  readonly collector: wire.CollectorServiceClient;
  readonly decisions: wire.DecisionServiceClient;
  readonly offers: wire.OfferServiceClient;
  readonly subjects: wire.SubjectServiceClient;
  readonly catalog: wire.CatalogServiceClient;
  readonly policies: wire.PolicyServiceClient;

  /** `ports.rpc` is the door to decisions; the collector's may be another. */
  constructor(ports: Ports, collectorRpc: number | undefined = ports.rpc) {
    this.ports = ports;
    const references = `127.0.0.1:${String(collectorRpc)}`;
    const checkout = `127.0.0.1:${String(ports.rpc)}`;
    this.collector = connect(wire.CollectorServiceClient, references);
    this.subjects = connect(wire.SubjectServiceClient, references);
    this.catalog = connect(wire.CatalogServiceClient, references);
    this.policies = connect(wire.PolicyServiceClient, references);
    this.decisions = connect(wire.DecisionServiceClient, checkout);
    this.offers = connect(wire.OfferServiceClient, checkout);
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<HttpAnswer> {
    const response = await fetch(`http://127.0.0.1:${String(this.ports.http)}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MAX_MS),
    });
    return {
      status: response.status,
      mediaType: response.headers.get("content-type") ?? "",
      body: (await response.json()) as HttpAnswer["body"],
    };
  }

  record(...events: wire.DeepPartial<wire.Event>[]): Answer<wire.RecordResponse> {
    const request = wire.RecordRequest.fromPartial({ events });
    return callUnary(this.collector.record.bind(this.collector), request, { timeoutMs: CALL_MAX_MS });
  }

  decide(request: wire.DeepPartial<wire.DecideRequest>): Answer<wire.DecideResponse> {
    const whole = wire.DecideRequest.fromPartial(request);
    return callUnary(this.decisions.decide.bind(this.decisions), whole, { timeoutMs: CALL_MAX_MS });
  }

  explain(decisionId: string): Answer<wire.ExplainResponse> {
    const request = wire.ExplainRequest.fromPartial({ decisionId });
    return callUnary(this.decisions.explain.bind(this.decisions), request, { timeoutMs: CALL_MAX_MS });
  }

  validate(request: wire.DeepPartial<wire.ValidateRequest>): Answer<wire.ValidateResponse> {
    const whole = wire.ValidateRequest.fromPartial(request);
    return callUnary(this.offers.validate.bind(this.offers), whole, { timeoutMs: CALL_MAX_MS });
  }

  bestStack(request: wire.DeepPartial<wire.BestStackRequest>): Answer<wire.BestStackResponse> {
    const whole = wire.BestStackRequest.fromPartial(request);
    return callUnary(this.offers.bestStack.bind(this.offers), whole, { timeoutMs: CALL_MAX_MS });
  }

  redeem(request: wire.DeepPartial<wire.RedeemRequest>): Answer<wire.RedeemResponse> {
    const whole = wire.RedeemRequest.fromPartial(request);
    return callUnary(this.offers.redeem.bind(this.offers), whole, { timeoutMs: CALL_MAX_MS });
  }

  putProducts(...products: wire.DeepPartial<wire.Product>[]): Answer<wire.PutProductsResponse> {
    const request = wire.PutProductsRequest.fromPartial({ products });
    return callUnary(this.catalog.putProducts.bind(this.catalog), request, { timeoutMs: CALL_MAX_MS });
  }

  putConsent(userId: string, ...purposes: wire.Purpose[]): Answer<wire.PutConsentResponse> {
    const request = wire.PutConsentRequest.fromPartial({ subject: { userId }, consent: { purposes } });
    return callUnary(this.subjects.putConsent.bind(this.subjects), request, { timeoutMs: CALL_MAX_MS });
  }

  /** Rows of a SELECT through the SQL door; throws with ClickHouse's own words. */
  async sql<Row = Record<string, unknown>>(query: string, parameters: Record<string, string> = {}): Promise<Row[]> {
    const given = Object.entries(parameters).map(([name, value]): [string, string] => [`param_${name}`, value]);
    const url = `http://127.0.0.1:${String(this.ports.sql)}/?${new URLSearchParams(given).toString()}`;
    const signal = AbortSignal.timeout(CALL_MAX_MS);
    const response = await fetch(url, { method: "POST", body: `${query} FORMAT JSONEachRow`, signal });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);
  }

  /** The one number that a SELECT gives. */
  async number(select: string): Promise<number> {
    const [row] = await this.sql<{ n: number | string }>(`SELECT toFloat64((SELECT ${select})) AS n`);
    return Number(row?.n);
  }

  /** Waits until a SELECT gives a number. */
  async sees(select: string, wanted: number): Promise<void> {
    let seen = Number.NaN;
    await until(async () => {
      seen = await this.number(select);
      return seen === wanted ? true : undefined;
    }, `${select} = ${wanted}`).catch((error: unknown) => {
      throw new Error(`${String(error)}; seen: ${seen}`);
    });
  }

  /** A page of the operations door: status and text. */
  async ops(path: string, port: number = this.ports.ops): Promise<{ status: number; text: string }> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(CALL_MAX_MS) });
    return { status: response.status, text: await response.text() };
  }

  /** Sum of a metric's samples whose labels contain all of the given. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return (await this.ops("/metrics")).text
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((pair) => line.includes(pair)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  close(): void {
    for (const client of [this.collector, this.decisions, this.offers, this.subjects, this.catalog, this.policies])
      client.close();
  }
}

/** The value of an answer that must be one. */
export function need<T>(answer: Result<T, RpcFailure>): T {
  if (answer.ok) return answer.value;
  throw new Error(`${answer.error.code} ${answer.error.reason}: ${answer.error.message}`);
}

/** The code and reason of an answer that must be a refusal. */
export function refusalOf<T>(answer: Result<T, RpcFailure>): string {
  return answer.ok ? "taken" : `${answer.error.code} ${answer.error.reason}`;
}

/** Money of the tests' shop. */
export function eur(minor: number): wire.Money {
  return { minor: BigInt(minor), currency: "EUR" };
}

/** A line of a cart. */
export function line(productId: string, quantity: number, unitMinor: number): wire.DeepPartial<wire.Line> {
  return { productId, quantity: BigInt(quantity), unitPrice: eur(unitMinor) };
}

/** A cart that the built-in policy gives something for now and then. */
export const CART = { lines: [line("p-coat", 1, 12_000), line("p-scarf", 2, 2_500)], shipping: eur(495) };
