import { TOPICS } from "@leastwise/contracts";
import type { EventLog, RunningSubscription, ScanSubscription } from "@leastwise/eventlog";

/** A clickstream that stands on no disk: its records are handed to whoever scans it. */
export interface FedClickstream {
  scan(subscription: ScanSubscription): Promise<RunningSubscription>;
  /** Absent: those of the log that it stands in for. */
  offsets?(partition: number): { readonly begin: number; readonly end: number };
}

/** The log, save for scans of its clickstream. */
export function withClickstream(log: EventLog, clickstream: FedClickstream): EventLog {
  const isFed = (topic: string): boolean => topic === TOPICS.clickstream;
  return {
    incarnation: log.incarnation,
    ensureTopics: (topics) => log.ensureTopics(topics),
    partitions: (topic) => log.partitions(topic),
    append: (records) => log.append(records),
    holdsAll: (topic) => log.holdsAll(topic),
    ends: (topic) => log.ends(topic),
    offsets: (topic, partition) => {
      const own = isFed(topic) ? clickstream.offsets?.(partition) : undefined;
      return own === undefined ? log.offsets(topic, partition) : Promise.resolve(own);
    },
    subscribe: (subscription) => log.subscribe(subscription),
    scan: (subscription) => (isFed(subscription.topic) ? clickstream.scan(subscription) : log.scan(subscription)),
    commit: (group, topic, partition, commit) => log.commit(group, topic, partition, commit),
    committed: (group, topic, partition) => log.committed(group, topic, partition),
    relay: (place) => log.relay(place),
    own: (options) => log.own(options),
    membersOf: (group) => log.membersOf(group),
    close: () => log.close(),
  };
}
