import { CLICKSTREAM_RETENTION_MIN_MS, topicPlan, TOPICS } from "@leastwise/contracts";
import { openEmbeddedLog, RECORD_BYTES_MAX, type EventLog } from "@leastwise/eventlog";
import type { Millis } from "@leastwise/vocabulary";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { writeRecords } from "./write-record.js";

const clock = { nowMs: () => Date.UTC(2026, 10, 23) as Millis };
let directory: string;
let log: EventLog;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "records-"));
  log = await openEmbeddedLog({ directory, mapSizeBytes: 64 * 1024 * 1024 });
  await log.ensureTopics(topicPlan(1, CLICKSTREAM_RETENTION_MIN_MS));
});

afterEach(async () => {
  await log.close();
  await rm(directory, { recursive: true });
});

const write = (bytes: number) =>
  writeRecords(log, clock, TOPICS.policy, [{ key: "one", value: new Uint8Array(bytes).fill(1) }]);

describe("a reference record", () => {
  it("is refused where no record of the log can hold it: the same again would fail for ever", async () => {
    expect(await write(RECORD_BYTES_MAX + 1)).toMatchObject({
      ok: false,
      error: {
        code: "INVALID_ARGUMENT",
        refusal: { reason: "record_too_large", came: `"${RECORD_BYTES_MAX + 1} bytes"` },
      },
    });
    expect(await write(1_000)).toEqual({ ok: true, value: 0 });
  });

  it("asks to be sent elsewhere while the log is closing", async () => {
    await log.close();
    expect(await write(1_000)).toMatchObject({
      ok: false,
      error: { code: "UNAVAILABLE", refusal: { reason: "draining" } },
    });
  });
});
