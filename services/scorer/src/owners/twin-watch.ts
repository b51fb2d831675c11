import type { EventLog } from "@leastwise/eventlog";
import type { Telemetry } from "@leastwise/telemetry";

/** How long an agreement must stand before it is looked at, ms: a process that has just died is a member until its session is over. */
const LOOK_AFTER_MS = 60_000;

export interface TwinWatchOptions {
  readonly log: Pick<EventLog, "membersOf">;
  readonly logger: Telemetry["logger"];
  readonly group: string;
  /** Where others are told that this process is. */
  readonly address: string;
  /** See `LOOK_AFTER_MS`, which is the default. */
  readonly lookAfterMs?: number | undefined;
}

/** Looks out for another member that tells the address of this process: others would send it the calls for that one's subjects. */
export class TwinWatch {
  readonly #options: TwinWatchOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TwinWatchOptions) {
    this.#options = options;
  }

  /** The group has agreed anew. */
  agreed(): void {
    const { lookAfterMs = LOOK_AFTER_MS } = this.#options;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), lookAfterMs).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { log, logger, group, address } = this.#options;
    // Whoever cannot be asked now is asked after the next agreement.
    const members = await log.membersOf(group).catch(() => []);
    if (members.filter((member) => member.address === address).length < 2) return;
    logger.error(
      { address },
      "another scorer tells others the same address: calls for its shoppers come here and are answered degraded; give each scorer a scorer.address of its own",
    );
  }
}
