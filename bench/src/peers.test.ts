import { describe, expect, it } from "@jest/globals";
import { buildPeers, peerReportOf, runPeer } from "./peers.js";

const NOWHERE = { PATH: "/nowhere" };
const LINE =
  '{"peer":"flink","records":300000,"seconds":1.2345,"records_per_s":202511.5,"cpu_seconds":2.5000,' +
  '"heap_used_bytes":61000000,"heap_max_bytes":4116185088,"subjects":200000,"digest_events":300000,' +
  '"warm_up_records":50000,"parallelism":1}';

describe("peerReportOf", () => {
  it("reads the last line, whatever came before it", () => {
    expect(peerReportOf("flink", `started\n{"peer":"flink"}\n${LINE}\n`)).toEqual({
      peer: "flink",
      records: 300_000,
      seconds: 1.2345,
      recordsPerSecond: 202_511.5,
      cpuSeconds: 2.5,
      heapUsedBytes: 61_000_000,
      heapMaxBytes: 4_116_185_088,
      subjects: 200_000,
      digestEvents: 300_000,
      warmUpRecords: 50_000,
      parallelism: 1,
    });
  });

  it("says what it got in the report's place", () => {
    expect(() => peerReportOf("flink", "")).toThrow('flink: expected its report as the last line, got ""');
    expect(() => peerReportOf("flink", `${LINE}\ndone`)).toThrow('got "done"');
    expect(() => peerReportOf("kafka-streams", LINE)).toThrow("kafka-streams: expected its report");
  });

  it("names the number that is missing", () => {
    const line = LINE.replace('"cpu_seconds":2.5000', '"cpu_seconds":"2.5"');
    expect(() => peerReportOf("flink", line)).toThrow("flink: its report has no number cpu_seconds");
  });
});

describe("the peers, where Java is not there", () => {
  it("are left out, with a line that says so", async () => {
    const lines: string[] = [];
    expect(await buildPeers((line) => lines.push(line), NOWHERE)).toBe(false);
    expect(lines).toEqual(["left out: kafka-streams and flink, for java was not found"]);
  });

  it("fail in words", async () => {
    const run = runPeer(
      "flink",
      { brokers: ["127.0.0.1:1"], topic: "clickstream", records: 1, warmUp: 0, parallelism: 1 },
      NOWHERE,
    );
    await expect(run).rejects.toThrow(/^flink: failed: .*java ENOENT/);
  });
});
