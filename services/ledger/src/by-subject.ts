import type { SubjectId } from "@leastwise/vocabulary";

/** Keeps the subject to an act until something has settled that the act does not wait for itself. */
export type Hold = (until: Promise<unknown>) => void;

/** Runs what touches one subject one after the other, and different subjects side by side. */
export class BySubject {
  readonly #tails = new Map<SubjectId, Promise<unknown>>();

  /** Runs an act when all earlier acts of the subject, and what they held it for, have settled. */
  run<T>(subject: SubjectId, act: (hold: Hold) => Promise<T>): Promise<T> {
    const held: Promise<unknown>[] = [];
    const begin = () => act((until) => held.push(until));
    const before = this.#tails.get(subject);
    const running = before === undefined ? begin() : before.then(begin);
    const tail = running.then(undefined, () => undefined).then(() => Promise.allSettled(held));
    this.#tails.set(subject, tail);
    void tail.then(() => {
      if (this.#tails.get(subject) === tail) this.#tails.delete(subject);
    });
    return running;
  }
}
