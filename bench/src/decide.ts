import { wire } from "@leastwise/contracts";
import { callUnary, connect } from "@leastwise/rpc";
import { Child } from "./child.js";
import { decideRequest, SHOPPERS } from "./checkout.js";
import type { ToChild, ToParent } from "./decide-messages.js";
import { figuresOf, inTurn, percentile, spreadOf, type Bench, type Figures } from "./harness.js";

const ROUNDS = 5;
const IN_FLIGHT = 8;
const WARM_UP_MS = 1_000;

type Server = Child<ToChild, ToParent>;

/** What one round of calls to one of the two servers gave. */
interface Round {
  readonly callsPerSecond: number;
  readonly latenciesMs: readonly number[];
  /** CPU time of the server's process, µs a call. */
  readonly serverCpuUs: number;
  /** Answers that carried an offer, 0 to 1. */
  readonly offered: number;
}

/**
 * Decide against a handler that does nothing. Both answer the same messages in the same process over grpc-js, the caller being another
 * process; Decide appends each decision to the embedded log (durable: fsync before an answer that grants, after one that does not).
 */
export const decideBench: Bench = {
  name: "decide",
  summary: "Decide, its append to the embedded log included, against an empty grpc-js handler in the same process",
  async run({ seconds, say }): Promise<Figures> {
    const child: Server = new Child(new URL("./decide-child.js", import.meta.url));
    try {
      say(`preparing ${SHOPPERS} shoppers with windows and consent on an embedded log`);
      const { decidePort, emptyPort } = await child.told("ready");
      const decide = new Caller(child, decidePort);
      const empty = new Caller(child, emptyPort);
      await inTurn(
        1,
        () => decide.round(WARM_UP_MS),
        () => empty.round(WARM_UP_MS),
      );
      const roundMs = (seconds * 1_000) / (2 * ROUNDS);
      const { a, b } = await inTurn(
        ROUNDS,
        () => decide.round(roundMs),
        () => empty.round(roundMs),
      );
      decide.close();
      empty.close();
      return figures(a, b, say);
    } finally {
      await child.end("end");
    }
  },
};

function figures(decide: readonly Round[], empty: readonly Round[], say: (line: string) => void): Figures {
  const ratio = spreadOf(
    decide.map((round, index) => round.callsPerSecond / (empty[index]?.callsPerSecond ?? Number.NaN)),
  );
  const one = (name: string, rounds: readonly Round[]): Figures => {
    const latencies = rounds.flatMap(({ latenciesMs }) => latenciesMs);
    const rate = spreadOf(rounds.map(({ callsPerSecond }) => callsPerSecond));
    const cpu = spreadOf(rounds.map(({ serverCpuUs }) => serverCpuUs));
    const [p50, p99] = [percentile(latencies, 0.5), percentile(latencies, 0.99)];
    say(
      `${name.padEnd(7)} ${rate.median.toFixed(0)} calls/s (${rate.min.toFixed(0)}–${rate.max.toFixed(0)}), ` +
        `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, server CPU ${cpu.median.toFixed(0)} µs a call`,
    );
    return {
      ...figuresOf(`${name}_calls_per_s`, rate),
      [`${name}_p50_ms`]: p50,
      [`${name}_p99_ms`]: p99,
      ...figuresOf(`${name}_server_cpu_us_per_call`, cpu),
    };
  };
  const both = { ...one("decide", decide), ...one("empty", empty) };
  const offered = spreadOf(decide.map((round) => round.offered)).median;
  say(
    `Decide does ${ratio.median.toFixed(2)} of the empty handler's calls a second (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
  );
  say(
    `${(100 * offered).toFixed(0)} % of the answers carried an offer; ${IN_FLIGHT} calls in flight; log: embedded, fsync`,
  );
  return { ...both, ...figuresOf("decide_vs_empty", ratio), offered_share: offered, in_flight: IN_FLIGHT };
}

/** Calls one of the servers. */
class Caller {
  readonly #child: Server;
  readonly #client: wire.DecisionServiceClient;
  #calls = 0;

  constructor(child: Server, port: number) {
    this.#child = child;
    this.#client = connect(wire.DecisionServiceClient, `127.0.0.1:${port}`);
  }

  close(): void {
    this.#client.close();
  }

  async round(durationMs: number): Promise<Round> {
    const latenciesMs: number[] = [];
    let offers = 0;
    const cpuBeforeUs = await this.#cpuUs();
    const startedMs = performance.now();
    const callInTurn = async (): Promise<void> => {
      while (performance.now() - startedMs < durationMs) {
        const calledMs = performance.now();
        if ((await this.#call()).offer !== undefined) offers += 1;
        latenciesMs.push(performance.now() - calledMs);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, callInTurn));
    const tookMs = performance.now() - startedMs;
    const serverCpuUs = ((await this.#cpuUs()) - cpuBeforeUs) / latenciesMs.length;
    const callsPerSecond = (latenciesMs.length * 1_000) / tookMs;
    return { callsPerSecond, latenciesMs, serverCpuUs, offered: offers / latenciesMs.length };
  }

  async #call(): Promise<wire.DecideResponse> {
    this.#calls += 1;
    const request = decideRequest(this.#calls % SHOPPERS, `request-${this.#calls}`);
    const answer = await callUnary(this.#client.decide.bind(this.#client), request);
    if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`);
    if (answer.value.degradedReason !== "") throw new Error(`an answer was degraded: ${answer.value.degradedReason}`);
    return answer.value;
  }

  async #cpuUs(): Promise<number> {
    const answer = this.#child.told("cpu");
    this.#child.ask("cpu");
    return (await answer).cpuUs;
  }
}
