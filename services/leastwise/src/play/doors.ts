import { wire } from "@leastwise/contracts";
import { callUnary, connect, type RpcFailure } from "@leastwise/rpc";
import type { Result } from "@leastwise/vocabulary";

/** How long a call of the play may take: long, since a play is no checkout. */
const CALL_TIMEOUT_MS = 30_000;

/** The doors that a play uses, as any shop would: gRPC over a socket. */
export class Doors {
  readonly #collector: wire.CollectorServiceClient;
  readonly #decisions: wire.DecisionServiceClient;
  readonly #offers: wire.OfferServiceClient;
  readonly #subjects: wire.SubjectServiceClient;
  readonly #catalog: wire.CatalogServiceClient;

  constructor(address: string) {
    this.#collector = connect(wire.CollectorServiceClient, address);
    this.#decisions = connect(wire.DecisionServiceClient, address);
    this.#offers = connect(wire.OfferServiceClient, address);
    this.#subjects = connect(wire.SubjectServiceClient, address);
    this.#catalog = connect(wire.CatalogServiceClient, address);
  }

  record(events: wire.Event[]): Promise<Result<wire.RecordResponse, RpcFailure>> {
    return callUnary(this.#collector.record.bind(this.#collector), { events }, { timeoutMs: CALL_TIMEOUT_MS });
  }

  decide(request: wire.DecideRequest): Promise<Result<wire.DecideResponse, RpcFailure>> {
    return callUnary(this.#decisions.decide.bind(this.#decisions), request, { timeoutMs: CALL_TIMEOUT_MS });
  }

  redeem(request: wire.RedeemRequest): Promise<Result<wire.RedeemResponse, RpcFailure>> {
    return callUnary(this.#offers.redeem.bind(this.#offers), request, { timeoutMs: CALL_TIMEOUT_MS });
  }

  putProducts(products: wire.Product[]): Promise<Result<wire.PutProductsResponse, RpcFailure>> {
    return callUnary(this.#catalog.putProducts.bind(this.#catalog), { products }, { timeoutMs: CALL_TIMEOUT_MS });
  }

  getProduct(productId: string): Promise<Result<wire.GetProductResponse, RpcFailure>> {
    return callUnary(this.#catalog.getProduct.bind(this.#catalog), { productId }, { timeoutMs: CALL_TIMEOUT_MS });
  }

  putProfile(request: wire.PutProfileRequest): Promise<Result<wire.PutProfileResponse, RpcFailure>> {
    return callUnary(this.#subjects.putProfile.bind(this.#subjects), request, { timeoutMs: CALL_TIMEOUT_MS });
  }

  putConsent(request: wire.PutConsentRequest): Promise<Result<wire.PutConsentResponse, RpcFailure>> {
    return callUnary(this.#subjects.putConsent.bind(this.#subjects), request, { timeoutMs: CALL_TIMEOUT_MS });
  }

  close(): void {
    for (const client of [this.#collector, this.#decisions, this.#offers, this.#subjects, this.#catalog])
      client.close();
  }
}
