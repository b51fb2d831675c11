import { describe, expect, it } from "@jest/globals";
import { DAY_MS } from "@leastwise/vocabulary";
import { isInOrder, sayWrong, topicChanges, type SettingChange } from "./topic-changes.js";
import { AS_THE_BROKERS_ARE, topicSettings, type TopicSettings } from "./topic-settings.js";

const CLICKSTREAM: TopicSettings = {
  name: "clickstream",
  partitions: 8,
  replicas: 3,
  isCompacted: false,
  isExpiring: true,
  retentionMs: 35 * DAY_MS,
  retentionBytes: undefined,
  takenBackKeptMs: 0,
  inSyncReplicasMin: 2,
  batchBytesMax: 8_388_608,
  timestamps: "CreateTime",
  isElectedUncleanly: false,
};
const LINKS: TopicSettings = {
  ...CLICKSTREAM,
  name: "links",
  partitions: 1,
  isCompacted: true,
  isExpiring: false,
  retentionMs: undefined,
  takenBackKeptMs: DAY_MS,
};

/** What is to be done about a topic that is otherwise as wanted. */
function changesOf(wanted: TopicSettings, fields: Partial<TopicSettings>): readonly SettingChange[] {
  const [change] = topicChanges([wanted], new Map([[wanted.name, { ...wanted, ...fields }]]));
  return change?.kind === "change" ? change.changes : [];
}

/** A matcher, typed as the text that it matches. */
const saying = (part: string): string => expect.stringContaining(part) as unknown as string;

describe("a plan of topics", () => {
  it("makes what is missing, keeps what is right, and is in the order that was asked", () => {
    const changes = topicChanges([LINKS, CLICKSTREAM], new Map([[CLICKSTREAM.name, CLICKSTREAM]]));
    expect(changes).toEqual([
      { kind: "create", topic: LINKS },
      { kind: "keep", topic: CLICKSTREAM },
    ]);
    expect(isInOrder(changes)).toBe(false);
    expect(isInOrder(changes.slice(1))).toBe(true);
  });

  it.each<[string, Partial<TopicSettings>, Partial<SettingChange>]>([
    ["more partitions", { partitions: 4 }, { action: "refuse", why: saying("subjects would move") }],
    ["fewer partitions", { partitions: 16 }, { action: "refuse", why: saying("log.partitions to 16") }],
    [
      "no compaction",
      { isCompacted: true, isExpiring: false },
      { is: "compact", wanted: "delete", action: "refuse", why: saying("deleted by age") },
    ],
    [
      "no compaction besides",
      { isCompacted: true, retentionMs: undefined },
      { is: "compact,delete", wanted: "delete", action: "refuse", why: saying("does not come back") },
    ],
    ["an end of old records", { isExpiring: false, retentionMs: undefined }, { is: "none", action: "leave" }],
    [
      "no limit of size",
      { retentionBytes: 2 ** 30 },
      { setting: "retention.bytes", is: "1073741824 bytes", wanted: "without limit", action: "set" },
    ],
    [
      "leaders that have all that was acknowledged",
      { isElectedUncleanly: true },
      { setting: "unclean.leader.election.enable", is: "true", wanted: "false", action: "set" },
    ],
    ["a longer retention", { retentionMs: 7 * DAY_MS }, { action: "set", is: "7 days", wanted: "35 days" }],
    ["a shorter retention", { retentionMs: 400 * DAY_MS }, { action: "leave", why: saying("delete") }],
    ["a limit of age", { retentionMs: undefined }, { action: "leave", is: "without limit" }],
    ["more replicas", { replicas: 2 }, { action: "by_hand", why: saying("kafka-reassign-partitions") }],
    ["fewer in sync", { inSyncReplicasMin: 3 }, { action: "leave" }],
    ["more in sync", { inSyncReplicasMin: 1 }, { action: "set", is: "1", wanted: "2" }],
    ["larger batches", { batchBytesMax: 1_048_576 }, { setting: "max.message.bytes", action: "set" }],
    ["the writer's stamps", { timestamps: "LogAppendTime" }, { action: "set", wanted: "CreateTime" }],
  ])("that wants %s", (_, is, expected) => {
    expect(changesOf(CLICKSTREAM, is)).toEqual([expect.objectContaining(expected)]);
  });

  it("refuses to compact what is kept by age, and says what would be lost", () => {
    expect(
      changesOf(LINKS, { isCompacted: false, isExpiring: true, retentionMs: 7 * DAY_MS, takenBackKeptMs: 0 }),
    ).toEqual([
      expect.objectContaining({
        is: "delete",
        wanted: "compact",
        action: "refuse",
        why: saying("newest"),
      }),
    ]);
  });

  it.each<[string, Partial<TopicSettings>, Partial<SettingChange>]>([
    [
      "that its newest records go by no age and no size",
      { isExpiring: true, retentionBytes: 2 ** 20 },
      { setting: "cleanup.policy", is: "compact,delete", wanted: "compact", action: "set" },
    ],
    [
      "to know for a day what was taken back",
      { takenBackKeptMs: 60_000 },
      { setting: "delete.retention.ms", is: "60000 ms", wanted: "86400000 ms", action: "set" },
    ],
  ])("of a compacted topic wants %s", (_, is, expected) => {
    expect(changesOf(LINKS, is)).toEqual([expect.objectContaining(expected)]);
  });

  it("minds no setting that a compacted topic has no use for, and none that keeps more", () => {
    const is = { ...LINKS, takenBackKeptMs: 7 * DAY_MS };
    expect(topicChanges([LINKS], new Map([["links", is]]))).toEqual([{ kind: "keep", topic: LINKS }]);
  });

  it("asks for more replicas before it asks for more of them in sync", () => {
    const actions = changesOf(CLICKSTREAM, { replicas: 1, inSyncReplicasMin: 1 }).map(({ setting, action }) => [
      setting,
      action,
    ]);
    expect(actions).toEqual([
      ["replication.factor", "by_hand"],
      ["min.insync.replicas", "by_hand"],
    ]);
  });

  it("takes more copies, larger batches and what is merely longer as they are", () => {
    const is = { ...CLICKSTREAM, replicas: 5, batchBytesMax: 2 ** 30, retentionMs: undefined, inSyncReplicasMin: 3 };
    expect(isInOrder(topicChanges([CLICKSTREAM], new Map([[CLICKSTREAM.name, is]])))).toBe(true);
  });

  it("leaves copies to the brokers where it is told to", () => {
    const wanted = topicSettings({ name: "links", partitions: 1, compacted: true }, AS_THE_BROKERS_ARE);
    const is = { ...wanted, replicas: 2, inSyncReplicasMin: 1 };
    expect(topicChanges([wanted], new Map([["links", is]]))).toEqual([{ kind: "keep", topic: wanted }]);
  });

  it("wants what is acknowledged to be on half of the copies at least", () => {
    const spec = { name: "links", partitions: 1, compacted: true };
    expect([1, 2, 3, 5].map((copies) => topicSettings(spec, copies).inSyncReplicasMin)).toEqual([1, 1, 2, 3]);
  });

  it("says of a topic what must not stay, and nothing of what may", () => {
    const is = { ...CLICKSTREAM, partitions: 4, retentionMs: 400 * DAY_MS, inSyncReplicasMin: 1 };
    const [differs] = topicChanges([CLICKSTREAM], new Map([["clickstream", is]]));
    expect(sayWrong(differs!)).toBe(
      "topic clickstream has partitions 4, expected 8, and min.insync.replicas 1, expected 2",
    );
    const longer = { ...CLICKSTREAM, retentionMs: 400 * DAY_MS };
    const [stays] = topicChanges([CLICKSTREAM], new Map([["clickstream", longer]]));
    expect(sayWrong(stays!)).toBe("");
  });
});
