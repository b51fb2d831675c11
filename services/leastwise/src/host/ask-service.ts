import type { RpcFailure } from "@leastwise/rpc";
import type { Result } from "@leastwise/vocabulary";
import { ServiceFailure } from "./start-failure.js";

/** How long a call may take: the log has to take what is written. */
const CALL_TIMEOUT_MS = 15_000;

/** How calls of commands to a running service are made. */
export const ASKING = { timeoutMs: CALL_TIMEOUT_MS };

/** What a running service answered. What goes wrong is a {@link ServiceFailure}, in words. */
export async function answeredBy<T>(address: string, answer: Promise<Result<T, RpcFailure>>): Promise<T> {
  const answered = await answer;
  if (answered.ok) return answered.value;
  const { code, message } = answered.error;
  throw new ServiceFailure(code === "UNAVAILABLE" ? unreachable(address, message) : `${address}: ${message}`);
}

/** That nobody answered at an address, and what to look at. */
export function unreachable(address: string, message: string): string {
  // gRPC ends some messages with a label that nothing stands behind.
  const said = message.replace(/[\s.]*Resolution note:\s*$/, "");
  return `${address}: ${said}: does a service run there? --address says where to ask`;
}

/** Asks by a client, and lets go of its connection. */
export async function askingBy<Client extends { close(): void }, T>(
  client: Client,
  ask: (client: Client) => Promise<T>,
): Promise<T> {
  try {
    return await ask(client);
  } finally {
    client.close();
  }
}
