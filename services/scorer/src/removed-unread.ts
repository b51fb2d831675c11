import { TOPICS } from "@leastwise/contracts";
import type { Telemetry } from "@leastwise/telemetry";

/** Records of the clickstream that were gone from the log before the windows had them. */
export interface RemovedUnread {
  readonly partition: number;
  /** First offset that the windows lack. */
  readonly from: number;
  /** The oldest offset that the log still has: the windows lack all from `from` up to here, and this one not. */
  readonly oldest: number;
}

export interface RemovedUnreadOptions {
  readonly telemetry: Telemetry;
  /** The windows' name among consumers. */
  readonly consumer: string;
}

/** What whoever reads the line is to do. */
const TO_DO =
  "lengthen retention.ms of the topic clickstream (log.retention_days, then `leastwise topics apply`), and take away any limit of size (retention.bytes); " +
  "what is gone cannot be brought back, and counts stay too low until it would have left the windows by itself";

/** Tells, loudly, of records that retention took before they were taken in: nothing else would show that features are too low. */
export class RemovedUnreadAlarm {
  readonly #options: RemovedUnreadOptions;

  constructor(options: RemovedUnreadOptions) {
    this.#options = options;
  }

  /** The log begins behind a checkpoint, which is of no use therefore: what stood between them is lost to the windows. */
  behindCheckpoint(removed: RemovedUnread): void {
    this.#tell(removed, "retention has removed what follows the checkpoint: the windows are rebuilt from what is left");
  }

  /** Reading of a partition went on behind records that were removed before the windows had them. */
  beforeTakenIn(removed: RemovedUnread): void {
    this.#tell(removed, "retention has removed records before the windows had taken them in");
  }

  #tell({ partition, from, oldest }: RemovedUnread, what: string): void {
    const { telemetry, consumer } = this.#options;
    const topic = TOPICS.clickstream;
    const lost = oldest - from;
    telemetry.metrics.removedUnread.with({ consumer, topic }).add(lost);
    telemetry.logger.error(
      { topic, partition, first_lost_offset: from, oldest_offset: oldest, records_lost: lost, to_do: TO_DO },
      what,
    );
  }
}
