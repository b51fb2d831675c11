import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** A process of a benchmark that is asked and tells: one message is waited for at a time. */
export class Child<Asked extends object | string, Told extends { readonly kind: string }> {
  readonly #process: ChildProcess;

  /** @param script what it runs */
  constructor(script: URL) {
    this.#process = fork(script);
  }

  ask(message: Asked): void {
    this.#process.send(message);
  }

  /** The child's next message, which has to be of that kind; rejects if the child ends before. */
  async told<Kind extends Told["kind"]>(kind: Kind): Promise<Extract<Told, { kind: Kind }>> {
    const over = new AbortController();
    const ended = once(this.#process, "exit", { signal: over.signal }).then(() => {
      throw new Error("the child's process has ended");
    });
    const message: Promise<Told> = once(this.#process, "message", { signal: over.signal }).then(([value]: Told[]) => {
      if (value === undefined) throw new Error("an empty message");
      return value;
    });
    try {
      const heard = await Promise.race([message, ended]);
      if (!isOfKind(heard, kind)) throw new Error(`expected ${kind}, got ${heard.kind}`);
      return heard;
    } finally {
      ended.catch(() => undefined);
      message.catch(() => undefined);
      over.abort();
    }
  }

  /** Asks it to end, and resolves when it has. */
  async end(message: Asked): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.ask(message);
    await ended;
  }
}

function isOfKind<Told extends { readonly kind: string }, Kind extends Told["kind"]>(
  message: Told,
  kind: Kind,
): message is Extract<Told, { kind: Kind }> {
  return message.kind === kind;
}
