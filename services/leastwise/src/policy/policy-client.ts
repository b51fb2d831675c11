import { wire } from "@leastwise/contracts";
import { callUnary, connect, type RpcFailure } from "@leastwise/rpc";
import type { Result } from "@leastwise/vocabulary";
import { ServiceFailure } from "../host/start-failure.js";

/** How long a call may take: the log has to take what is written. */
const CALL_TIMEOUT_MS = 15_000;

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
    return this.#asked(callUnary(this.#client.applyPolicy.bind(this.#client), { policy }, TIMEOUT));
  }

  /**
   * A policy, whole.
   *
   * @param version absent: the one in force
   */
  async get(version = ""): Promise<wire.Policy> {
    const { policy } = await this.#asked(callUnary(this.#client.getPolicy.bind(this.#client), { version }, TIMEOUT));
    if (policy === undefined) throw new ServiceFailure(`${this.#address} answered without a policy`);
    return policy;
  }

  /** The newest first, without what is in them. */
  async history(): Promise<readonly wire.GetPolicyResponse[]> {
    const { policies } = await this.#asked(callUnary(this.#client.listPolicies.bind(this.#client), {}, TIMEOUT));
    return policies;
  }

  /** Goes back to an earlier version; the version that says the same from now on. */
  async rollBack(asked: wire.RollbackPolicyRequest): Promise<string> {
    const { version } = await this.#asked(callUnary(this.#client.rollbackPolicy.bind(this.#client), asked, TIMEOUT));
    return version;
  }

  /** Lets go of the connection. */
  close(): void {
    this.#client.close();
  }

  async #asked<T>(answer: Promise<Result<T, RpcFailure>>): Promise<T> {
    const answered = await answer;
    if (answered.ok) return answered.value;
    const { code, message } = answered.error;
    const hint = code === "UNAVAILABLE" ? `: does a service run there? --address says where to ask` : "";
    throw new ServiceFailure(`${this.#address}: ${message}${hint}`);
  }
}

const TIMEOUT = { timeoutMs: CALL_TIMEOUT_MS };
