import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan } from "@leastwise/contracts";
import { openEmbeddedLog, type EventLog } from "@leastwise/eventlog";
import { createTelemetry, type Telemetry } from "@leastwise/telemetry";
import { FragileLog } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Ledger, type LedgerOptions } from "../ledger.js";
import { NOON } from "./records.js";

/** A log in a directory of its own, with every topic. */
export async function givenLog(): Promise<{ readonly log: FragileLog; readonly end: () => Promise<void> }> {
  const directory = await mkdtemp(path.join(tmpdir(), "ledger-"));
  const log = new FragileLog(await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 }));
  await log.ensureTopics(topicPlan(4, CLICKSTREAM_RETENTION_MIN_MS));
  return {
    log,
    end: async () => {
      await log.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** A ledger under a clock that stands still until a test sets it. */
export interface GivenLedger {
  readonly ledger: Ledger;
  readonly time: { nowMs: Millis };
  readonly telemetry: Telemetry;
}

export async function openLedger(
  log: EventLog,
  nowMs: Millis = NOON,
  more: Partial<LedgerOptions> = {},
): Promise<GivenLedger> {
  const time = { nowMs };
  const telemetry = createTelemetry({ service: "ledger", version: "test", logLevel: "silent", pretty: false });
  const ledger = await Ledger.open({ log, telemetry, clock: { nowMs: () => time.nowMs }, ...more });
  return { ledger, time, telemetry };
}
