import { LogError, type Commit, type RunningSubscription, type Subscription } from "@leastwise/eventlog";
import { FragileLog } from "@leastwise/testkit";

/** The real log, whose group takes its partitions away as Kafka's does: commits are refused first, then the reader is told. */
export class RevokingLog extends FragileLog {
  readonly #subscriptions: Subscription[] = [];
  #isRevoked = false;

  override async subscribe(subscription: Subscription): Promise<RunningSubscription> {
    this.#subscriptions.push(subscription);
    return await super.subscribe(subscription);
  }

  override async commit(group: string, topic: string, partition: number, commit: Commit): Promise<void> {
    if (this.#isRevoked) throw new LogError("partition_revoked", "held by no reader here", "terminal");
    await super.commit(group, topic, partition, commit);
  }

  /** Takes these partitions of all topics away. Resolves when their readers have let go of them. */
  async revoke(partitions: readonly number[]): Promise<void> {
    this.#isRevoked = true;
    for (const subscription of this.#subscriptions) await subscription.onRevoked?.(partitions);
  }
}
