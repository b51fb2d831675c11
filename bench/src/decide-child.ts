import { Server, ServerCredentials } from "@grpc/grpc-js";
import { wire } from "@leastwise/contracts";
import { startRpcServer } from "@leastwise/rpc";
import { decisionService } from "@leastwise/scorer";
import { decideRequest, SHOPPERS } from "./checkout.js";
import type { ToChild, ToParent } from "./decide-messages.js";
import { openShop } from "./shop.js";

/**
 * The server's side of `decide`: the scorer with its ledger on an embedded log, and beside it, in the same process, a grpc-js server
 * whose handler only answers. Tells its ports, then its CPU time whenever it is asked.
 */
const shop = await openShop();
const { decider, recent } = shop;
const opened = await startRpcServer({ host: "127.0.0.1", port: 0, services: [decisionService(decider, recent)] });
if (!opened.ok) throw new Error(opened.error.reason);
const server = opened.value;
const answered = await decider.decide(decideRequest(SHOPPERS - 1, "warm-up"), undefined);
if (!answered.ok) throw new Error(answered.error.reason);
const empty = await startEmpty(answered.value);
tell({ kind: "ready", decidePort: server.port, emptyPort: empty.port });

process.on("message", (message: ToChild) => {
  if (message === "cpu") {
    const { user, system } = process.cpuUsage();
    tell({ kind: "cpu", cpuUs: user + system });
    return;
  }
  void end();
});

async function end(): Promise<void> {
  await server.drain(1_000);
  empty.server.forceShutdown();
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
