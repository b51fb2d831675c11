import { LogError, type EventLog } from "@leastwise/eventlog";
import { TopicSight, type Policies, type Subjects } from "@leastwise/references";
import { ClickstreamSight, type Lags, type WindowsFeed } from "@leastwise/scorer";
import type { Telemetry } from "@leastwise/telemetry";
import type { Closers } from "./closers.js";

/** What every sight of a process goes by. */
export interface SightOptions {
  readonly heartbeatMs: number;
  readonly unseenMs: number;
  readonly metrics: Telemetry["metrics"];
  readonly closers: Closers;
  /** Told of what no log explains. */
  readonly onBug: (error: unknown) => void;
}

/** Whether the policy that is known here is the one on the log. A log that does not answer is seen by the sight's age, and its own metrics tell of it. */
export function keepPolicySight(policies: Policies, options: SightOptions): TopicSight {
  const onAge = (ageMs: number): void => {
    options.metrics.policySightAge.with({}).set(ageMs / 1_000);
  };
  const sight = new TopicSight({ ...timesOf(options), topic: policies, onAge });
  closeWithProcess(options, sight);
  return sight;
}

/** How often the log is asked whether all that it knows of shoppers is here, ms: some times within what counts as fresh. */
const LAGS_HEARTBEAT_MS = 250;

/** How far what is known of shoppers is behind the log. By the clock of the log nothing is: it says what time it is. */
export function keepLags(log: EventLog, feed: WindowsFeed, subjects: Subjects, options: SightOptions): Lags {
  const times = { ...timesOf(options), heartbeatMs: LAGS_HEARTBEAT_MS };
  const clickstream = new ClickstreamSight({ ...times, log, feed });
  const profiles = new TopicSight({ ...times, topic: subjects });
  closeWithProcess(options, clickstream, profiles);
  return { clickstreamMs: (partition) => clickstream.lagMs(partition), subjectsMs: () => profiles.lagMs };
}

function timesOf({ heartbeatMs, unseenMs, onBug }: SightOptions) {
  const onFailed = (error: unknown): void => {
    if (!(error instanceof LogError)) onBug(error);
  };
  return { heartbeatMs, unseenMs, onFailed, nowMs: () => performance.now() };
}

function closeWithProcess({ closers }: SightOptions, ...sights: readonly { close(): void }[]): void {
  closers.add(() => {
    for (const sight of sights) sight.close();
    return Promise.resolve();
  });
}
