import { wire } from "@leastwise/contracts";
import type { EventLog } from "@leastwise/eventlog";
import { FragileLog } from "@leastwise/testkit";
import { MINUTE_MS, type Millis, type SubjectId } from "@leastwise/vocabulary";
import type { CheckpointStore, CheckpointWriting } from "../checkpoint/store.js";
import type { WindowsFeed, WindowsFeedOptions } from "../windows-feed.js";
import { EUR, NOON } from "./records.js";
import { quietTelemetry } from "./shop.js";

/** Longer than any test lasts. */
export const LONG_MS = 3_600_000;

/** A minute after everything that `did` writes. */
export const AT = (NOON + MINUTE_MS) as Millis;

/** How the clickstream comes into the windows. */
export type Way =
  "in their own thread" | "by threads that are handed the records" | "by threads that follow the log themselves";

/** The log as a thread has it that opened it itself. */
export class OwnLog extends FragileLog {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A store of checkpoints that tears them when it is told to, and says when it was last touched. Nothing is ever taken away. */
export class TearingStore implements CheckpointStore {
  /** No manifest gets there. */
  isTorn = false;
  touchedMs = 0;
  readonly #store: CheckpointStore;

  constructor(store: CheckpointStore) {
    this.#store = store;
  }

  newest(partition: number) {
    return this.#store.newest(partition);
  }

  read(...what: Parameters<CheckpointStore["read"]>) {
    return this.#store.read(...what);
  }

  async begin(...identity: Parameters<CheckpointStore["begin"]>): Promise<CheckpointWriting> {
    const writing = await this.#store.begin(...identity);
    this.touch();
    return {
      chunk: (payload) => (this.touch(), writing.chunk(payload)),
      finish: (manifest) => (this.touch(), this.isTorn ? Promise.reject(new Error("torn")) : writing.finish(manifest)),
      abandon: () => Promise.resolve(),
    };
  }

  touch(): void {
    this.touchedMs = performance.now();
  }
}

/** What a feed on a log needs, under a clock that stands still. */
export function feedOptions(
  log: EventLog,
  onOrder: WindowsFeedOptions["onOrder"] = () => undefined,
): WindowsFeedOptions {
  return { log, telemetry: quietTelemetry(), clock: { nowMs: () => NOON }, currency: EUR, onOrder };
}

/** An order as tests compare them. */
export function orderOf(who: SubjectId, atMs: Millis): string {
  return `${who.slice(0, 4)} ${atMs - NOON}`;
}

/** Whether a record of the clickstream is a state that a login moves. */
export function isMove(value: Uint8Array | null): boolean {
  return value !== null && wire.ClickstreamRecord.decode(value).body?.$case === "stateMoved";
}

/** Everything that a feed knows of a subject. */
export function knownIn(feed: WindowsFeed, who: SubjectId) {
  return { ...feed.read(who, AT), key: feed.assignmentKeyOf(who) };
}
