import { describe, expect, it } from "@jest/globals";
import { CannotRun } from "./harness.js";
import { startRedis } from "./redis-server.js";

describe("startRedis", () => {
  it("says in words what to install where there is no redis-server", async () => {
    const started = startRedis({ PATH: "/nowhere" });
    await expect(started).rejects.toThrow(CannotRun);
    await expect(started).rejects.toThrow(
      "redis-server could not be started: it was not found; Debian has it in the package redis-server",
    );
  });
});
