import { afterEach, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { property } from "../thrown.js";
import { kafkaClient } from "./client.js";

// Brokers that take connections and say nothing, as one does that stands still.

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

/** A broker's address, and how many connections to it are open. */
async function mute(): Promise<{ readonly address: string; readonly open: Set<Socket> }> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("end", () => socket.end());
    socket.on("close", () => open.delete(socket));
    socket.resume();
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`, open };
}

describe("a broker that takes connections and does not answer", () => {
  it("is given up once a request has had its time, and the next of the list is asked", async () => {
    const [first, second] = [await mute(), await mute()];
    const retry = { retries: 1, initialRetryTime: 1 };
    const brokers = [first.address, second.address];
    const admin = kafkaClient({ brokers, requestTimeoutMs: 100, retry }).admin();
    const error: unknown = await admin.connect().catch((thrown: unknown) => thrown);
    expect(property(error, "message")).toBe(
      "Request ApiVersions(key: 18, version: 2) timed out: the connection is given up",
    );
    expect(property(property(error, "cause"), "broker")).toBe(second.address);
    await admin.disconnect();
    for (const { open } of [first, second]) for (const socket of open) await once(socket, "close");
  });
});
