import { Child } from "./child.js";
import { DecideCaller, Shoppers, type DecideServer, type Round } from "./decide-caller.js";
import { figuresOf, inWords, percentile, spreadOf, type Bench, type Figures, type Spread } from "./harness.js";
import { CAMPAIGNS, SHOPPERS_OF_KIND, type AnswerKind } from "./market-shop.js";

const ROUNDS = 5;
const IN_FLIGHT = 8;
const WARM_UP_MS = 3_000;
const KINDS: readonly AnswerKind[] = ["none", "grant"];

/** Decide and the empty handler with the same messages, in one turn. */
interface Pair {
  readonly decide: Round;
  readonly empty: Round;
}

/** One turn of everything that is compared. */
interface Turn extends Readonly<Record<AnswerKind, Pair>> {
  /** Grants and bare appends of a record of the same size, each one at a time. */
  readonly grantsMs: readonly number[];
  readonly appendsMs: readonly number[];
}

/**
 * Decide against a handler that does nothing. Both answer the same messages in the same process over grpc-js, the caller being another
 * process; Decide appends each decision to the embedded log: before an answer that grants, after one of none.
 */
export const decideBench: Bench = {
  name: "decide",
  summary: `Decide, ${CAMPAIGNS} campaigns of 8 rungs, its append included, against an empty grpc-js handler in the same process`,
  async run({ seconds, say }): Promise<Figures> {
    const server: DecideServer = new Child(new URL("./decide-child.js", import.meta.url));
    try {
      say(`preparing ${2 * SHOPPERS_OF_KIND} shoppers with windows and consent on an embedded log`);
      const { decidePort, emptyPorts, recordBytes } = await server.told("ready");
      const callers = new Callers(server, decidePort, emptyPorts);
      await callers.turn(WARM_UP_MS);
      const turns: Turn[] = [];
      // Two kinds of answers from two handlers, grants alone, appends alone.
      const stageMs = (seconds * 1_000) / (6 * ROUNDS);
      for (let round = 0; round < ROUNDS; round += 1) turns.push(await callers.turn(stageMs));
      callers.close();
      say(`${ROUNDS} turns, ${IN_FLIGHT} calls in flight; log: embedded, fsync; ${recordBytes} bytes a record`);
      return { ...figures(turns, say), record_bytes: recordBytes, in_flight: IN_FLIGHT };
    } finally {
      await server.end({ kind: "end" });
    }
  },
};

/** Calls the two handlers for both kinds of answers. */
class Callers {
  readonly #server: DecideServer;
  readonly #decide: Readonly<Record<AnswerKind, DecideCaller>>;
  readonly #empty: Readonly<Record<AnswerKind, DecideCaller>>;

  constructor(server: DecideServer, decidePort: number, emptyPorts: Readonly<Record<AnswerKind, number>>) {
    const callers = (portOf: (kind: AnswerKind) => number, isEachOnce: boolean) => ({
      none: new DecideCaller(portOf("none"), new Shoppers("none", isEachOnce)),
      grant: new DecideCaller(portOf("grant"), new Shoppers("grant", isEachOnce)),
    });
    this.#server = server;
    this.#decide = callers(() => decidePort, true);
    this.#empty = callers((kind) => emptyPorts[kind], false);
  }

  async turn(stageMs: number): Promise<Turn> {
    const none = await this.#pair("none", stageMs);
    const grant = await this.#pair("grant", stageMs);
    const { latenciesMs: grantsMs } = await this.#decide.grant.round(this.#server, stageMs, 1);
    return { none, grant, grantsMs, appendsMs: await this.#appends(stageMs) };
  }

  close(): void {
    for (const callers of [this.#decide, this.#empty]) for (const kind of KINDS) callers[kind].close();
  }

  async #pair(kind: AnswerKind, stageMs: number): Promise<Pair> {
    const decide = await this.#decide[kind].round(this.#server, stageMs, IN_FLIGHT);
    const empty = await this.#empty[kind].round(this.#server, stageMs, IN_FLIGHT);
    return { decide, empty };
  }

  async #appends(stageMs: number): Promise<readonly number[]> {
    const answer = this.#server.told("appended");
    this.#server.ask({ kind: "append", forMs: stageMs });
    return (await answer).latenciesMs;
  }
}

function figures(turns: readonly Turn[], say: (line: string) => void): Figures {
  const extra = spreadOf(turns.map(({ grantsMs, appendsMs }) => p50(grantsMs) - p50(appendsMs)));
  const grantMs = spreadOf(turns.map(({ grantsMs }) => p50(grantsMs)));
  const appendMs = spreadOf(turns.map(({ appendsMs }) => p50(appendsMs)));
  const [none, grant] = [comparison("none", turns, say), comparison("grant", turns, say)];
  say(
    `one at a time, p50: a grant ${inWords(grantMs, 2)} ms, a bare append of as many bytes ${inWords(appendMs, 2)} ms, ` +
      `apart ${inWords(extra, 2)} ms`,
  );
  return {
    ...none,
    ...grant,
    ...figuresOf("grant_extra_p50_ms", extra),
    ...figuresOf("grant_alone_p50_ms", grantMs),
    ...figuresOf("append_p50_ms", appendMs),
  };
}

/** Answers of one kind against the empty handler. Those of none have the plain names. */
function comparison(kind: AnswerKind, turns: readonly Turn[], say: (line: string) => void): Figures {
  const pairs = turns.map((turn) => turn[kind]);
  const ratio = (of: (round: Round) => number): Spread =>
    spreadOf(pairs.map(({ decide, empty }) => of(decide) / of(empty)));
  const prefix = kind === "none" ? "" : "grant_";
  const [cpu, throughput] = [ratio((round) => round.serverCpuUs), ratio((round) => round.decisionsPerSecond)];
  const p99 = ratio(({ latenciesMs }) => percentile(latenciesMs, 0.99));
  const roundsOf = (side: keyof Pair) => pairs.map((pair) => pair[side]);
  const sides = {
    ...sideFigures(kind, "decide", roundsOf("decide"), say),
    ...sideFigures(kind, "empty", roundsOf("empty"), say),
  };
  say(
    `${kind}: ${inWords(cpu, 2)} times the empty handler's CPU, ${inWords(throughput, 2)} of its calls a second, ` +
      `${inWords(p99, 2)} times its p99`,
  );
  return {
    ...figuresOf(`${prefix}cpu_ratio`, cpu),
    ...figuresOf(`${prefix}throughput_ratio`, throughput),
    ...figuresOf(`${prefix}p99_ratio`, p99),
    ...sides,
  };
}

function sideFigures(
  kind: AnswerKind,
  side: keyof Pair,
  rounds: readonly Round[],
  say: (line: string) => void,
): Figures {
  const latencies = rounds.flatMap(({ latenciesMs }) => latenciesMs);
  const rate = spreadOf(rounds.map(({ decisionsPerSecond }) => decisionsPerSecond));
  const cpu = spreadOf(rounds.map(({ serverCpuUs }) => serverCpuUs));
  const p99 = percentile(latencies, 0.99);
  const name = `${side}_${kind}`;
  say(
    `${name.padEnd(12)} ${inWords(rate)} calls/s, p50 ${p50(latencies).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ` +
      `server CPU ${inWords(cpu)} µs a call`,
  );
  return {
    ...figuresOf(`${name}_calls_per_s`, rate),
    [`${name}_p50_ms`]: p50(latencies),
    [`${name}_p99_ms`]: p99,
    ...figuresOf(`${name}_server_cpu_us_per_call`, cpu),
  };
}

function p50(latenciesMs: readonly number[]): number {
  return percentile(latenciesMs, 0.5);
}
