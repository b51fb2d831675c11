import { describe, expect, it } from "@jest/globals";
import { createLogger } from "./logger.js";

const RAW = "raw-4711";

function linesOf(say: (logger: ReturnType<typeof createLogger>) => void, pretty = false): string {
  const lines: string[] = [];
  const stream = { write: (line: string) => void lines.push(line) };
  say(createLogger({ service: "collector", version: "1.2.3", logLevel: "debug", pretty, stream }));
  return lines.join("");
}

/** What fastify hands its own serialiser: an object of a class, with an address in what comes out. */
class ForeignRequest {
  readonly remoteAddress = RAW;
}

describe("the logger", () => {
  it("says level, time, service and version as JSON", () => {
    const line: unknown = JSON.parse(
      linesOf((logger) => {
        logger.info({ topic: "clickstream" }, "started");
      }),
    );
    expect(line).toMatchObject({
      level: "info",
      service: "collector",
      version: "1.2.3",
      topic: "clickstream",
      msg: "started",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it.each([false, true])("prints no raw id, address or e-mail at any depth (pretty: %s)", (pretty) => {
    const printed = linesOf((logger) => {
      for (const name of ["anonymous_id", "user_id", "anonymousId", "userId", "ip", "email", "user-id", "USER_ID"]) {
        logger.info({ [name]: RAW }, "at the top");
        logger.info({ event: { [name]: RAW } }, "within");
        logger.info({ batch: { events: [{ deep: { deeper: { [name]: RAW } } }] } }, "deep");
        logger.info({ headers: new Map([[name, RAW]]) }, "in a map");
        logger.child({ [name]: RAW }).info("in a child");
        logger.child({ event: { a: { b: { [name]: RAW } } } }).info("deep in a child");
        logger.error(
          { err: Object.assign(new Error("broken"), { [name]: RAW, came: { [name]: RAW } }) },
          "in an error",
        );
        logger.error(
          { err: new Error("broken", { cause: Object.assign(new Error("why"), { [name]: RAW }) }) },
          "in its cause",
        );
        logger.error(Object.assign(new Error("broken"), { [name]: RAW }));
      }
      logger
        .child({}, { serializers: { req: (request: ForeignRequest) => ({ remoteAddress: request.remoteAddress }) } })
        .info({ req: new ForeignRequest() }, "by a serialiser of its own");
    }, pretty);
    expect(printed).toContain("[hidden]");
    expect(printed).toContain("broken");
    expect(printed).not.toContain(RAW);
  });

  it("takes a circle, a bigint, bytes and something very deep", () => {
    const circle: Record<string, unknown> = { offset: 9007199254740993n, value: new Uint8Array(3) };
    circle["self"] = circle;
    let deep: Record<string, unknown> = { end: RAW };
    for (let level = 0; level < 20; level += 1) deep = { deep };
    const printed = linesOf((logger) => {
      logger.info({ circle, deep, when: new Date(0) }, "odd");
    });
    expect(printed).toContain('"offset":"9007199254740993"');
    expect(printed).toContain('"value":"[3 bytes]"');
    expect(printed).toContain('"self":"[circle]"');
    expect(printed).toContain('"when":"1970-01-01T00:00:00.000Z"');
    expect(printed).toContain("[deep]");
  });

  it("keeps to its level", () => {
    expect(
      linesOf((logger) => {
        logger.trace("quiet");
      }),
    ).toBe("");
  });
});
