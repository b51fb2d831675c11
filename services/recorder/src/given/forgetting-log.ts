import { LogError, type Commit, type EventLog } from "@leastwise/eventlog";
import { FragileLog } from "@leastwise/testkit";

/** The real log, save that it does not keep one of the commits. */
export class ForgettingLog extends FragileLog {
  #commitsUntilForgotten: number;

  /** @param which of its commits is not kept, the first being 1 */
  constructor(log: EventLog, which: number) {
    super(log);
    this.#commitsUntilForgotten = which;
  }

  override async commit(group: string, topic: string, partition: number, commit: Commit): Promise<void> {
    this.#commitsUntilForgotten -= 1;
    if (this.#commitsUntilForgotten === 0) throw new LogError("log_unavailable", "the test has it fail", "retry");
    await super.commit(group, topic, partition, commit);
  }
}
