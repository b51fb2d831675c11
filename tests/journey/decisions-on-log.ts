import { TOPICS, wire } from "@leastwise/contracts";
import { openEmbeddedLog } from "@leastwise/eventlog";
import { follow } from "@leastwise/references";

/** The decisions of an embedded log that no process has open, partition by partition. */
export async function decisionsOn(directory: string): Promise<readonly wire.DecisionRecord[]> {
  const log = await openEmbeddedLog({ directory, isAsFound: true });
  try {
    const decisions: wire.DecisionRecord[] = [];
    const following = await follow(log, TOPICS.decisions, ({ value }) => {
      decisions.push(wire.DecisionRecord.decode(value));
    });
    await following.stop();
    return decisions;
  } finally {
    await log.close();
  }
}
