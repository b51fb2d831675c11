import { LogError } from "@leastwise/eventlog";
import { RefusedBlock } from "@leastwise/recorder";
import { WarehouseError } from "@leastwise/warehouse";
import { describe, expect, it } from "@jest/globals";
import { asServiceFailure, ServiceFailure } from "./start-failure.js";

describe("what ends a process that served", () => {
  it("says that the warehouse refused, and by which number, never what it cited of a row", () => {
    const cited = "cannot parse '1.93e+25' while reading revenue_minor of ada@example.org";
    const options = { clickhouseCode: 27, cause: new Error(cited) };
    const failure = asServiceFailure(new WarehouseError("statement_refused", cited, "terminal", options));
    if (!(failure instanceof ServiceFailure)) throw new Error("not in words");
    expect(failure.message).toContain("statement_refused, ClickHouse 27");
    expect(`${failure.message} ${String(failure.cause)}`).not.toContain("ada");
  });

  it("says which block the warehouse refused, and where it stands what to do", () => {
    const refused = new WarehouseError("statement_refused", "ada@example.org", "terminal", { clickhouseCode: 27 });
    const place = { topic: "offers", partition: 3, firstOffset: 7, lastOffset: 9, group: "recorder-offers" };
    const failure = asServiceFailure(new RefusedBlock(refused, "offers", place));
    if (!(failure instanceof ServiceFailure)) throw new Error("not in words");
    const { message } = failure;
    expect(message).toContain("the table offers does not take offsets 7 to 9 of offers, partition 3");
    expect(message).toContain("docs/kafka.md; group recorder-offers, topic offers:3, offset behind the block 10");
    expect(`${message} ${String(failure.cause)}`).not.toContain("ada");
  });

  it("says what the log said, which are our own words", () => {
    const failure = asServiceFailure(new LogError("disk_full", "no space is left in ./data", "terminal"));
    expect(failure).toMatchObject({ message: "the log failed for good: no space is left in ./data (disk_full)" });
  });

  it("says what to do where a topic is gone", () => {
    const gone = new LogError("unknown_topic", "reading clickstream.raw: This server does not host it", "terminal");
    const failure = asServiceFailure(gone);
    expect(failure).toBeInstanceOf(ServiceFailure);
    expect(failure).toMatchObject({
      message: expect.stringMatching(/\(unknown_topic\).*`leastwise topics apply`.*start/),
    });
  });

  it("leaves a bug what it is", () => {
    const bug = new TypeError("undefined is not a function");
    expect(asServiceFailure(bug)).toBe(bug);
  });
});
