import { internalOf, wrapOnce } from "./kafkajs-internals.js";

/** What goes to one partition in a request to its leader. */
interface SentBatch {
  readonly partition: number;
  readonly messages: readonly object[];
  /** The producer's number of the first message. */
  firstSequence: number;
}

/** What a leader answers about one partition. */
interface PartitionAnswer {
  readonly partition: number;
}

interface ProduceRequest {
  /** Of an idempotent producer; absent or −1 for another. */
  readonly producerId?: number | string;
  readonly topicData: readonly { readonly topic: string; readonly partitions: readonly SentBatch[] }[];
}

interface ProduceAnswer {
  readonly topics: readonly { readonly topicName: string; readonly partitions: readonly PartitionAnswer[] }[];
}

/** A broker as the client library's producers use it, and as far as it matters here. */
export interface ProducingBroker {
  produce: (this: ProducingBroker, request: ProduceRequest) => Promise<ProduceAnswer>;
}

/** A batch that was sent. */
interface Sending {
  /** Whose, and where to: the messages may be sent elsewhere, too. */
  readonly place: string;
  readonly firstSequence: number;
  /** What became of it; undefined where that is not known. */
  readonly answer: Promise<PartitionAnswer | undefined>;
  isSettled: boolean;
}

/** What became of each batch when it was sent last, by its first message. */
const sendings = new WeakMap<object, Sending>();
/** First messages of batches that were to be sent again after they had been taken. */
const repeated = new WeakSet<object>();

/**
 * kafkajs 2.2 sends to all leaders at once and, where one of them refuses, sends to all of them again while the others' answers are still to come
 * (`src/producer/sendMessages.js`). It shows where a leader moves: what another leader has just taken is written a second time, in the same
 * transaction even, and the numbers that tell brokers of a repeat do not tell, since they were counted on in between. Here a batch that is to be
 * sent again waits for what became of it: if it was taken, that is the answer. If that is not known, this try has failed, since whoever asked may
 * have given up meanwhile; the next one goes under the number that it had.
 */
export function sendEachBatchOnce(): void {
  const { prototype } = internalOf("broker") as { readonly prototype: ProducingBroker };
  wrapOnce(prototype, "produce", eachBatchOnce);
}

/**
 * True if a batch, known by its first message, was to be sent again after it had been taken. Its producer has counted it twice: the brokers would
 * refuse what it sends next.
 */
export function wasCountedTwice(firstMessage: object): boolean {
  return repeated.has(firstMessage);
}

function eachBatchOnce(produce: ProducingBroker["produce"]): ProducingBroker["produce"] {
  return async function (request) {
    const { producerId = -1 } = request;
    if (Number(producerId) < 0) return produce.call(this, request);
    const placeOf = (topic: string, { partition }: SentBatch) => `${producerId}/${topic}/${partition}`;
    const known = new Map<SentBatch, PartitionAnswer>();
    for (const { topic, partitions } of request.topicData) {
      for (const batch of partitions) {
        const answer = await answerBefore(batch, placeOf(topic, batch));
        if (answer !== undefined) known.set(batch, answer);
      }
    }
    const topicData = request.topicData.flatMap(({ topic, partitions }) => {
      const left = partitions.filter((batch) => !known.has(batch));
      return left.length === 0 ? [] : [{ topic, partitions: left }];
    });
    const answered = topicData.length === 0 ? undefined : produce.call(this, { ...request, topicData });
    for (const { topic, partitions } of topicData)
      for (const batch of partitions) remember(topic, batch, placeOf(topic, batch), answered);
    return withKnown(await answered, request, known);
  };
}

/** What became of a batch that was sent before; undefined if it is to be sent, for the first time or again. Rejects where that is in doubt. */
async function answerBefore(batch: SentBatch, place: string): Promise<PartitionAnswer | undefined> {
  const [first] = batch.messages;
  const before = first === undefined ? undefined : sendings.get(first);
  if (first === undefined || before?.place !== place) return undefined;
  const wasSettled = before.isSettled;
  const answer = await before.answer;
  if (answer !== undefined) repeated.add(first);
  else if (wasSettled) batch.firstSequence = before.firstSequence;
  else throw new InDoubt(place);
  return answer;
}

/** As the client library knows what may be tried again. */
class InDoubt extends Error {
  readonly retriable = true;

  constructor(place: string) {
    super(`what became of the batch for ${place} that was sent before is not known`);
  }
}

function remember(
  topic: string,
  { partition, messages, firstSequence }: SentBatch,
  place: string,
  answered: Promise<ProduceAnswer> | undefined,
): void {
  const [first] = messages;
  if (first === undefined || answered === undefined) return;
  const answer = answered
    .then(
      ({ topics }) =>
        topics
          .find(({ topicName }) => topicName === topic)
          ?.partitions.find((answeredOf) => answeredOf.partition === partition),
      () => undefined,
    )
    .finally(() => (sending.isSettled = true));
  const sending: Sending = { place, firstSequence, answer, isSettled: false };
  sendings.set(first, sending);
}

function withKnown(
  answer: ProduceAnswer | undefined,
  { topicData }: ProduceRequest,
  known: ReadonlyMap<SentBatch, PartitionAnswer>,
): ProduceAnswer {
  if (known.size === 0 && answer !== undefined) return answer;
  const before = topicData.map(({ topic, partitions }) => ({
    topicName: topic,
    partitions: partitions.flatMap((batch) => known.get(batch) ?? []),
  }));
  return { ...answer, topics: [...(answer?.topics ?? []), ...before] };
}
