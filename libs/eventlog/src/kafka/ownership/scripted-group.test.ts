import { describe, expect, it } from "@jest/globals";
import type { Consumer, ConsumerConfig, Kafka, PartitionAssigner } from "kafkajs";
import type { OwnershipOptions } from "../../port.js";
import { JoinTries } from "../join-tries.js";
import { KafkaOwnership } from "./kafka-ownership.js";
import { type Claims, decodeClaims } from "./member-claims.js";

const TOPIC = "t";
const ADDRESS = "one:1";
const events = { CRASH: "crash", GROUP_JOIN: "join", HEARTBEAT: "heartbeat", REBALANCING: "rebalancing" };

/** A client library that does what the test says, and a group that the member joins at once. */
class ScriptedGroup {
  readonly told: (readonly number[] | "unsettled")[] = [];
  /** Tries to join again pass in no time. */
  triedForMs = 0;
  readonly ownership: KafkaOwnership;
  readonly #listeners = new Map<string, (event: { payload: unknown }) => void>();
  readonly #heard = new Set<() => void>();
  #config: ConsumerConfig | undefined;

  constructor(first: readonly number[], options: Partial<OwnershipOptions> = {}, sessionTimeoutMs = 60_000) {
    const consumer = {
      events,
      on: (name: string, listener: (event: { payload: unknown }) => void) => this.#listeners.set(name, listener),
      connect: () => Promise.resolve(),
      subscribe: () => Promise.resolve(),
      run: () =>
        Promise.resolve().then(() => {
          this.joins(first);
        }),
      pause: () => undefined,
      disconnect: () => Promise.resolve(),
    };
    const kafka: Pick<Kafka, "consumer"> = {
      consumer: (config) => {
        this.#config = config;
        return consumer as unknown as Consumer;
      },
    };
    const clock = {
      nowMs: () => this.triedForMs,
      sleep: (ms: number): Promise<void> => {
        this.triedForMs += ms;
        return Promise.resolve();
      },
    };
    const joinTries = new JoinTries(clock);
    const membership = {
      joinTries,
      sessionTimeoutMs,
      members: { of: () => Promise.resolve([]) },
      onEnded: () => undefined,
    };
    const hears: OwnershipOptions = {
      group: "g",
      topic: TOPIC,
      address: ADDRESS,
      onOwned: (partitions) => {
        this.#hear(partitions);
      },
      onUnsettled: () => {
        this.#hear("unsettled");
      },
    };
    this.ownership = new KafkaOwnership(kafka, { ...hears, ...options }, membership);
  }

  emit(name: keyof typeof events, payload: unknown = {}): void {
    this.#listeners.get(events[name])?.({ payload });
  }

  /** What the member says when it joins. */
  says(): Claims {
    const assigner = this.#config?.partitionAssigners?.[0]?.({} as Parameters<PartitionAssigner>[0]);
    return decodeClaims(assigner?.protocol({ topics: [TOPIC] }).metadata ?? Buffer.alloc(0));
  }

  joins(partitions: readonly number[]): void {
    this.says();
    this.emit("GROUP_JOIN", { memberAssignment: { [TOPIC]: partitions } });
  }

  /** Whether the client library is to try again. */
  async fails(): Promise<boolean | undefined> {
    return this.#config?.retry?.restartOnFailure?.(new Error("no broker"));
  }

  /** Resolves when the member was told so often. */
  async times(count: number): Promise<void> {
    while (this.told.length < count) await new Promise<void>((resolve) => this.#heard.add(resolve));
  }

  #hear(told: readonly number[] | "unsettled"): void {
    this.told.push(told);
    for (const resolve of this.#heard) resolve();
    this.#heard.clear();
  }
}

describe("a member of a group", () => {
  it("counts on nothing when it was not heard of, and on all again when a heartbeat is answered after all", async () => {
    const group = new ScriptedGroup([1, 0], {}, 50);
    await group.ownership.start();
    await group.times(2);
    expect(group.told).toEqual([[0, 1], "unsettled"]);
    group.emit("HEARTBEAT", { groupGenerationId: 1 });
    await group.times(3);
    expect(group.told[2]).toEqual([0, 1]);
    await group.ownership.stop();
  });

  it("is told once that nothing is settled, and not what was overtaken", async () => {
    let take: () => void = () => undefined;
    const owned: (readonly number[])[] = [];
    const group = new ScriptedGroup([0], {
      onOwned: (partitions) => {
        owned.push(partitions);
        return new Promise((resolve) => (take = resolve));
      },
    });
    const started = group.ownership.start();
    await Promise.race([started, new Promise((resolve) => setImmediate(resolve))]);
    group.emit("REBALANCING");
    group.joins([0, 1]);
    group.joins([1]);
    expect(group.told).toEqual(["unsettled", "unsettled"]);
    take();
    await new Promise((resolve) => setImmediate(resolve));
    expect(owned).toEqual([[0], [1]]);
    take();
    await group.ownership.stop();
    await started;
  });

  it("says at each join what it owns, and since when", async () => {
    const group = new ScriptedGroup([2, 3]);
    await group.ownership.start();
    expect(group.says()).toEqual({ address: ADDRESS, claims: [2, 3], generation: 1 });
    group.joins([3]);
    group.emit("HEARTBEAT", { groupGenerationId: 57 });
    expect(group.says()).toEqual({ address: ADDRESS, claims: [3], generation: 57 });
    group.joins([]);
    expect(group.says()).toEqual({ address: ADDRESS, claims: [], generation: 58 });
    group.joins([]);
    await group.ownership.stop();
  });

  it("joins no more once it leaves, and first ends the join under way", async () => {
    const group = new ScriptedGroup([0]);
    await group.ownership.start();
    group.says();
    let isOver = false;
    const stopped = group.ownership.stop().then(() => (isOver = true));
    expect(() => group.says()).toThrow("leaving");
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    group.emit("GROUP_JOIN", { memberAssignment: {} });
    await stopped;
    expect(group.told).toEqual([[0], "unsettled"]);
    await group.ownership.finished;
  });

  it("waits for brokers that are away, but not for ever", async () => {
    const group = new ScriptedGroup([0]);
    await group.ownership.start();
    expect(await group.fails()).toBe(true);
    expect(group.told).toEqual([[0], "unsettled"]);
    group.emit("CRASH", { restart: true, error: new Error("no broker") });
    while (await group.fails());
    expect(group.triedForMs).toBeGreaterThanOrEqual(600_000);
    expect(group.told).toEqual([[0], "unsettled"]);
    group.emit("CRASH", { restart: false, error: new Error("no broker") });
    await expect(group.ownership.finished).rejects.toMatchObject({ code: "log_unavailable" });
  });
});
