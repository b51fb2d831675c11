import type { EventLog, Member, Ownership, OwnershipOptions } from "@leastwise/eventlog";

interface Joined {
  readonly options: OwnershipOptions;
  partitions: readonly number[];
  told: Promise<void>;
}

/** A group of owners whose agreements a test makes: members of one log in one process. */
export class ScriptedGroup {
  readonly #members = new Map<string, Joined>();
  /** While it agrees anew nobody learns who the members are. */
  isAgreeing = false;

  /** The log, whose group is this one. */
  of(log: EventLog): EventLog {
    return new Proxy(log, {
      get: (target, name) => {
        if (name === "own") return (options: OwnershipOptions) => this.#join(options);
        if (name === "membersOf")
          return () => (this.isAgreeing ? Promise.reject(new Error("they agree")) : Promise.resolve(this.members()));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  members(): readonly Member[] {
    return [...this.#members].map(([address, { partitions }]) => ({
      address,
      partitions,
      // With two members each is the other's standby.
      standbyOf: [...this.#members].flatMap(([other, joined]) => (other === address ? [] : joined.partitions)),
    }));
  }

  /** The members agree: each is told what it is to own, when it has heard that they were about to. */
  async agree(partitions: Readonly<Record<string, readonly number[]>>): Promise<void> {
    this.unsettle();
    for (const [address, joined] of this.#members) joined.partitions = partitions[address] ?? [];
    await Promise.all([...this.#members.keys()].map((address) => this.#tell(address)));
  }

  /** Nobody knows who owns what. */
  unsettle(): void {
    for (const { options } of this.#members.values()) options.onUnsettled?.();
  }

  #tell(address: string): Promise<void> {
    const joined = this.#members.get(address);
    if (joined === undefined) throw new Error(`${address} is no member`);
    const { partitions } = joined;
    joined.told = joined.told.then(() => joined.options.onOwned(partitions));
    return joined.told;
  }

  /** Joins with nothing to own, until the group agrees. */
  #join(options: OwnershipOptions): Promise<Ownership> {
    this.#members.set(options.address, { options, partitions: [], told: Promise.resolve() });
    return Promise.resolve({
      finished: new Promise<void>(() => undefined),
      members: () => Promise.resolve(this.members()),
      stop: () => {
        this.#members.delete(options.address);
        return Promise.resolve();
      },
    });
  }
}
