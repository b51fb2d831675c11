import { createRequire } from "node:module";

/** A consumer's part in its group, as the client library keeps it and as far as it matters here. */
export interface GroupMembership {
  /** What the group agreed last, in its own count. */
  readonly generationId: number | null;
  commitOffsets: (this: GroupMembership, offsets: object | undefined) => Promise<void>;
}

const commits = new WeakSet<GroupMembership["commitOffsets"]>();

/**
 * kafkajs 2.2 tries a commit that was refused, since the group was agreeing anew, again as a member of what was agreed (`src/consumer/runner.js`),
 * and no broker asks whose partition it is: it shows as a commit that replaces the new owner's. A commit belongs to the agreement that it was
 * first tried under, and is refused under any other.
 */
export function keepCommitsToTheirGeneration(): void {
  const { prototype } = createRequire(import.meta.url)("kafkajs/src/consumer/consumerGroup") as {
    readonly prototype: GroupMembership;
  };
  const commit = prototype.commitOffsets;
  if (commits.has(commit)) return;
  /** By the offsets, which are the same object at each try. */
  const begunIn = new WeakMap<object, number | null>();
  prototype.commitOffsets = async function (offsets) {
    if (offsets !== undefined) {
      if (!begunIn.has(offsets)) begunIn.set(offsets, this.generationId);
      if (begunIn.get(offsets) !== this.generationId) throw new GenerationOver();
    }
    await commit.call(this, offsets);
  };
  commits.add(prototype.commitOffsets);
}

/** As the client library knows an answer of the brokers. */
class GenerationOver extends Error {
  readonly type = "ILLEGAL_GENERATION";
  readonly retriable = false;

  constructor() {
    super("the group has agreed anew since the commit was first tried");
  }
}
