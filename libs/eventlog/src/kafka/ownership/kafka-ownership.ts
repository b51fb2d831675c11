import type { Consumer, Kafka } from "kafkajs";
import type { LogError, Member, Ownership, OwnershipOptions } from "../../port.js";
import { RETRY } from "../client.js";
import { connectTo } from "../consumer-start.js";
import { sayKafkaFailure } from "../kafka-failure.js";
import { JoinTries } from "../join-tries.js";
import { claimsAssigner } from "./claims-assigner.js";
import type { GroupMembers } from "./group-members.js";
import type { Claims } from "./member-claims.js";

export interface MembershipOptions {
  /** How long a silent member keeps its partitions, in ms. */
  readonly sessionTimeoutMs: number;
  readonly members: Pick<GroupMembers, "of">;
  /** Its tries to be let into the group; default as often as is right. */
  readonly joinTries?: JoinTries;
  /** Called when it has ended, before `finished` settles. */
  onEnded(ownership: KafkaOwnership): void;
}

/** Most time between two heartbeats: the members learn so late that they are to agree anew. */
const HEARTBEAT_MS_MAX = 1_000;
/** How often the client library looks whether there is something to do. */
const LOOK_EVERY_MS = 250;

/**
 * `settled`: the member owns what it was given. `silent`: no heartbeat was answered for so long that others may own it by
 * now; if one is answered after all, it was not so. `joining`: the group agrees anew.
 */
type State = "settled" | "silent" | "joining";

/**
 * A member of Kafka's consumer group that reads nothing: all its partitions stay paused, and the client library then only
 * sends heartbeats. (Once after each agreement it asks where the partitions begin.) What a member owned goes with it into the next agreement.
 */
export class KafkaOwnership implements Ownership {
  readonly finished: Promise<void>;
  readonly #consumer: Consumer;
  readonly #options: OwnershipOptions;
  readonly #membership: MembershipOptions;
  readonly #heartbeatMs: number;
  /** What the group gave this member last, and when that was in the group's count. */
  #partitions: readonly number[] = [];
  #generation = 0;
  #state: State = "joining";
  /** Grows whenever what was agreed no longer holds; what is to be told of an older agreement is void. */
  #agreement = 0;
  #telling: Promise<void> = Promise.resolve();
  #silence: NodeJS.Timeout | undefined;
  /** The join under way. */
  #joining: Gate | undefined;
  /** Opens at the first join, or at the end. */
  readonly #joined = new Gate();
  readonly #joinTries: JoinTries;
  #failure: { readonly error: unknown } | undefined;
  #ending: Promise<void> | undefined;
  #resolve: () => void = () => undefined;
  #reject: (reason: unknown) => void = () => undefined;

  constructor(kafka: Pick<Kafka, "consumer">, options: OwnershipOptions, membership: MembershipOptions) {
    const { sessionTimeoutMs } = membership;
    this.#options = options;
    this.#membership = membership;
    this.#joinTries = membership.joinTries ?? new JoinTries();
    this.#heartbeatMs = Math.min(Math.floor(sessionTimeoutMs / 5), HEARTBEAT_MS_MAX);
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.finished.catch(() => undefined);
    this.#consumer = kafka.consumer({
      groupId: options.group,
      partitionAssigners: [claimsAssigner(options.topic, () => this.#claims())],
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: this.#heartbeatMs,
      // Nothing has to be finished before agreeing: whoever is silent for a session's length is not waited for.
      rebalanceTimeout: sessionTimeoutMs,
      maxWaitTimeInMs: LOOK_EVERY_MS,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: (error) => this.#mayJoinAgain(error) },
    });
    this.#listen();
  }

  /** Joins, and resolves when the member took what it was given, or has failed. */
  async start(): Promise<void> {
    try {
      await connectTo(this.#consumer, this.#options.topic, (error) => this.#mayJoinAgain(error));
      await this.#consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() });
    } catch (error) {
      this.#onGivenUp(error);
    }
    await this.#joined.opened;
    await this.#telling;
  }

  members(): Promise<readonly Member[]> {
    return this.#membership.members.of(this.#options.group);
  }

  stop(): Promise<void> {
    this.#ending ??= this.#leave();
    return this.#ending;
  }

  #listen(): void {
    const { CRASH, GROUP_JOIN, HEARTBEAT, REBALANCING } = this.#consumer.events;
    const { topic } = this.#options;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => {
      // Before anything is fetched: of whatever partitions, until the client library starts anew.
      this.#consumer.pause([{ topic }]);
      this.#onJoined([...(payload.memberAssignment[topic] ?? [])].sort((a, b) => a - b));
    });
    this.#consumer.on(HEARTBEAT, ({ payload }) => {
      this.#generation = payload.groupGenerationId;
      this.#onHeard();
    });
    this.#consumer.on(REBALANCING, () => {
      this.#unsettle("joining");
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      this.#joining?.open();
      if (payload.restart) this.#unsettle("joining");
      else this.#onGivenUp(payload.error);
    });
  }

  /** Asked by the client library whenever it joins, for whatever reason. Throws, and so keeps it from joining, at the end. */
  #claims(): Claims {
    if (this.#ending !== undefined) throw new Error("the member is leaving");
    this.#unsettle("joining");
    this.#joining = new Gate();
    return { address: this.#options.address, claims: this.#partitions, generation: this.#generation };
  }

  #onJoined(partitions: readonly number[]): void {
    this.#joinTries.joined();
    this.#partitions = partitions;
    // At least: the next heartbeat says it.
    this.#generation += 1;
    this.#settle();
    this.#onHeard();
    this.#joining?.open();
    this.#joined.open();
  }

  /** The group counts on this member for a session's length from now; it itself for a little less. */
  #onHeard(): void {
    if (this.#ending !== undefined) return;
    if (this.#state === "silent") this.#settle();
    clearTimeout(this.#silence);
    const stillForMs = this.#membership.sessionTimeoutMs - this.#heartbeatMs;
    this.#silence = setTimeout(() => {
      this.#unsettle("silent");
    }, stillForMs);
  }

  #settle(): void {
    const partitions = this.#partitions;
    const agreement = ++this.#agreement;
    this.#state = "settled";
    this.#telling = this.#telling
      .then(async () => {
        if (agreement === this.#agreement && this.#ending === undefined) await this.#options.onOwned(partitions);
      })
      .catch((error: unknown) => {
        this.#fail(error);
      });
  }

  #unsettle(state: "silent" | "joining"): void {
    const wasSettled = this.#state === "settled";
    if (wasSettled || state === "joining") this.#state = state;
    if (!wasSettled || this.#ending !== undefined) return;
    this.#agreement += 1;
    try {
      this.#options.onUnsettled?.();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A member whose brokers went away joins again when they are back. */
  async #mayJoinAgain(error: unknown): Promise<boolean> {
    if (this.#isEnding() || this.#say(error).hint !== "retry") return false;
    this.#unsettle("joining");
    return (await this.#joinTries.another()) && !this.#isEnding();
  }

  #isEnding(): boolean {
    return this.#ending !== undefined;
  }

  /** The client library tries no more: because it must not, at the end, or because it is no use. */
  #onGivenUp(error: unknown): void {
    if (this.#ending === undefined) this.#fail(this.#say(error));
  }

  #say(error: unknown): LogError {
    return sayKafkaFailure(`owning partitions of ${this.#options.topic}`, error);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    void this.stop();
  }

  async #leave(): Promise<void> {
    clearTimeout(this.#silence);
    this.#joined.open();
    await this.#telling;
    // Only who has joined can leave. Longer than a session the group would not wait for this member, either.
    await this.#joining?.openedWithin(this.#membership.sessionTimeoutMs);
    await this.#consumer.disconnect().catch(() => undefined);
    this.#membership.onEnded(this);
    if (this.#failure === undefined) this.#resolve();
    else this.#reject(this.#failure.error);
  }
}

/** What has not happened yet, and is waited for. */
class Gate {
  open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));

  async openedWithin(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const isLate = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.opened, isLate]);
    clearTimeout(timer);
  }
}
