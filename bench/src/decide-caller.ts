import { wire } from "@leastwise/contracts";
import { callUnary, connect } from "@leastwise/rpc";
import type { Child } from "./child.js";
import type { ToChild, ToParent } from "./decide-messages.js";
import { marketRequest, SHOPPERS_OF_KIND, type AnswerKind } from "./market-shop.js";

export type DecideServer = Child<ToChild, ToParent>;

/** What one round of calls gave. */
export interface Round {
  readonly decisionsPerSecond: number;
  readonly latenciesMs: readonly number[];
  /** CPU time of the server's process, µs a decision. */
  readonly serverCpuUs: number;
}

/** Hands out requests of shoppers who have not been asked yet. */
export class Shoppers {
  readonly #kind: AnswerKind;
  readonly #isEachOnce: boolean;
  #asked = 0;

  /** @param isEachOnce false: after the last the first comes again, as is good enough for a handler that only answers */
  constructor(kind: AnswerKind, isEachOnce = true) {
    this.#kind = kind;
    this.#isEachOnce = isEachOnce;
  }

  next(): wire.DecideRequest {
    const place = this.#isEachOnce ? this.#asked : this.#asked % SHOPPERS_OF_KIND;
    this.#asked += 1;
    return marketRequest(this.#kind, place);
  }

  /** Throws for an answer that is not what such a shopper gets for the first time. */
  check({ offer, degradedReason }: wire.DecideResponse): void {
    if (degradedReason !== "") throw new Error(`an answer was degraded: ${degradedReason}`);
    if ((offer !== undefined) !== (this.#kind === "grant")) throw new Error(`an answer was no ${this.#kind}`);
  }
}

/** Calls Decide, on the server's own door or on an empty handler. */
export class DecideCaller {
  readonly #client: wire.DecisionServiceClient;
  readonly #shoppers: Shoppers;

  constructor(port: number, shoppers: Shoppers) {
    this.#client = connect(wire.DecisionServiceClient, `127.0.0.1:${port}`);
    this.#shoppers = shoppers;
  }

  close(): void {
    this.#client.close();
  }

  /** Keeps so many calls in flight for a while. */
  round(server: DecideServer, forMs: number, inFlight: number): Promise<Round> {
    return measured(server, forMs, inFlight, async () => {
      const answer = await callUnary(this.#client.decide.bind(this.#client), this.#shoppers.next());
      if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`);
      this.#shoppers.check(answer.value);
      return 1;
    });
  }
}

/** Does an act again and again for a while, several side by side. @param act how many decisions it brought */
export async function measured(
  server: DecideServer,
  forMs: number,
  sideBySide: number,
  act: () => Promise<number>,
): Promise<Round> {
  const latenciesMs: number[] = [];
  let decisions = 0;
  const cpuBeforeUs = await cpuUs(server);
  const startedMs = performance.now();
  const actInTurn = async (): Promise<void> => {
    while (performance.now() - startedMs < forMs) {
      const calledMs = performance.now();
      const brought = await act();
      decisions += brought;
      latenciesMs.push(performance.now() - calledMs);
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, actInTurn));
  const tookMs = performance.now() - startedMs;
  const serverCpuUs = ((await cpuUs(server)) - cpuBeforeUs) / decisions;
  return { decisionsPerSecond: (decisions * 1_000) / tookMs, latenciesMs, serverCpuUs };
}

async function cpuUs(server: DecideServer): Promise<number> {
  const answer = server.told("cpu");
  server.ask({ kind: "cpu" });
  return (await answer).cpuUs;
}
