import { wire } from "@leastwise/contracts";
import { callUnary, connect } from "@leastwise/rpc";
import { Child } from "./child.js";
import { DecideCaller, measured, Shoppers, type DecideServer, type Round } from "./decide-caller.js";
import { figuresOf, inWords, spreadOf, type Bench, type Figures } from "./harness.js";
import { CAMPAIGNS, SHOPPERS_OF_KIND, type AnswerKind } from "./market-shop.js";

const ROUNDS = 5;
const IN_FLIGHT = 8;
const BATCH_REQUESTS = 100;
/** Batches in flight, so that the server need not wait for the next. */
const BATCHES = 2;
/** Requests that are on one stream and not answered. */
const STREAMED = 64;
const WARM_UP_MS = 2_000;
const KINDS: readonly AnswerKind[] = ["none", "grant"];

/** The three ways to ask, in one turn. */
type Turn = Readonly<Record<"unary" | "stream" | "batch", Round>>;

/** DecideStream and DecideBatch against Decide: the same requests, in turn, from another process. */
export const decideStreamBench: Bench = {
  name: "decide-stream",
  summary: `DecideStream and DecideBatch of ${BATCH_REQUESTS} against Decide, ${CAMPAIGNS} campaigns of 8 rungs, decisions a second`,
  async run({ seconds, say }): Promise<Figures> {
    const server: DecideServer = new Child(new URL("./decide-child.js", import.meta.url));
    try {
      say(`preparing ${2 * SHOPPERS_OF_KIND} shoppers with windows and consent on an embedded log`);
      const { decidePort } = await server.told("ready");
      const stageMs = (seconds * 1_000) / (KINDS.length * 3 * ROUNDS);
      let figures: Figures = { in_flight: IN_FLIGHT, batch_requests: BATCH_REQUESTS, streamed: STREAMED };
      for (const kind of KINDS) {
        const asker = new Asker(server, decidePort, kind);
        await asker.turn(WARM_UP_MS);
        const turns: Turn[] = [];
        for (let round = 0; round < ROUNDS; round += 1) turns.push(await asker.turn(stageMs));
        asker.close();
        figures = { ...figures, ...figuresOfKind(kind, turns, say) };
      }
      say(
        `${ROUNDS} turns; ${IN_FLIGHT} calls, one stream with ${STREAMED} requests, or ${BATCHES} batches in flight; log: embedded, fsync`,
      );
      return figures;
    } finally {
      await server.end({ kind: "end" });
    }
  },
};

/** Asks for shoppers of one kind. */
class Asker {
  readonly #server: DecideServer;
  readonly #shoppers: Shoppers;
  readonly #unary: DecideCaller;
  readonly #client: wire.DecisionServiceClient;

  constructor(server: DecideServer, port: number, kind: AnswerKind) {
    this.#server = server;
    this.#shoppers = new Shoppers(kind);
    this.#unary = new DecideCaller(port, this.#shoppers);
    this.#client = connect(wire.DecisionServiceClient, `127.0.0.1:${port}`);
  }

  async turn(stageMs: number): Promise<Turn> {
    const unary = await this.#unary.round(this.#server, stageMs, IN_FLIGHT);
    const stream = await this.#streamed(stageMs);
    const batch = await measured(this.#server, stageMs, BATCHES, () => this.#batch());
    return { unary, stream, batch };
  }

  close(): void {
    this.#unary.close();
    this.#client.close();
  }

  /** One stream, on which the next request is sent for each answer. */
  async #streamed(stageMs: number): Promise<Round> {
    const call = this.#client.decideStream();
    const answers = call[Symbol.asyncIterator]() as AsyncIterator<wire.DecideOutcome>;
    for (let sent = 0; sent < STREAMED; sent += 1) call.write(this.#shoppers.next());
    const round = await measured(this.#server, stageMs, 1, async () => {
      await this.#answered(answers);
      call.write(this.#shoppers.next());
      return 1;
    });
    call.end();
    for (let left = 0; left < STREAMED; left += 1) await this.#answered(answers);
    return round;
  }

  async #answered(answers: AsyncIterator<wire.DecideOutcome>): Promise<void> {
    const next = await answers.next();
    if (next.done === true) throw new Error("the stream has ended");
    this.#check(next.value);
  }

  async #batch(): Promise<number> {
    const requests = Array.from({ length: BATCH_REQUESTS }, () => this.#shoppers.next());
    const answer = await callUnary(this.#client.decideBatch.bind(this.#client), { requests });
    if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.message}`);
    for (const outcome of answer.value.outcomes) this.#check(outcome);
    return requests.length;
  }

  #check({ outcome }: wire.DecideOutcome): void {
    if (outcome?.$case !== "response") throw new Error(`refused: ${outcome?.value.reason ?? "nothing"}`);
    this.#shoppers.check(outcome.value);
  }
}

/** Answers of none have the plain names. */
function figuresOfKind(kind: AnswerKind, turns: readonly Turn[], say: (line: string) => void): Figures {
  const prefix = kind === "none" ? "" : "grant_";
  const ratioOf = (way: keyof Turn) =>
    spreadOf(turns.map((turn) => turn[way].decisionsPerSecond / turn.unary.decisionsPerSecond));
  const rateOf = (way: keyof Turn) => spreadOf(turns.map((turn) => turn[way].decisionsPerSecond));
  const cpuOf = (way: keyof Turn) => spreadOf(turns.map((turn) => turn[way].serverCpuUs));
  for (const way of ["unary", "stream", "batch"] as const)
    say(
      `${kind.padEnd(5)} ${way.padEnd(6)} ${inWords(rateOf(way))} decisions/s, ${inWords(ratioOf(way), 2)} of unary, ` +
        `server CPU ${inWords(cpuOf(way))} µs a decision`,
    );
  return {
    ...figuresOf(`${prefix}stream_ratio`, ratioOf("stream")),
    ...figuresOf(`${prefix}batch_ratio`, ratioOf("batch")),
    ...figuresOf(`${prefix}unary_decisions_per_s`, rateOf("unary")),
    ...figuresOf(`${prefix}stream_decisions_per_s`, rateOf("stream")),
    ...figuresOf(`${prefix}batch_decisions_per_s`, rateOf("batch")),
    ...figuresOf(`${prefix}unary_server_cpu_us_per_decision`, cpuOf("unary")),
    ...figuresOf(`${prefix}stream_server_cpu_us_per_decision`, cpuOf("stream")),
    ...figuresOf(`${prefix}batch_server_cpu_us_per_decision`, cpuOf("batch")),
  };
}
