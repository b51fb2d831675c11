import { TOPICS, wire } from "@leastwise/contracts";
import { LogError, type EventLog, type NewRecord, type Ownership } from "@leastwise/eventlog";
import type { Ledger, Tenure } from "@leastwise/ledger";
import { follow, type Following } from "@leastwise/references";
import type { Telemetry } from "@leastwise/telemetry";
import { sayRefusal, type Clock } from "@leastwise/vocabulary";
import type { Standings } from "../decider.js";
import type { Holding, Role } from "../holding.js";
import type { PartitionMap, PartitionOwner } from "../routing/partition-map.js";
import { epochOfClaim, OwnerTable } from "./owner-table.js";
import { Patience } from "./patience.js";
import { TwinWatch } from "./twin-watch.js";

/** The group that scorers share the partitions in. */
export const OWNERS_GROUP = "leastwise-scorers";

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
  /** Where others reach this process, `host:port`. No other process has the same. */
  readonly address: string;
  /** How many copies of each partition are kept warm beside its owner's: 0 or 1. */
  readonly standbys: number;
  /** See `RECLAIM_AFTER_MS`, which is the default. */
  readonly reclaimAfterMs?: number;
}

/** What is done for the partitions that this process comes to own. */
export interface OwnedState {
  readonly ledger: Pick<Ledger, "begin">;
  readonly feed: {
    hold(holding: Holding): Promise<void>;
    roleOf(partition: number): Role | undefined;
  };
}

/** A partition that this process has begun to own: all that belongs to it is here, and what it writes counts. */
interface Begun {
  readonly epoch: number;
  /** Since when another owner is expected, or has claimed it, Unix ms. */
  changingSinceMs: number | undefined;
}

/**
 * Who owns what, among scorers that come and go. The group's agreement says who is to own a partition; claims on the topic `owners` give each owner
 * its epoch; and the word that it is ready moves the calls to it. Until then the last owner answers, and grants nothing new; what it writes after the
 * next one has begun is void.
 */
export class Owners implements Tenure, Standings, PartitionMap {
  /** Rejects when this process can no longer own anything. */
  readonly finished: Promise<never>;
  readonly partitionCount: number;
  readonly #options: OwnersOptions;
  readonly #table: OwnerTable;
  /** Own claims that were made and not begun: their epochs. */
  readonly #claimed = new Map<number, number>();
  readonly #begun = new Map<number, Begun>();
  readonly #listeners = new Set<() => void>();
  readonly #ended = new AbortController();
  readonly #patience: Patience;
  readonly #twins: TwinWatch;
  #following: Following | undefined;
  #state: OwnedState | undefined;
  #ownership: Ownership | undefined;
  /** What the group gave this process last. */
  #given: ReadonlySet<number> = new Set();
  #standbyOf: readonly number[] = [];
  /** Since when nobody knows who owns what, Unix ms. */
  #unsettledSinceMs: number | undefined;
  /** Grows with each agreement. */
  #agreement = 0;
  #version = 0;
  /** First offset of the topic that was not read. */
  #readTo = 0;
  /** Called after each record of the topic. */
  #onRead: () => void = () => undefined;
  /** Partitions are taken over one time after the other. */
  #turn: Promise<void> = Promise.resolve();
  #reclaiming: NodeJS.Timeout | undefined;
  #fail: (error: unknown) => void = () => undefined;
  #tookOver: () => void = () => undefined;
  readonly #firstTakeover: Promise<void>;

  private constructor(options: OwnersOptions, partitionCount: number) {
    this.#options = options;
    this.partitionCount = partitionCount;
    this.#table = new OwnerTable(partitionCount);
    this.#patience = new Patience(this.#ended.signal, ({ code }) => {
      options.telemetry.logger.warn({ code }, "owning partitions waits for the log");
    });
    const { log, address, telemetry } = options;
    this.#twins = new TwinWatch({ log, logger: telemetry.logger, group: OWNERS_GROUP, address });
    this.#firstTakeover = new Promise((resolve) => (this.#tookOver = resolve));
    this.finished = new Promise((_, reject) => (this.#fail = reject));
    this.finished.catch(() => undefined);
  }

  /** Reads who owns what, and goes on as that changes. Owns nothing before {@link Owners.join}. */
  static async open(options: OwnersOptions): Promise<Owners> {
    const owners = new Owners(options, await options.log.partitions(TOPICS.clickstream));
    owners.#following = await follow(options.log, TOPICS.owners, ({ value, offset }) => {
      owners.#read(value, offset);
    });
    owners.#following.finished.catch(owners.#fail);
    return owners;
  }

  /** Joins the group; resolves when this process has taken over what it was given first. Rejects with what keeps it from that. */
  async join(state: OwnedState): Promise<void> {
    const { log, address, clock, telemetry } = this.#options;
    this.#state = state;
    this.#ownership = await log.own({
      group: OWNERS_GROUP,
      topic: TOPICS.clickstream,
      address,
      onOwned: (partitions) => {
        this.#own(partitions);
      },
      onUnsettled: () => {
        telemetry.logger.info("the group agrees anew who owns what");
        this.#unsettledSinceMs ??= clock.nowMs();
      },
    });
    this.#ownership.finished.catch(this.#fail);
    await Promise.race([this.finished, this.#firstTakeover]);
  }

  /**
   * Leaves the group, and resolves when other members are ready for all that this process owned, or after the time; at once where it is the only
   * one. Meanwhile it answers, and grants nothing new.
   */
  async leave(waitMs: number): Promise<void> {
    await within(waitMs, this.#leaveToOthers());
  }

  async #leaveToOthers(): Promise<void> {
    const { log, address, clock } = this.#options;
    // A group that agrees anew, as it does without this process, may tell of no member.
    const members = await log.membersOf(OWNERS_GROUP).catch(() => undefined);
    this.#unsettledSinceMs ??= clock.nowMs();
    const left = this.#ownership?.stop().catch(() => undefined);
    const isAlone = members?.every((member) => member.address === address) ?? false;
    const isOver = isAlone ? Promise.resolve() : this.#untilNothingIsOwned();
    await Promise.all([left, isOver]);
  }

  /** Ends. Whoever joined has to {@link Owners.leave} before, if calls are still to be answered. */
  async close(): Promise<void> {
    this.#ended.abort();
    clearTimeout(this.#reclaiming);
    this.#twins.close();
    await this.#ownership?.stop().catch(() => undefined);
    await this.#following?.stop();
  }

  get ownAddress(): string {
    return this.#options.address;
  }

  get version(): number {
    return this.#version;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Who answers for a partition: this process where it has begun, else the last who was ready. Undefined: nobody yet, or one that was at this address before. */
  ownerOf(partition: number): PartitionOwner | undefined {
    const ready = this.#table.readyOf(partition);
    const begun = this.#begun.get(partition);
    const { address } = this.#options;
    if (begun !== undefined && begun.epoch >= (ready?.epoch ?? 0)) return { address, epoch: begun.epoch };
    return ready?.address === address ? undefined : ready;
  }

  epochOf(partition: number): number | undefined {
    return this.#begun.get(partition)?.epoch;
  }

  unsettledMs(partition: number): number | undefined {
    const begun = this.#begun.get(partition);
    if (begun === undefined) return undefined;
    const sinceMs = begun.changingSinceMs ?? this.#unsettledSinceMs;
    return sinceMs === undefined ? 0 : Math.max(1, this.#options.clock.nowMs() - sinceMs);
  }

  /** The group has agreed: these are to be owned here. Taking them over goes on behind it: what is owned already answers as before. */
  #own(partitions: readonly number[]): void {
    const agreement = ++this.#agreement;
    this.#given = new Set(partitions);
    this.#unsettledSinceMs = undefined;
    this.#options.telemetry.logger.info({ partitions }, "the group has agreed who owns what");
    this.#twins.agreed();
    this.#noteChanging();
    this.#takeOver()
      .then(() => {
        this.#tookOver();
        return this.#followStandbys(agreement);
      })
      .catch(this.#failUnlessEnded);
  }

  readonly #failUnlessEnded = (error: unknown): void => {
    if (!this.#ended.signal.aborted) this.#fail(error);
  };

  /** The epoch of this process's newest claim to a partition; 0: none. */
  #newestOf(partition: number): number {
    return this.#claimed.get(partition) ?? this.#begun.get(partition)?.epoch ?? 0;
  }

  /** Whether the partition is another's by now, or will be. */
  #isTaken(partition: number): boolean {
    return !this.#given.has(partition) || (this.#table.claimOf(partition)?.epoch ?? 0) > this.#newestOf(partition);
  }

  /** Partitions that are to be this process's and are not: never claimed by it, or claimed by somebody else since. */
  get #lacking(): readonly number[] {
    return [...this.#given].filter((partition) => this.#newestOf(partition) === 0 || this.#isTaken(partition));
  }

  /** Notes since when partitions are about to be another's. */
  #noteChanging(): void {
    for (const [partition, begun] of this.#begun) {
      if (!this.#isTaken(partition)) begun.changingSinceMs = undefined;
      else begun.changingSinceMs ??= this.#options.clock.nowMs();
    }
  }

  /** Takes over what was given to this process and is not its own yet, and lets go of what it has no longer. */
  #takeOver(): Promise<void> {
    const taken = this.#turn.then(async () => {
      await this.#patience.persist(() => this.#catchUp());
      const lacking = this.#lacking;
      if (lacking.length > 0) await this.#claimAndBegin(lacking);
      // Copies that are cold yet hold nobody up.
      void this.#holdOn();
    });
    this.#turn = taken.catch(() => undefined);
    return taken;
  }

  async #claimAndBegin(partitions: readonly number[]): Promise<void> {
    const { telemetry } = this.#options;
    const state = this.#state;
    if (state === undefined) throw new Error("nothing is owned before joining");
    const startedMs = performance.now();
    const epochs = await this.#patience.persist(() => this.#claim(partitions));
    const claimedMs = performance.now();
    for (const [partition, epoch] of epochs) this.#claimed.set(partition, epoch);
    // The last owner is not shut out before all else is here: it uses offers until then. What is not warm yet would hold an owner up.
    await this.#hold((partition) => state.feed.roleOf(partition) !== undefined);
    const heldMs = performance.now();
    const begun = await this.#patience.persist(() => state.ledger.begin(epochs));
    for (const [partition, epoch] of epochs) this.#begin(partition, epoch, begun);
    const begunMs = performance.now();
    const ready = [...epochs].filter(([partition]) => begun.has(partition));
    if (ready.length > 0) await this.#patience.persist(() => this.#sayReady(ready));
    const tookMs = performance.now() - startedMs;
    telemetry.metrics.takeoverDuration.with({}).observe(tookMs / 1_000);
    telemetry.logger.info(
      {
        partitions: ready.map(([partition]) => partition),
        took_ms: Math.round(tookMs),
        claimed_ms: Math.round(claimedMs - startedMs),
        held_ms: Math.round(heldMs - claimedMs),
        begun_ms: Math.round(begunMs - heldMs),
      },
      "partitions are owned here from now on",
    );
  }

  /** Says that the partitions are this process's, and learns under which epochs. */
  async #claim(partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const claims = partitions.map((partition) => this.#record(partition, 0, "claimed"));
    const positions = await this.#options.log.append(claims);
    return new Map(positions.map(({ offset }, at) => [partitions[at] ?? -1, epochOfClaim(offset)]));
  }

  /** What was claimed is begun, unless somebody with a later claim has done so before. */
  #begin(partition: number, epoch: number, begun: ReadonlySet<number>): void {
    this.#claimed.delete(partition);
    if (begun.has(partition)) {
      this.#begun.set(partition, { epoch, changingSinceMs: undefined });
      this.#noteChanging();
      this.#tellChange();
    } else if ((this.#table.claimOf(partition)?.epoch ?? 0) <= epoch) this.#expectLaterClaim(partition);
  }

  /** It is on its way, and is found by who reclaims; without it, epochs began anew. */
  #expectLaterClaim(partition: number): void {
    this.#patience
      .until(() => Promise.resolve(this.#lacking.includes(partition) ? undefined : true))
      .then((isFound) => {
        if (isFound === true || this.#ended.signal.aborted) return;
        const message = `owning ${TOPICS.clickstream}/${partition}: records of ${TOPICS.decisions} have a later epoch than any claim on ${TOPICS.owners}, which was made anew`;
        this.#fail(new LogError("incarnation_mismatch", message, "terminal"));
      })
      .catch(this.#failUnlessEnded);
    this.#reclaimLater();
  }

  async #sayReady(owned: readonly (readonly [number, number])[]): Promise<void> {
    await this.#options.log.append(owned.map(([partition, epoch]) => this.#record(partition, epoch, "ready")));
  }

  #record(partition: number, epoch: number, standing: keyof typeof STANDINGS): NewRecord {
    const { address, clock } = this.#options;
    const atMs = clock.nowMs();
    const record = { partition, address, standing: STANDINGS[standing], epoch: BigInt(epoch), atMs: BigInt(atMs) };
    const value = wire.OwnerRecord.encode(record).finish();
    return { topic: TOPICS.owners, partition: 0, key: `${partition}.${standing}`, value, timestampMs: atMs };
  }

  /** Waits until what stands on the topic has been read, for a while. */
  async #catchUp(): Promise<void> {
    const { end } = await this.#options.log.offsets(TOPICS.owners, 0);
    const caughtUp = new Promise<void>((resolve) => {
      this.#onRead = () => {
        if (this.#readTo >= end) resolve();
      };
      this.#onRead();
    });
    await within(CATCH_UP_MAX_MS, caughtUp, this.#ended.signal);
    this.#onRead = () => undefined;
  }

  #read(value: Uint8Array, offset: number): void {
    this.#readTo = offset + 1;
    const taken = this.#table.take(value, offset);
    if (!taken.ok) {
      const problem = sayRefusal(taken.error);
      this.#options.telemetry.logger.warn({ offset, problem }, "a record of owners is passed over: it is none of ours");
    } else if (taken.value) this.#tableChanged();
    this.#onRead();
  }

  #tableChanged(): void {
    this.#noteChanging();
    const gone = [...this.#begun].filter(
      ([partition, { epoch }]) => (this.#table.readyOf(partition)?.epoch ?? 0) > epoch,
    );
    for (const [partition] of gone) this.#begun.delete(partition);
    if (gone.length > 0) void this.#holdOn();
    if (this.#lacking.length > 0) this.#reclaimLater();
    this.#tellChange();
  }

  #tellChange(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }

  /** What a late claim of an older agreement took from this process is taken back. */
  #reclaimLater(): void {
    if (this.#ended.signal.aborted) return;
    this.#reclaiming ??= setTimeout(() => {
      this.#reclaiming = undefined;
      if (this.#unsettledSinceMs !== undefined || this.#lacking.length === 0) return;
      this.#takeOver().catch(this.#failUnlessEnded);
    }, this.#options.reclaimAfterMs ?? RECLAIM_AFTER_MS);
  }

  #untilNothingIsOwned(): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.#begun.size > 0) return;
        stop();
        resolve();
      };
      const stop = this.onChange(look);
      look();
    });
  }

  /** What this process owns, and what it keeps warm: for its next owner until that one is ready, and for those that it is the standby of. */
  #holding(): Holding {
    const owned = new Map<number, number>();
    const standby = new Set<number>(this.#standbyOf);
    for (const partition of new Set([...this.#begun.keys(), ...this.#claimed.keys()])) {
      if (this.#isTaken(partition)) standby.add(partition);
      else owned.set(partition, this.#newestOf(partition));
    }
    return { owned, standby: [...standby].filter((partition) => !owned.has(partition)) };
  }

  /** Has the windows here, of standbys only those that are wanted at once. */
  async #hold(isWanted: (partition: number) => boolean = () => true): Promise<void> {
    const { metrics } = this.#options.telemetry;
    await this.#patience.persist(async () => {
      const { owned, standby } = this.#holding();
      metrics.ownedPartitions.with({ role: "owned" }).set(owned.size);
      metrics.ownedPartitions.with({ role: "standby" }).set(standby.length);
      await this.#state?.feed.hold({ owned, standby: standby.filter(isWanted) });
    });
  }

  async #holdOn(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    await this.#hold().catch(this.#failUnlessEnded);
  }

  /** Learns from the group which partitions to keep warm; gives up when it agrees anew. */
  async #followStandbys(agreement: number): Promise<void> {
    const { log, address, standbys, telemetry } = this.#options;
    if (standbys === 0) return;
    const isOver = () => agreement !== this.#agreement || this.#ended.signal.aborted;
    const standbyOf = await this.#patience.until(async () => {
      if (isOver()) return [];
      const members = await log.membersOf(OWNERS_GROUP).catch(() => []);
      const own = members.find((member) => member.address === address);
      return own?.partitions.length === this.#given.size ? own.standbyOf : undefined;
    });
    if (isOver()) return;
    if (standbyOf === undefined) telemetry.logger.warn("the group does not say what to keep warm: nothing is");
    this.#standbyOf = standbyOf ?? [];
    await this.#holdOn();
  }
}

const STANDINGS = {
  claimed: wire.OwnerStanding.OWNER_STANDING_CLAIMED,
  ready: wire.OwnerStanding.OWNER_STANDING_READY,
} as const;

/** Resolves with what is waited for, when the time is over, or when all is. */
async function within(ms: number, awaited: Promise<unknown>, signal?: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let end: () => void = () => undefined;
  const isOver = new Promise<void>((resolve) => {
    end = () => {
      resolve();
    };
    timer = setTimeout(end, ms);
  });
  signal?.addEventListener("abort", end);
  await Promise.race([awaited, isOver]);
  signal?.removeEventListener("abort", end);
  clearTimeout(timer);
}
