import { TOPICS, wire } from "@leastwise/contracts";
import { LogError, type EventLog, type Ownership } from "@leastwise/eventlog";
import type { Ledger, Tenure } from "@leastwise/ledger";
import { follow, type Following } from "@leastwise/references";
import type { Telemetry } from "@leastwise/telemetry";
import type { Clock } from "@leastwise/vocabulary";
import { setTimeout as delay } from "node:timers/promises";
import type { Standings } from "../decider.js";
import type { Holding } from "../holding.js";
import type { PartitionMap, PartitionOwner } from "../routing/partition-map.js";
import { epochOfClaim, OwnerTable } from "./owner-table.js";

/** The group that scorers share the partitions in. */
export const OWNERS_GROUP = "leastwise-scorers";

/** Tries of one step that the log fails, and the waits between them, ms: about two minutes, after which somebody has to hear of it. */
const TRIES_MAX = 70;
const PAUSE_MIN_MS = 50;
const PAUSE_MAX_MS = 2_000;

/**
 * How long a claim of somebody else's to what was given to this process may stand, ms: a claim of an older agreement that came late is outdone then. Who
 * was given nothing of it any more knows by that time, from its heartbeats.
 */
const RECLAIM_AFTER_MS = 3_000;

/** How long is waited for what stands on the topic to be read before claims are made, ms: what is not seen then is found a little later. */
const CATCH_UP_MAX_MS = 2_000;

export interface OwnersOptions {
  readonly log: EventLog;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Where others reach this process, `host:port`. */
  readonly address: string;
  /** How many copies of each partition are kept warm beside its owner's: 0 or 1. */
  readonly standbys: number;
  /** See `RECLAIM_AFTER_MS`, which is the default. */
  readonly reclaimAfterMs?: number;
}

/** What is done for the partitions that this process comes to own. */
export interface OwnedState {
  readonly ledger: Pick<Ledger, "begin">;
  readonly feed: { hold(holding: Holding): Promise<void> };
}

/** A partition that is this process's, by its claim. */
interface Held {
  readonly epoch: number;
  /**
   * `restoring`: not all that belongs to it is here. `begun`: what others write for it is void, and what this process writes counts. `ready`: it
   * answers for it.
   */
  standing: "restoring" | "begun" | "ready";
  /** Since when another owner is expected, or has claimed it, Unix ms. */
  changingSinceMs: number | undefined;
}

/**
 * Who owns what, among scorers that come and go. The group's agreement says who is to own a partition; claims on the topic `owners` give each owner
 * its epoch; and the word that it is ready moves the calls to it. Until then the last owner answers, and grants nothing new; what it writes after the
 * next one has begun is void.
 */
export class Owners implements Tenure, Standings, PartitionMap {
  readonly partitionCount: number;
  readonly #options: OwnersOptions;
  readonly #table = new OwnerTable();
  readonly #held = new Map<number, Held>();
  readonly #listeners = new Set<() => void>();
  readonly #ended = new AbortController();
  #following: Following | undefined;
  #state: OwnedState | undefined;
  #ownership: Ownership | undefined;
  /** What the group gave this process last. */
  #given: ReadonlySet<number> = new Set();
  #standbyOf: readonly number[] = [];
  /** What is warm here beside what is owned: to be filled first it would hold an owner up. */
  #warm: ReadonlySet<number> = new Set();
  /** Since when nobody knows who owns what, Unix ms. */
  #unsettledSinceMs: number | undefined;
  /** Grows with each agreement. */
  #agreement = 0;
  #version = 0;
  /** First offset of the topic that was not read. */
  #readTo = 0;
  /** Partitions are taken over one time after the other. */
  #turn: Promise<void> = Promise.resolve();
  #reclaiming: NodeJS.Timeout | undefined;
  #fail: (error: unknown) => void = () => undefined;

  /** Rejects when this process can no longer own anything. */
  readonly finished: Promise<never>;

  private constructor(options: OwnersOptions, partitionCount: number) {
    this.#options = options;
    this.partitionCount = partitionCount;
    this.finished = new Promise((_, reject) => (this.#fail = reject));
    this.finished.catch(() => undefined);
  }

  /** Reads who owns what, and goes on as that changes. Owns nothing before {@link Owners.join}. */
  static async open(options: OwnersOptions): Promise<Owners> {
    const owners = new Owners(options, await options.log.partitions(TOPICS.clickstream));
    owners.#following = await follow(options.log, TOPICS.owners, ({ value, offset }) => {
      owners.#readTo = offset + 1;
      if (owners.#table.take(wire.OwnerRecord.decode(value), offset)) owners.#changed();
    });
    owners.#following.finished.catch(owners.#fail);
    return owners;
  }

  /** Joins the group; resolves when this process is ready for all that it was given. */
  async join(state: OwnedState): Promise<void> {
    const { log, address, clock, telemetry } = this.#options;
    this.#state = state;
    this.#ownership = await log.own({
      group: OWNERS_GROUP,
      topic: TOPICS.clickstream,
      address,
      onOwned: (partitions) => this.#own(partitions),
      onUnsettled: () => {
        if (this.#unsettledSinceMs === undefined) telemetry.logger.info("the group agrees anew who owns what");
        this.#unsettledSinceMs ??= clock.nowMs();
      },
    });
    this.#ownership.finished.catch(this.#fail);
    // It has failed where it never settled.
    await Promise.race([this.#ownership.finished, Promise.resolve()]);
  }

  /**
   * Leaves the group, and resolves when other members are ready for all that this process owned, or after the time; at once where there are none.
   * Meanwhile it answers, and grants nothing new.
   */
  async leave(waitMs: number): Promise<void> {
    const { log, address, clock } = this.#options;
    this.#unsettledSinceMs ??= clock.nowMs();
    await this.#ownership?.stop().catch(() => undefined);
    const members = await log.membersOf(OWNERS_GROUP).catch(() => []);
    if (members.every((member) => member.address === address)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      const look = () => {
        if (this.#held.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
      this.onChange(look);
      look();
    });
  }

  /** Ends. Whoever joined has to {@link Owners.leave} before, if calls are still to be answered. */
  async close(): Promise<void> {
    this.#ended.abort();
    clearTimeout(this.#reclaiming);
    await this.#ownership?.stop().catch(() => undefined);
    await this.#following?.stop();
  }

  get ownAddress(): string {
    return this.#options.address;
  }

  /** Grows with each change of who answers for a partition. */
  get version(): number {
    return this.#version;
  }

  /** Calls after each change of who answers for a partition; what comes back ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Who answers for a partition: the last who said that it is ready for it. Undefined: nobody yet, or a process that was at this address before. */
  ownerOf(partition: number): PartitionOwner | undefined {
    const ready = this.#table.readyOf(partition);
    if (ready?.address !== this.#options.address) return ready;
    return this.#held.get(partition)?.epoch === ready.epoch ? ready : undefined;
  }

  epochOf(partition: number): number | undefined {
    const held = this.#held.get(partition);
    return held === undefined || held.standing === "restoring" ? undefined : held.epoch;
  }

  unsettledMs(partition: number): number | undefined {
    const held = this.#held.get(partition);
    if (held?.standing !== "ready") return undefined;
    const sinceMs = held.changingSinceMs ?? this.#unsettledSinceMs;
    return sinceMs === undefined ? 0 : Math.max(1, this.#options.clock.nowMs() - sinceMs);
  }

  /** The group has agreed: these are to be owned here. */
  async #own(partitions: readonly number[]): Promise<void> {
    const agreement = ++this.#agreement;
    this.#given = new Set(partitions);
    this.#unsettledSinceMs = undefined;
    this.#options.telemetry.logger.info({ partitions }, "the group has agreed who owns what");
    this.#look();
    await this.#takeOver();
    void this.#followStandbys(agreement);
  }

  /** Notes which partitions are about to be another's. */
  #look(): void {
    for (const [partition, held] of this.#held) {
      if (!this.#isTaken(partition, held)) held.changingSinceMs = undefined;
      else held.changingSinceMs ??= this.#options.clock.nowMs();
    }
  }

  /** Whether the partition is another's by now, or will be. */
  #isTaken(partition: number, { epoch }: Held): boolean {
    return !this.#given.has(partition) || (this.#table.claimOf(partition)?.epoch ?? 0) > epoch;
  }

  /** Partitions that are to be this process's and are not: never claimed by it, or claimed by somebody else since. */
  get #lacking(): readonly number[] {
    return [...this.#given].filter((partition) => {
      const held = this.#held.get(partition);
      return held === undefined || this.#isTaken(partition, held);
    });
  }

  /** Takes over what was given to this process and is not its own yet, and lets go of what it has no longer. */
  #takeOver(): Promise<void> {
    const taken = this.#turn.then(async () => {
      await this.#persist(() => this.#catchUp());
      const lacking = this.#lacking;
      if (lacking.length === 0) await this.#hold();
      else await this.#claimAndBegin(lacking);
    });
    this.#turn = taken.catch(() => undefined);
    return taken;
  }

  async #claimAndBegin(partitions: readonly number[]): Promise<void> {
    const { telemetry } = this.#options;
    const state = this.#state;
    if (state === undefined) throw new Error("nothing is owned before joining");
    const startedMs = performance.now();
    const epochs = await this.#persist(() => this.#claim(partitions));
    for (const [partition, epoch] of epochs)
      this.#held.set(partition, { epoch, standing: "restoring", changingSinceMs: undefined });
    // The last owner is not shut out before all else is here: it uses offers until then.
    await this.#hold((partition) => this.#warm.has(partition));
    const begun = await this.#persist(() => state.ledger.begin(epochs));
    for (const [partition, epoch] of epochs) this.#begun(partition, epoch, begun.has(partition));
    await this.#persist(() => this.#sayReady([...epochs].filter(([partition]) => begun.has(partition))));
    const tookMs = performance.now() - startedMs;
    telemetry.metrics.takeoverDuration.with({}).observe(tookMs / 1_000);
    telemetry.logger.info({ partitions, took_ms: Math.round(tookMs) }, "partitions are owned here from now on");
  }

  /** Waits until what stands on the topic has been read, for a while. */
  async #catchUp(): Promise<void> {
    const { end } = await this.#options.log.offsets(TOPICS.owners, 0);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, CATCH_UP_MAX_MS);
      const stop = this.onChange(() => {
        look();
      });
      const look = () => {
        if (this.#readTo < end && !this.#ended.signal.aborted) return;
        clearTimeout(timer);
        stop();
        resolve();
      };
      look();
    });
  }

  /** Says that the partitions are this process's, and learns under which epochs. */
  async #claim(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const claims = partitions.map((partition) => this.#record(partition, 0, "claimed"));
    const positions = await this.#options.log.append(claims);
    return new Map(positions.map(({ offset }, at) => [partitions[at] ?? -1, epochOfClaim(offset)]));
  }

  #begun(partition: number, epoch: number, hasBegun: boolean): void {
    const held = this.#held.get(partition);
    if (held?.epoch !== epoch) return;
    if (hasBegun) held.standing = "begun";
    else this.#held.delete(partition);
  }

  async #sayReady(owned: readonly (readonly [number, number])[]): Promise<void> {
    if (owned.length === 0) return;
    await this.#options.log.append(owned.map(([partition, epoch]) => this.#record(partition, epoch, "ready")));
    for (const [partition, epoch] of owned) {
      const held = this.#held.get(partition);
      if (held?.epoch === epoch) held.standing = "ready";
    }
  }

  #record(partition: number, epoch: number, standing: "claimed" | "ready") {
    const { address, clock } = this.#options;
    const atMs = clock.nowMs();
    const record = { partition, address, standing: STANDINGS[standing], epoch: BigInt(epoch), atMs: BigInt(atMs) };
    const value = wire.OwnerRecord.encode(record).finish();
    return { topic: TOPICS.owners, partition: 0, key: `${partition}.${standing}`, value, timestampMs: atMs };
  }

  /** Somebody has said something of itself. */
  #changed(): void {
    this.#version += 1;
    this.#look();
    const gone = [...this.#held].filter(
      ([partition, { epoch }]) => (this.#table.readyOf(partition)?.epoch ?? 0) > epoch,
    );
    for (const [partition] of gone) this.#held.delete(partition);
    if (gone.length > 0) void this.#holdOn();
    if (this.#lacking.length > 0) this.#reclaimLater();
    for (const listener of this.#listeners) listener();
  }

  /** What a late claim of an older agreement took from this process is taken back. */
  #reclaimLater(): void {
    if (this.#ended.signal.aborted) return;
    this.#reclaiming ??= setTimeout(() => {
      this.#reclaiming = undefined;
      if (this.#unsettledSinceMs !== undefined || this.#lacking.length === 0) return;
      this.#takeOver().catch(this.#fail);
    }, this.#options.reclaimAfterMs ?? RECLAIM_AFTER_MS);
  }

  /** What this process owns, and what it keeps warm: for its next owner until that one is ready, and for those that it is the standby of. */
  #holding(): Holding {
    const owned = new Map<number, number>();
    const standby = new Set<number>(this.#standbyOf);
    for (const [partition, held] of this.#held) {
      if (this.#isTaken(partition, held)) standby.add(partition);
      else owned.set(partition, held.epoch);
    }
    return { owned, standby: [...standby].filter((partition) => !owned.has(partition)) };
  }

  /** Has the windows here, of standbys only those that are wanted at once. */
  async #hold(isWanted: (partition: number) => boolean = () => true): Promise<void> {
    const { ownedPartitions } = this.#options.telemetry.metrics;
    const { owned, standby } = await this.#persist(async () => {
      const all = this.#holding();
      const holding = { ...all, standby: all.standby.filter(isWanted) };
      await this.#state?.feed.hold(holding);
      return holding;
    });
    this.#warm = new Set([...owned.keys(), ...standby]);
    ownedPartitions.with({ role: "owned" }).set(owned.size);
    ownedPartitions.with({ role: "standby" }).set(standby.length);
  }

  async #holdOn(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    await this.#hold().catch((error: unknown) => {
      if (!this.#ended.signal.aborted) this.#fail(error);
    });
  }

  /** Learns from the group which partitions to keep warm; gives up when it agrees anew. */
  async #followStandbys(agreement: number): Promise<void> {
    const { log, address, standbys } = this.#options;
    if (standbys === 0) return;
    const isCurrent = () => agreement === this.#agreement && !this.#ended.signal.aborted;
    for (let tried = 1; isCurrent() && tried < TRIES_MAX; tried += 1) {
      const members = await log.membersOf(OWNERS_GROUP).catch(() => []);
      const own = members.find((member) => member.address === address);
      if (isCurrent() && own?.partitions.length === this.#given.size) {
        this.#standbyOf = own.standbyOf;
        await this.#holdOn();
        return;
      }
      await this.#pause(tried);
    }
  }

  /** Runs something of the log until it succeeds, or the process ends, as long as that may be. */
  async #persist<T>(run: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await run();
      } catch (error) {
        const isPassing = error instanceof LogError && error.hint === "retry";
        if (!isPassing || tried === TRIES_MAX || this.#ended.signal.aborted) throw error;
        this.#options.telemetry.logger.warn({ code: error.code }, "owning partitions waits for the log");
      }
      await this.#pause(tried);
    }
  }

  async #pause(tried: number): Promise<void> {
    const ms = Math.min(PAUSE_MAX_MS, PAUSE_MIN_MS * 2 ** (tried - 1));
    await delay(ms, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }
}

const STANDINGS = {
  claimed: wire.OwnerStanding.OWNER_STANDING_CLAIMED,
  ready: wire.OwnerStanding.OWNER_STANDING_READY,
} as const;
