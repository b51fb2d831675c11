import { Server, ServerCredentials } from "@grpc/grpc-js";
import { wire } from "@leastwise/contracts";
import { startRpcServer } from "@leastwise/rpc";
import { decisionService } from "@leastwise/scorer";
import type { Millis } from "@leastwise/vocabulary";
import { randomBytes } from "node:crypto";
import type { ToChild, ToParent } from "./decide-messages.js";
import { marketRequest, marketStock, SHOPPERS_OF_KIND, type AnswerKind } from "./market-shop.js";
import { openShop } from "./shop.js";

/** A topic that nobody reads. */
const BARE_TOPIC = "bench_bare";

/**
 * The server's side of `decide` and `decide-stream`: the scorer with its ledger on an embedded log, and beside it, in the same process, grpc-js servers
 * whose handlers only answer. Tells its ports, then what it is asked for.
 */
const shop = await openShop({ stock: marketStock() });
const { log, decider, recent } = shop;
await log.ensureTopics([{ name: BARE_TOPIC, partitions: 1, compacted: false }]);
const opened = await startRpcServer({ host: "127.0.0.1", port: 0, services: [decisionService(decider, recent)] });
if (!opened.ok) throw new Error(opened.error.reason);
const server = opened.value;
const [none, grant] = [await sampleAnswer("none"), await sampleAnswer("grant")];
const empties = { none: await startEmpty(none), grant: await startEmpty(grant) };
const recordBytes = recordBytesOf(grant);
tell({
  kind: "ready",
  decidePort: server.port,
  emptyPorts: { none: empties.none.port, grant: empties.grant.port },
  recordBytes,
});

process.on("message", (message: ToChild) => {
  switch (message.kind) {
    case "cpu": {
      const { user, system } = process.cpuUsage();
      tell({ kind: "cpu", cpuUs: user + system });
      return;
    }
    case "append":
      void appendBare(message.forMs).then((latenciesMs) => {
        tell({ kind: "appended", latenciesMs });
      });
      return;
    case "end":
      void end();
  }
});

// Whoever asked is gone: a server that nobody ends must not stay.
process.on("disconnect", () => {
  process.exit();
});

/** The answer to the last shopper of a kind, whom nobody else asks for. */
async function sampleAnswer(kind: AnswerKind): Promise<wire.DecideResponse> {
  const answer = await decider.decide(marketRequest(kind, SHOPPERS_OF_KIND - 1), undefined);
  if (!answer.ok) throw new Error(answer.error.reason);
  if ((answer.value.offer !== undefined) !== (kind === "grant")) throw new Error(`an answer was no ${kind}`);
  return answer.value;
}

function recordBytesOf({ decisionId }: wire.DecideResponse): number {
  const record = recent.explain(decisionId)?.record;
  if (record === undefined) throw new Error("a decision has no record");
  return wire.DecisionRecord.encode(record).finish().length;
}

/** Appends records of a decision's size one after the other, each durable before the next. */
async function appendBare(forMs: number): Promise<number[]> {
  const record = { topic: BARE_TOPIC, partition: 0, key: randomBytes(16).toString("hex") };
  const value = randomBytes(recordBytes);
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  while (performance.now() - startedMs < forMs) {
    const sentMs = performance.now();
    await log.append([{ ...record, value, timestampMs: Date.now() as Millis }]);
    latenciesMs.push(performance.now() - sentMs);
  }
  return latenciesMs;
}

async function end(): Promise<void> {
  await server.drain(1_000);
  for (const empty of [empties.none, empties.grant]) empty.server.forceShutdown();
  await shop.close();
  process.disconnect();
}

function tell(message: ToParent): void {
  process.send?.(message);
}

/** A handler that only answers, always the same. */
async function startEmpty(response: wire.DecideResponse): Promise<{ server: Server; port: number }> {
  const server = new Server();
  const { decide } = wire.DecisionServiceService;
  server.addService(
    { decide },
    {
      decide: (_call: unknown, answer: (error: null, value: wire.DecideResponse) => void) => {
        answer(null, response);
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { server, port };
}
