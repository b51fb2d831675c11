import { reserveSegment, type SegmentMemory } from "@leastwise/windows";

/**
 * Memory for the windows of one partition each, used again: shared memory does not press on the collector of garbage, so that what comes and goes would
 * heap up long before it is collected. So many are reserved as were held at once at the most.
 */
export class SegmentPool {
  readonly #bytes: number;
  readonly #idle: SegmentMemory[] = [];

  /** @param bytes that the windows of one partition may take */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): SegmentMemory {
    return this.#idle.pop() ?? reserveSegment(this.#bytes);
  }

  /** Takes back what was cleared, and is written by nobody any more. */
  giveBack(memory: SegmentMemory): void {
    this.#idle.push(memory);
  }
}
