import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { startBroker, type TestBroker } from "@leastwise/testkit";
import type { Millis } from "@leastwise/vocabulary";
import type { EventLog, Member, Ownership } from "../../port.js";
import { type KafkaLogOptions, openKafkaLog } from "../kafka-log.js";

/** The shortest that a broker grants by default. */
const SESSION_TIMEOUT_MS = 6_000;
const PARTITIONS = [0, 1, 2, 3, 4, 5, 6];

let broker: TestBroker;
let log: EventLog;
const opened: EventLog[] = [];

async function open(options: Partial<KafkaLogOptions> = {}): Promise<EventLog> {
  const another = await openKafkaLog({
    brokers: broker.brokers,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    ...options,
  });
  opened.push(another);
  return another;
}

beforeAll(async () => {
  broker = await startBroker();
  log = await open();
}, 600_000);

afterAll(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await broker.stop();
}, 60_000);

/** What a member was told last. */
interface Told {
  readonly address: string;
  ownership: Ownership | undefined;
  /** Undefined while nobody knows who owns what. */
  partitions: readonly number[] | undefined;
}

/** Members in this process, and what they were told. */
class Group {
  readonly name = `owners.${randomUUID()}`;
  readonly topic = `owned.${randomUUID()}`;
  readonly #members = new Map<string, Told>();
  readonly #awaited = new Set<() => void>();
  /** Partitions that two members took for theirs at the same time. */
  readonly #ownedTwice = new Set<number>();

  async begin(): Promise<this> {
    await log.ensureTopics([{ name: this.topic, partitions: PARTITIONS.length, compacted: false }]);
    return this;
  }

  async join(address: string, through = log): Promise<Told> {
    const told: Told = { address, ownership: undefined, partitions: undefined };
    const hear = (partitions: readonly number[] | undefined): void => {
      told.partitions = partitions;
      this.#lookForOwnedTwice();
      for (const look of this.#awaited) look();
    };
    told.ownership = await through.own({
      group: this.name,
      topic: this.topic,
      address,
      onOwned: (partitions) => {
        this.#members.set(address, told);
        hear(partitions);
      },
      onUnsettled: () => {
        hear(undefined);
      },
    });
    return told;
  }

  async leave({ ownership, address }: Told): Promise<void> {
    this.#members.delete(address);
    await ownership?.stop();
  }

  /** Resolves once it is so. */
  until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return;
        this.#awaited.delete(look);
        resolve();
      };
      this.#awaited.add(look);
      look();
    });
  }

  /** Every partition is owned by one of these and nobody else. */
  settled(...addresses: string[]): Promise<void> {
    return this.until(() => {
      const told = addresses.map((address) => this.#members.get(address)?.partitions);
      const owned = told.flatMap((partitions) => partitions ?? []).sort((a, b) => a - b);
      return !told.includes(undefined) && owned.join() === PARTITIONS.join();
    });
  }

  owned(address: string): readonly number[] {
    return this.#members.get(address)?.partitions ?? [];
  }

  /** What the members were told, in the order of their addresses. */
  told(): Pick<Member, "address" | "partitions">[] {
    return inOrder([...this.#members.values()].map(({ address, partitions = [] }) => ({ address, partitions })));
  }

  #lookForOwnedTwice(): void {
    const owned = [...this.#members.values()].flatMap(({ partitions = [] }) => partitions);
    for (const partition of owned) {
      if (owned.indexOf(partition) !== owned.lastIndexOf(partition)) this.#ownedTwice.add(partition);
    }
  }

  async end(): Promise<void> {
    await Promise.all([...this.#members.values()].map((member) => this.leave(member)));
    expect([...this.#ownedTwice]).toEqual([]);
  }
}

function inOrder<T extends { readonly address: string }>(members: readonly T[]): T[] {
  return [...members].sort((a, b) => a.address.localeCompare(b.address));
}

function without(members: readonly Member[]): Pick<Member, "address" | "partitions">[] {
  return inOrder(members).map(({ address, partitions }) => ({ address, partitions }));
}

describe("owners of a topic's partitions", () => {
  it("own all of them, each once, as members come and go, and move no more than balance needs", async () => {
    const group = await new Group().begin();
    const one = await group.join("one:1");
    expect(one.partitions).toEqual(PARTITIONS);

    await group.join("two:1");
    await group.settled("one:1", "two:1");
    expect([group.owned("one:1").length, group.owned("two:1").length]).toEqual([4, 3]);

    const before = new Map(PARTITIONS.map((partition) => [partition, ownerIn(group.told(), partition)]));
    await group.join("three:1");
    await group.settled("one:1", "two:1", "three:1");
    const moved = PARTITIONS.filter((partition) => ownerIn(group.told(), partition) !== before.get(partition));
    expect(moved).toEqual(group.owned("three:1"));
    expect(moved).toHaveLength(2);

    await group.end();
  }, 120_000);

  it("hand over to the standbys when they stop", async () => {
    const group = await new Group().begin();
    await group.join("one:1");
    const two = await group.join("two:1");
    await group.join("three:1");
    await group.settled("one:1", "two:1", "three:1");
    const members = await log.membersOf(group.name);
    const leaving = group.owned("two:1");
    const inherits = (address: string): number[] => {
      const standbyOf = members.find((member) => member.address === address)?.standbyOf ?? [];
      const inherited = standbyOf.filter((partition) => leaving.includes(partition));
      return [...group.owned(address), ...inherited].sort((a, b) => a - b);
    };
    const expected = [inherits("one:1"), inherits("three:1")];
    await group.leave(two);
    await group.settled("one:1", "three:1");
    expect([group.owned("one:1"), group.owned("three:1")]).toEqual(expected);
    await expect(two.ownership?.finished).resolves.toBeUndefined();
    await group.end();
  }, 120_000);

  it("know one another as each was told, and so does whoever is no member", async () => {
    const group = await new Group().begin();
    const other = await open();
    expect(await other.membersOf(group.name)).toEqual([]);
    const one = await group.join("one:1");
    await group.join("two:1");
    await group.settled("one:1", "two:1");
    const members = (await one.ownership?.members()) ?? [];
    expect(without(members)).toEqual(group.told());
    expect(inOrder(await other.membersOf(group.name))).toEqual(inOrder(members));
    // Of two members, each stands by for the other.
    expect(inOrder(members).map(({ standbyOf }) => standbyOf)).toEqual([group.owned("two:1"), group.owned("one:1")]);
    await group.end();
    expect(await other.membersOf(group.name)).toEqual([]);
  }, 120_000);
});

function ownerIn(told: readonly Pick<Member, "address" | "partitions">[], partition: number): string | undefined {
  return told.find(({ partitions }) => partitions.includes(partition))?.address;
}

describe("a member", () => {
  it("fetches nothing, and asks for little else than heartbeats", async () => {
    const group = await new Group().begin();
    const asked: string[] = [];
    let heartbeats = 0;
    let enough: () => void = () => undefined;
    const untilEnough = new Promise<void>((resolve) => (enough = resolve));
    const quiet = await open({
      onLog: (_level, message) => {
        const [, name] = /^Request (\w+)\(/.exec(message) ?? [];
        if (name === undefined) return;
        asked.push(name);
        if (name === "Heartbeat" && ++heartbeats === 4) enough();
      },
    });
    asked.length = 0;
    await group.join("one:1", quiet);
    await log.append(
      PARTITIONS.map((partition) => ({
        topic: group.topic,
        partition,
        value: Buffer.from("x"),
        timestampMs: 1_780_000_000_000 as Millis,
      })),
    );
    await untilEnough;
    const count = (name: string): number => asked.filter((one) => one === name).length;
    expect(count("Fetch")).toBe(0);
    expect(count("OffsetFetch")).toBe(1);
    expect(asked.length - heartbeats).toBeLessThan(30);
  }, 60_000);

  it.each(["cut", "hang"] as const)(
    "whose connections %s loses its partitions, knows it before others have them, and comes back",
    async (how) => {
      const group = await new Group().begin();
      const outage = new Outage();
      const cutOff = await open({ socketFactory: outage.socketFactory });
      await group.join("one:1");
      const two = await group.join("two:1", cutOff);
      await group.settled("one:1", "two:1");
      const had = two.partitions;
      outage.begin(how);
      await group.settled("one:1");
      expect(two.partitions).toBeUndefined();
      expect(without(await log.membersOf(group.name))).toEqual([{ address: "one:1", partitions: PARTITIONS }]);
      outage.end();
      await group.settled("one:1", "two:1");
      expect(two.partitions).toHaveLength(had?.length ?? 0);
      await group.end();
    },
    120_000,
  );

  it("that cannot take what it owns ends with that error, and leaves", async () => {
    const group = await new Group().begin();
    const broken = new Error("no room");
    const ownership = await log.own({
      group: group.name,
      topic: group.topic,
      address: "one:1",
      onOwned: () => Promise.reject(broken),
    });
    await expect(ownership.finished).rejects.toBe(broken);
    expect(await log.membersOf(group.name)).toEqual([]);
  }, 60_000);

  it("whose log is closed while it joins leaves nobody behind", async () => {
    const group = await new Group().begin();
    const closing = await open();
    const joining = group.join("one:1", closing);
    await closing.partitions(group.topic);
    await closing.close();
    const one = await joining.catch(() => undefined);
    if (one !== undefined) await group.leave(one);
    await group.join("two:1");
    await group.settled("two:1");
    expect(without(await log.membersOf(group.name))).toEqual([{ address: "two:1", partitions: PARTITIONS }]);
    await group.end();
  }, 60_000);
});

/** Connections that can be cut, or hang, and are as before when it has ended. */
class Outage {
  readonly #sockets = new Set<Socket>();
  #how: "cut" | "hang" | undefined;

  readonly socketFactory = ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) => {
    const socket = this.#how === "cut" ? connect({ host, port: 1 }) : connect({ host, port }, onConnect);
    this.#sockets.add(socket.on("close", () => this.#sockets.delete(socket)));
    if (this.#how === "hang") socket.cork();
    return socket;
  };

  begin(how: "cut" | "hang"): void {
    this.#how = how;
    for (const socket of this.#sockets) {
      if (how === "cut") socket.destroy(new Error("the broker is gone"));
      else socket.cork();
    }
  }

  end(): void {
    this.#how = undefined;
    for (const socket of this.#sockets) socket.uncork();
  }
}
