import { describe, expect, it } from "@jest/globals";
import { topicOffsets, type OffsetsAdmin } from "./offsets.js";

const BOUNDS = { partition: 0, offset: "7", high: "7", low: "3" };

/** An admin that fails so many times, unless the leaders are learnt. */
function admin(type: string): { readonly calls: string[]; readonly asked: OffsetsAdmin } {
  const calls: string[] = [];
  return {
    calls,
    asked: {
      fetchTopicOffsets: () => {
        calls.push("offsets");
        if (calls.includes("leaders")) return Promise.resolve([BOUNDS]);
        return Promise.reject(Object.assign(new Error("refused"), { type }));
      },
      describeConfigs: () => {
        calls.push("leaders");
        return Promise.reject(new Error("not allowed"));
      },
    },
  };
}

describe("the offsets of a topic", () => {
  it("are asked for again when the leader is another by now, after asking who leads", async () => {
    const { calls, asked } = admin("NOT_LEADER_FOR_PARTITION");
    expect(await topicOffsets(asked, "clickstream")).toEqual(new Map([[0, { begin: 3, end: 7 }]]));
    expect(calls).toEqual(["offsets", "leaders", "offsets"]);
  });

  it("are not asked for again when that is no use", async () => {
    const { calls, asked } = admin("TOPIC_AUTHORIZATION_FAILED");
    await expect(topicOffsets(asked, "clickstream")).rejects.toMatchObject({
      code: "not_allowed",
      hint: "terminal",
    });
    expect(calls).toEqual(["offsets"]);
  });
});
