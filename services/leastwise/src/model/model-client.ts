import { wire } from "@leastwise/contracts";
import { callUnary, connect, type RpcFailure } from "@leastwise/rpc";
import type { Result } from "@leastwise/vocabulary";
import { answeredBy, ASKING } from "../host/ask-service.js";

/** The response models of a running service, by its gRPC door. What goes wrong is a ServiceFailure, in words. */
export class ModelClient {
  readonly #client: wire.ModelServiceClient;
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
    this.#client = connect(wire.ModelServiceClient, address);
  }

  /** Puts a model into force; its version. */
  async apply(asked: wire.ApplyModelRequest): Promise<string> {
    const { version } = await this.#asked(callUnary(this.#client.applyModel.bind(this.#client), asked, ASKING));
    return version;
  }

  /**
   * A model, whole.
   *
   * @param version absent: the one in force
   */
  get(version = ""): Promise<wire.GetModelResponse> {
    return this.#asked(callUnary(this.#client.getModel.bind(this.#client), { version }, ASKING));
  }

  /** The newest first, without what is in them. */
  async history(): Promise<readonly wire.GetModelResponse[]> {
    const { models } = await this.#asked(callUnary(this.#client.listModels.bind(this.#client), {}, ASKING));
    return models;
  }

  /** Goes back to an earlier version; the version that says the same from now on. */
  async rollBack(asked: wire.RollbackModelRequest): Promise<string> {
    const { version } = await this.#asked(callUnary(this.#client.rollbackModel.bind(this.#client), asked, ASKING));
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
