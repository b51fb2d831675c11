import type { Commit, EventLog, LogError } from "@leastwise/eventlog";
import { FragileLog } from "@leastwise/testkit";

/** The real log, save that it does not keep some of the commits, or any, as a group does whose offsets have expired. */
export class ForgettingLog extends FragileLog {
  /** Commits that were asked for, kept or not. */
  commits = 0;
  /** True: it remembers no commit that was not made through it. */
  hasForgotten = false;
  readonly #kept = new Set<string>();
  readonly #refusalOf: (which: number) => LogError | undefined;

  /** @param refusalOf why a commit is not kept, the first being 1; undefined: it is */
  constructor(log: EventLog, refusalOf: (which: number) => LogError | undefined = () => undefined) {
    super(log);
    this.#refusalOf = refusalOf;
  }

  override async commit(group: string, topic: string, partition: number, commit: Commit): Promise<void> {
    this.commits += 1;
    const refusal = this.#refusalOf(this.commits);
    if (refusal !== undefined) throw refusal;
    await super.commit(group, topic, partition, commit);
    this.#kept.add(`${group}/${topic}/${partition}`);
  }

  override async committed(group: string, topic: string, partition: number): Promise<Commit | undefined> {
    const isForgotten = this.hasForgotten && !this.#kept.has(`${group}/${topic}/${partition}`);
    return isForgotten ? undefined : await super.committed(group, topic, partition);
  }
}
