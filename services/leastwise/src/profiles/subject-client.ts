import { wire } from "@leastwise/contracts";
import { callUnary, connect, type RpcFailure } from "@leastwise/rpc";
import type { Result } from "@leastwise/vocabulary";
import { setTimeout as delay } from "node:timers/promises";
import { unreachable } from "../host/ask-service.js";
import { ServiceFailure } from "../host/start-failure.js";
import type { ProfileRow } from "./profile-row.js";

/** How long a call may take: the log has to take what is written. */
const CALL_TIMEOUT_MS = 15_000;

/** Waits before each further try of a call that nobody answered, ms. What was put twice is as if it had been put once. */
const RETRY_AFTER_MS = [100, 200, 400, 800, 1_600] as const;

/** What a try more may help with. */
const PASSING = ["UNAVAILABLE", "DEADLINE_EXCEEDED"];

/** Profiles and consents of a running service, by its gRPC door. */
export class SubjectClient {
  readonly #client: wire.SubjectServiceClient;
  readonly #address: string;

  constructor(address: string) {
    this.#client = connect(wire.SubjectServiceClient, address);
    this.#address = address;
  }

  /**
   * Keeps what a row says; why the service refuses it, in words, if it does.
   *
   * @throws ServiceFailure if the service cannot be asked, or cannot keep anything
   */
  async keep({ subject, profile, consent }: ProfileRow): Promise<string | undefined> {
    const client = this.#client;
    const refused =
      profile === undefined
        ? undefined
        : await this.#asked(() => callUnary(client.putProfile.bind(client), { subject, profile }, TIMEOUT));
    if (refused !== undefined || consent === undefined) return refused;
    return this.#asked(() =>
      callUnary(client.putConsent.bind(client), { subject, consent, exchange: undefined }, TIMEOUT),
    );
  }

  /** Lets go of the connection. */
  close(): void {
    this.#client.close();
  }

  async #asked(ask: () => Promise<Result<unknown, RpcFailure>>): Promise<string | undefined> {
    let answer = await ask();
    for (const afterMs of RETRY_AFTER_MS) {
      if (answer.ok || !PASSING.includes(answer.error.code)) break;
      await delay(afterMs);
      answer = await ask();
    }
    if (answer.ok) return undefined;
    const { code, message } = answer.error;
    if (code === "INVALID_ARGUMENT") return message;
    const said = code === "UNAVAILABLE" ? unreachable(this.#address, message) : `${this.#address}: ${message}`;
    throw new ServiceFailure(said);
  }
}

const TIMEOUT = { timeoutMs: CALL_TIMEOUT_MS };
