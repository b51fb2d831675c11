import { createServer, connect, type Server, type Socket } from "node:net";

/**
 * Stands between clients and one address, and passes on what comes, until the line is cut: then nothing goes either way, new connections
 * are taken and hear nothing, and nobody is told, as where packets are dropped behind the first hop. What was sent meanwhile arrives when the line is
 * mended, late, as by TCP's own repeats.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  #delayMs = 0;

  private constructor(server: Server, to: string) {
    this.#server = server;
    server.on("connection", (client) => {
      this.#join(client, to);
    });
  }

  /** Opens a proxy at one address that passes on to another, each `host:port`. */
  static async open(at: string, to: string): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const proxy = new TcpProxy(server, to);
    const { host, port } = placeOf(at);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    return proxy;
  }

  /** Cuts the line. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Each piece of what comes waits so long before it is passed on, ms; 0: not at all. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** The line is whole again. */
  mend(): void {
    this.#isCut = false;
    this.#delayMs = 0;
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, to: string): void {
    const { host, port } = placeOf(to);
    const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
    this.#pass(client, server);
    this.#pass(server, client);
  }

  /** Passes on in one direction, in order, each piece when it has waited. */
  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    if (this.#isCut) from.pause();
    let line = Promise.resolve();
    const inTurn = (pass: () => void) => {
      const dueMs = performance.now() + this.#delayMs;
      line = line.then(() => wait(dueMs - performance.now())).then(pass);
    };
    from.on("data", (piece) => {
      inTurn(() => {
        if (!to.destroyed) to.write(piece);
      });
    });
    from.once("end", () => {
      inTurn(() => to.end());
    });
    from.on("error", () => undefined);
    from.once("close", () => {
      this.#sockets.delete(from);
      inTurn(() => to.destroy());
    });
  }
}

function wait(ms: number): Promise<void> | undefined {
  return ms <= 0 ? undefined : new Promise((resolve) => setTimeout(resolve, ms));
}

function placeOf(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}
