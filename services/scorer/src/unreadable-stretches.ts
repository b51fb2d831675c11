import { TOPICS, wire } from "@leastwise/contracts";
import { LogError, type EventLog } from "@leastwise/eventlog";
import type { Telemetry } from "@leastwise/telemetry";
import type { Clock } from "@leastwise/vocabulary";
import { setTimeout as delay } from "node:timers/promises";
import type { PostedPoison } from "./ingest/thread-messages.js";

export interface UnreadableStretchesOptions {
  readonly log: EventLog;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Whose reading met them, as metrics name it. */
  readonly consumer: string;
}

/** How often a stretch is tried to be put to the dead letters, and how long it is left alone after the first try, ms. */
const SET_ASIDE_TRIES = 4;
const SET_ASIDE_PAUSE_MS = 50;

/** Stretches of the clickstream whose bytes are no records: each becomes a dead letter before it is passed over. */
export class UnreadableStretches {
  readonly #options: UnreadableStretchesOptions;

  constructor(options: UnreadableStretchesOptions) {
    this.#options = options;
  }

  /**
   * Puts a stretch to the dead letters; it may be passed over once this has resolved. Whoever meets it, a standby too, puts it there, always with the
   * same cause: its owner may have gone before it did. Rejects with a LogError when it cannot be put there: that ends the feed, and with it the
   * process, before anything behind it is taken in. No checkpoint is beyond it then, so that the next start meets it again, and nothing is lost.
   */
  async setAside(stretch: PostedPoison): Promise<void> {
    const { partition, firstOffset, nextOffset, reason } = stretch;
    const { consumer, telemetry } = this.#options;
    const labels = { consumer, topic: TOPICS.clickstream, outcome: "dead_letter" };
    telemetry.metrics.consumerRecords.with(labels).add(Math.max(1, nextOffset - firstOffset));
    telemetry.logger.error(
      { partition, firstOffset, nextOffset, reason },
      "a stretch of the clickstream cannot be read",
    );
    await this.#append(this.#letterOf(stretch));
  }

  #letterOf({ partition, firstOffset, nextOffset, reason, bytes }: PostedPoison): Uint8Array {
    const { log, clock } = this.#options;
    return wire.DeadLetter.encode({
      reason,
      field: `offsets ${firstOffset} to ${nextOffset - 1}`,
      expected: "record batches that agree with their checksums",
      source: `${TOPICS.clickstream}/${partition}`,
      receivedAtMs: BigInt(clock.nowMs()),
      payload: Buffer.from(bytes),
      cause: `${log.incarnation}/${TOPICS.clickstream}/${partition}/${firstOffset}`,
    }).finish();
  }

  /** Tries a few times what may pass, besides the tries that the log makes by itself. */
  async #append(value: Uint8Array): Promise<void> {
    const { log, clock, telemetry } = this.#options;
    for (let tried = 1; ; tried += 1) {
      try {
        await log.append([{ topic: TOPICS.deadLetters, partition: 0, value, timestampMs: clock.nowMs() }]);
        return;
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        telemetry.metrics.logAppendFailures.with({ topic: TOPICS.deadLetters, code: error.code }).add();
        if (error.hint !== "retry" || tried === SET_ASIDE_TRIES) throw error;
      }
      await delay(SET_ASIDE_PAUSE_MS * 2 ** (tried - 1));
    }
  }
}
