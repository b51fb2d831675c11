import type { LogRecord, Position } from "@leastwise/eventlog";

/** A record that is none of ours, since somebody else wrote onto the topic. It says nothing of anybody, and following goes on behind it. */
export interface PassedOver extends Position {
  /** What was wrong with it, in words. */
  readonly problem: string;
}

/** What whoever follows a topic may hear of it. */
export interface FollowingHooks {
  /** Told of each record that is passed over, at every reading of the topic; default nobody. */
  readonly onPassedOver?: ((record: PassedOver) => void) | undefined;
}

/**
 * Takes a topic's records as messages. A record that `read` throws at is passed over, aloud; what `take` throws is a bug, and ends the following.
 *
 * @param read makes the message of a record; throws, saying why, if it is none of ours
 */
export function takingOurs<Message>(
  read: (record: LogRecord) => Message,
  take: (message: Message) => void,
  { onPassedOver }: FollowingHooks,
): (record: LogRecord) => void {
  return (record) => {
    let message: Message;
    try {
      message = read(record);
    } catch (error) {
      const { topic, partition, offset } = record;
      onPassedOver?.({ topic, partition, offset, problem: error instanceof Error ? error.message : String(error) });
      return;
    }
    take(message);
  };
}

/**
 * Throws unless a record stands under the key that its message names, as all of ours do: another would be neither replaced nor taken back. Does not
 * repeat what came: strangers write names and addresses, and the words go to a log.
 *
 * @param what the field that the key comes from, as in `product.product_id`
 * @param expected what the message names; nothing of ours is nameless
 */
export function insistOnKey({ key }: LogRecord, what: string, expected: string): void {
  if (expected === "") throw new RangeError(`${what} is missing`);
  if (key !== expected) throw new RangeError(`its key is ${key === undefined ? "missing" : `not its ${what}`}`);
}
