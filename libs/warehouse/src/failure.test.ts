import { ClickHouseError } from "@clickhouse/client";
import { describe, expect, it } from "@jest/globals";
import { warehouseError } from "./failure.js";

describe("a failure of the engine", () => {
  it.each([
    ["394", "QUERY_WAS_CANCELLED", "retry"],
    ["236", "ABORTED", "retry"],
    ["252", "TOO_MANY_PARTS", "retry"],
    ["60", "UNKNOWN_TABLE", "terminal"],
    ["497", "ACCESS_DENIED", "terminal"],
  ])("%s (%s): %s", (code, type, hint) => {
    const overHttp = new ClickHouseError({ code, type, message: "the test has it fail" });
    const inProcess = new Error(`Code: ${code}. DB::Exception: the test has it fail. (${type})`);
    for (const cause of [overHttp, inProcess]) {
      expect(warehouseError(cause, "insert")).toMatchObject({
        code: "statement_refused",
        hint,
        clickhouseCode: Number(code),
      });
    }
  });
});
