import type { TopicChange, TopicRights } from "@leastwise/eventlog";
import { describe, expect, it } from "@jest/globals";
import { loadConfig } from "@leastwise/config";
import { wantedTopics } from "../topics/wanted-topics.js";
import { topicsFinding } from "./topics.js";

async function changesWith(...missing: readonly string[]): Promise<readonly TopicChange[]> {
  const loaded = await loadConfig({ env: {}, overrides: {} });
  if (!loaded.ok) throw new Error("the defaults are a configuration");
  return wantedTopics(loaded.value).map((topic) => ({ kind: missing.includes(topic.name) ? "create" : "keep", topic }));
}

const rights = (of: Readonly<Record<string, readonly "Describe"[] | undefined>>): TopicRights =>
  new Map(Object.entries(of).map(([topic, operations]) => [topic, operations && new Set(operations)]));

describe("what the doctor says of topics", () => {
  it("is that they are in order", async () => {
    expect(topicsFinding(await changesWith(), undefined)).toMatchObject({ standing: "ok" });
  });

  it("is that rights are missing where this user may not see them, and where to find which", async () => {
    const changes = await changesWith("decisions", "offers");
    expect(topicsFinding(changes, rights({ decisions: [], offers: [] }))).toEqual({
      name: "topics",
      standing: "fail",
      found: "this user lacks the right to see decisions, offers",
      fix: "`leastwise topics acls` prints the rights that each service needs",
    });
  });

  it("is what is missing where it is known to be, or nobody says what this user may see", async () => {
    const changes = await changesWith("decisions");
    const missing = { found: "not as they must be: decisions", fix: expect.stringContaining("topics plan") };
    expect(topicsFinding(changes, rights({ decisions: undefined }))).toMatchObject(missing);
    expect(topicsFinding(changes, undefined)).toMatchObject(missing);
  });

  it("is both, of different topics", async () => {
    const changes = await changesWith("decisions", "offers");
    expect(topicsFinding(changes, rights({ decisions: [], offers: ["Describe"] }))).toMatchObject({
      found: "this user lacks the right to see decisions; not as they must be: offers",
      fix: expect.stringMatching(/topics acls.*topics plan/),
    });
  });
});
