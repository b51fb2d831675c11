import { internalOf, wrapOnce } from "./kafkajs-internals.js";

/** A consumer's part in its group, as the client library keeps it and as far as it matters here. */
export interface GroupMembership {
  /** What the group agreed last, in its own count. */
  readonly generationId: number | null;
  commitOffsets: (this: GroupMembership, offsets: object | undefined) => Promise<void>;
}

/**
 * kafkajs 2.2 tries a commit that was refused, since the group was agreeing anew, again as a member of what was agreed (`src/consumer/runner.js`),
 * and no broker asks whose partition it is: it shows as a commit that replaces the new owner's. A commit belongs to the agreement that it was
 * first tried under, and is refused under any other.
 */
export function keepCommitsToTheirGeneration(): void {
  const { prototype } = internalOf("consumer/consumerGroup") as { readonly prototype: GroupMembership };
  wrapOnce(prototype, "commitOffsets", onlyInItsGeneration);
}

function onlyInItsGeneration(commit: GroupMembership["commitOffsets"]): GroupMembership["commitOffsets"] {
  /** By the offsets, which are the same object at each try. */
  const begunIn = new WeakMap<object, number | null>();
  return async function (offsets) {
    if (offsets !== undefined) {
      if (!begunIn.has(offsets)) begunIn.set(offsets, this.generationId);
      if (begunIn.get(offsets) !== this.generationId) throw new GenerationOver();
    }
    await commit.call(this, offsets);
  };
}

/** As the client library knows an answer of the brokers. */
class GenerationOver extends Error {
  readonly type = "ILLEGAL_GENERATION";
  readonly retriable = false;

  constructor() {
    super("the group has agreed anew since the commit was first tried");
  }
}
