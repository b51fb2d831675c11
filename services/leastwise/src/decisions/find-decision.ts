import { OwnerEpochs, TOPICS, unframed, wire } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import { PartitionStretch } from "../impact/partition-stretch.js";

/** A decision as it stands on the log. */
export interface FoundDecision {
  readonly record: wire.DecisionRecord;
  /** The record alone, without a registry's frame. */
  readonly bytes: Uint8Array;
  /** `decisions/2@17`: topic, partition, offset. */
  readonly place: string;
  /** True if an owner wrote it whose successor had begun: nobody was told of it, and it counts nowhere. */
  readonly isVoid: boolean;
}

/**
 * Looks for a decision on the log, partition by partition, from the oldest on: an id does not tell where it stands. The first of several is it: one
 * that was in doubt may stand there twice. Rejects with a LogError.
 *
 * @param onRead told of how many records were looked at, of how many
 */
export async function findDecision(
  log: EventLog,
  decisionId: string,
  onRead: (read: number, total: number) => void,
): Promise<FoundDecision | undefined> {
  const { decisions } = TOPICS;
  const partitions = Array.from({ length: await log.partitions(decisions) }, (_, partition) => partition);
  const bounds = await Promise.all(partitions.map((partition) => log.offsets(decisions, partition)));
  const total = bounds.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const search = new Search(log, beginningOf(decisionId), (read) => {
    onRead(read, total);
  });
  for (const partition of partitions) {
    const found = await search.lookIn(partition);
    if (found !== undefined) return found;
  }
  return undefined;
}

class Search {
  readonly #log: EventLog;
  readonly #beginning: Uint8Array;
  readonly #onRead: (read: number) => void;
  readonly #epochs = new OwnerEpochs();
  #read = 0;

  constructor(log: EventLog, beginning: Uint8Array, onRead: (read: number) => void) {
    this.#log = log;
    this.#beginning = beginning;
    this.#onRead = onRead;
  }

  async lookIn(partition: number): Promise<FoundDecision | undefined> {
    // Of what is damaged nobody can tell what it was.
    const stretch = await PartitionStretch.open(this.#log, TOPICS.decisions, partition, () => undefined);
    try {
      for (let next = await stretch.next(); next !== undefined; next = await stretch.next()) {
        this.#read += 1;
        this.#onRead(this.#read);
        const found = this.#lookAt(partition, next.offset, next.value);
        if (found !== undefined) return found;
      }
      return undefined;
    } finally {
      await stretch.stop();
    }
  }

  /** Only what may be it, or an owner's beginning, is decoded. */
  #lookAt(partition: number, offset: number, framed: Uint8Array): FoundDecision | undefined {
    const value = unframed(framed);
    const isIt = startsWith(value, this.#beginning);
    if (!isIt && value[0] === ID_TAG) return undefined;
    const record = decoded(value);
    if (record === undefined) return undefined;
    const isVoid = !this.#epochs.take(partition, Number(record.ownerEpoch));
    if (!isIt) return undefined;
    return { record, bytes: Uint8Array.from(value), place: `${TOPICS.decisions}/${partition}@${offset}`, isVoid };
  }
}

/** Tag of the id's field, with which every decision begins; an owner's beginning has none. */
const ID_TAG = 10;

/** The first bytes of the decision's record: fields are written in the order of their numbers, and the id's is the first. */
function beginningOf(decisionId: string): Uint8Array {
  return wire.DecisionRecord.encode(wire.DecisionRecord.fromPartial({ decisionId })).finish();
}

function startsWith(value: Uint8Array, beginning: Uint8Array): boolean {
  return Buffer.compare(value.subarray(0, beginning.length), beginning) === 0;
}

/** Undefined for what somebody else wrote. */
function decoded(value: Uint8Array): wire.DecisionRecord | undefined {
  try {
    return wire.DecisionRecord.decode(value);
  } catch {
    return undefined;
  }
}
