import type { LogIdentity, TopicChange } from "@leastwise/eventlog";

/** Why nothing can be said or done about the topics while they grow, and how that ends; undefined where they do not. */
export function sayGrowing(growing: LogIdentity["growing"]): string | undefined {
  if (growing === undefined) return undefined;
  const { from, to } = growing;
  return (
    `a growth from ${from} to ${to} partitions is under way, and was interrupted unless it still runs: ` +
    `${howToFinish(growing)}; until then the topics are neither as they were nor as they will be`
  );
}

/** What ends a growth that was interrupted. */
export function howToFinish({ to }: NonNullable<LogIdentity["growing"]>): string {
  return `\`leastwise topics grow --partitions ${to}\` again finishes it`;
}

/** Why brokers cannot hold as many replicas as a plan wants; undefined where they can, or where every topic has what it needs. */
export function sayTooFewBrokers(changes: readonly TopicChange[], wanted: number, brokers: number): string | undefined {
  if (wanted <= brokers || !changes.some(needsReplicas)) return undefined;
  const there = brokers === 1 ? "there is 1 broker" : `there are ${brokers} brokers`;
  return `log.replication_factor is ${wanted}, and ${there}: no topic can have more replicas than there are brokers. Set log.replication_factor to ${brokers} at most, or add brokers`;
}

function needsReplicas(change: TopicChange): boolean {
  if (change.kind === "change") return change.changes.some(({ setting }) => setting === "replication.factor");
  return change.kind === "create";
}
