import { wire } from "@leastwise/contracts";
import { callUnary, connect, type RpcFailure } from "@leastwise/rpc";
import type { Result } from "@leastwise/vocabulary";
import type { Places } from "./system.js";

type Answer<T> = Promise<Result<T, RpcFailure>>;

interface Clients {
  readonly decisions: wire.DecisionServiceClient;
  readonly offers: wire.OfferServiceClient;
}

/**
 * The doors of all scorers, as one caller has them who makes one call after the other. A connection over which a call failed is made anew, so that
 * no waiting time of an old one is taken for a scorer that does not answer.
 */
export class Doors {
  readonly #scorers: Places["scorers"];
  readonly #clients = new Map<string, Clients>();

  constructor(scorers: Places["scorers"]) {
    this.#scorers = scorers;
  }

  /** Names of the scorers, the given one first, then the others in turn: where a client tries. */
  from(first: number): readonly string[] {
    return this.#scorers.map((_, index) => this.#scorers[(first + index) % this.#scorers.length]!.name);
  }

  get count(): number {
    return this.#scorers.length;
  }

  decide(at: string, request: wire.DeepPartial<wire.DecideRequest>, timeoutMs: number): Answer<wire.DecideResponse> {
    const whole = wire.DecideRequest.fromPartial(request);
    return this.#call(at, ({ decisions }) => callUnary(decisions.decide.bind(decisions), whole, { timeoutMs }));
  }

  redeem(at: string, request: wire.DeepPartial<wire.RedeemRequest>, timeoutMs: number): Answer<wire.RedeemResponse> {
    const whole = wire.RedeemRequest.fromPartial(request);
    return this.#call(at, ({ offers }) => callUnary(offers.redeem.bind(offers), whole, { timeoutMs }));
  }

  /** An offer as the ledger has it. */
  offer(at: string, code: string, timeoutMs: number): Answer<wire.Offer> {
    return this.#call(at, ({ offers }) => callUnary(offers.get.bind(offers), { code }, { timeoutMs }));
  }

  close(): void {
    for (const at of [...this.#clients.keys()]) this.#forget(at);
  }

  async #call<T>(at: string, run: (clients: Clients) => Answer<T>): Answer<T> {
    const answer = await run(this.#clientsOf(at));
    if (!answer.ok && /^(UNAVAILABLE|DEADLINE_EXCEEDED|CANCELLED)$/.test(answer.error.code)) this.#forget(at);
    return answer;
  }

  #clientsOf(at: string): Clients {
    const known = this.#clients.get(at);
    if (known !== undefined) return known;
    const address = this.#scorers.find(({ name }) => name === at)?.address ?? "";
    const clients = {
      decisions: connect(wire.DecisionServiceClient, address),
      offers: connect(wire.OfferServiceClient, address),
    };
    this.#clients.set(at, clients);
    return clients;
  }

  #forget(at: string): void {
    const clients = this.#clients.get(at);
    clients?.decisions.close();
    clients?.offers.close();
    this.#clients.delete(at);
  }
}
