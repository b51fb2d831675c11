import { wire } from "@leastwise/contracts";
import { callUnary, connect, type RpcFailure } from "@leastwise/rpc";
import type { Result } from "@leastwise/vocabulary";
import { answeredBy, ASKING } from "../host/ask-service.js";
import { ServiceFailure } from "../host/start-failure.js";

/** The policies of a running service, by its gRPC door. What goes wrong is a {@link ServiceFailure}, in words. */
export class PolicyClient {
  readonly #client: wire.PolicyServiceClient;
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
    this.#client = connect(wire.PolicyServiceClient, address);
  }

  /** Puts a policy into force; its version, and what is worth knowing of it. */
  apply(policy: wire.Policy): Promise<wire.ApplyPolicyResponse> {
    return this.#asked(callUnary(this.#client.applyPolicy.bind(this.#client), { policy }, ASKING));
  }

  /**
   * A policy, whole.
   *
   * @param version absent: the one in force
   */
  async get(version = ""): Promise<wire.Policy> {
    const { policy } = await this.#asked(callUnary(this.#client.getPolicy.bind(this.#client), { version }, ASKING));
    if (policy === undefined) throw new ServiceFailure(`${this.#address} answered without a policy`);
    return policy;
  }

  /** The newest first, without what is in them. */
  async history(): Promise<readonly wire.GetPolicyResponse[]> {
    const { policies } = await this.#asked(callUnary(this.#client.listPolicies.bind(this.#client), {}, ASKING));
    return policies;
  }

  /** Goes back to an earlier version; the version that says the same from now on. */
  async rollBack(asked: wire.RollbackPolicyRequest): Promise<string> {
    const { version } = await this.#asked(callUnary(this.#client.rollbackPolicy.bind(this.#client), asked, ASKING));
    return version;
  }

  /** Lets go of the connection. */
  close(): void {
    this.#client.close();
  }

  #asked<T>(answer: Promise<Result<T, RpcFailure>>): Promise<T> {
    return answeredBy(this.#address, answer);
  }
}
