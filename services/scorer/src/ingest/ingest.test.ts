import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { TOPICS } from "@leastwise/contracts";
import type { EventLog, NewRecord, RecordSpans, RunningSubscription, ScanSubscription } from "@leastwise/eventlog";
import type { SubjectId } from "@leastwise/vocabulary";
import { reserveSegment } from "@leastwise/windows";
import type { Manifest } from "../checkpoint/chunk.js";
import type { CheckpointStore, CheckpointWriting } from "../checkpoint/store.js";
import { did, EUR, loggedIn, NOON } from "../given/records.js";
import { OWNED } from "../holding.js";
import { Ingest } from "./ingest.js";
import { STOP_WAIT_MS } from "./stop-wait.js";

const BROWSER = "00".repeat(16) as SubjectId;
const ADA = "ff".repeat(16) as SubjectId;

/** A store in memory that goes on when it is told to, and says when it has come that far. */
class SteppedStore implements CheckpointStore {
  manifest: Manifest | undefined;
  abandoned = 0;
  /** What each step waits for. */
  begins: Promise<void> = Promise.resolve();
  finishes: Promise<void> = Promise.resolve();
  onFinish: () => void = () => undefined;
  readonly #chunks: Buffer[] = [];

  newest() {
    return Promise.resolve({ ok: true as const, value: this.manifest });
  }

  read(_: Manifest, onPayload: (payload: Buffer) => void) {
    for (const chunk of this.#chunks) onPayload(chunk);
    return Promise.resolve({ ok: true as const, value: undefined });
  }

  async begin(): Promise<CheckpointWriting> {
    await this.begins;
    return {
      chunk: (payload) => Promise.resolve(void this.#chunks.push(Buffer.from(payload))),
      finish: async (manifest) => {
        this.onFinish();
        await this.finishes;
        this.manifest = manifest;
      },
      abandon: () => Promise.resolve(void (this.abandoned += 1)),
    };
  }
}

function spansFrom(offset: number, records: readonly NewRecord[]): RecordSpans {
  const ends = records.reduce<number[]>((all, { value }) => [...all, (all.at(-1) ?? 0) + value.length], []);
  return {
    ...{ topic: TOPICS.clickstream, partition: 0, count: records.length },
    bytes: Buffer.concat(records.map(({ value }) => value)),
    offsets: Float64Array.from(records, (_, index) => offset + index),
    timestampsMs: Float64Array.from(records, () => NOON),
    valueFrom: Int32Array.from([0, ...ends.slice(0, -1)]),
    valueTo: Int32Array.from(ends),
    ...{ endOffset: offset + records.length, nextOffset: offset + records.length },
  };
}

let store: SteppedStore;
let failed: string[];
/** Whether moves are durable, when that is asked. */
let areMovesDurable: () => Promise<boolean>;

beforeEach(() => {
  store = new SteppedStore();
  failed = [];
  areMovesDurable = () => Promise.resolve(true);
});

async function begin(): Promise<Ingest> {
  const checkpoints = { store, epoch: 1, objectiveMs: 3_600_000, newId: () => "a".repeat(32) };
  const options = { currency: EUR, incarnation: "log-1", checkpoints };
  const ingest = new Ingest(options, {
    onCheckpoint: () => undefined,
    onCheckpointFailed: (_, message) => void failed.push(message),
    onPoisoned: () => undefined,
    areMovesDurable: () => areMovesDurable(),
    onMovesDurable: () => undefined,
    reaches: () => Promise.resolve(true),
  });
  await ingest.restore([
    { partition: 0, memory: reserveSegment(2 ** 21), begin: 0, end: 0, isWhole: true, claim: OWNED },
  ]);
  return ingest;
}

/** A step that waits until it is let go. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** The login of the browser, and then what the windows cannot take in. */
function loginThenBroken(): RecordSpans {
  const spans = spansFrom(3, [loggedIn(BROWSER, ADA), did(ADA)]);
  spans.offsets[1] = -1;
  return spans;
}

/** How a login's state is lost: each rejects. */
const LOSSES: readonly (readonly [name: string, lose: (ingest: Ingest) => Promise<unknown>])[] = [
  ["taking in fails", (ingest) => Promise.resolve(loginThenBroken()).then((spans) => ingest.take(spans))],
  [
    "what hears of it fails",
    (ingest) =>
      following(ingest, () => {
        throw new Error("not seen to");
      }),
  ],
  ["what hears of it fails later", (ingest) => following(ingest, () => Promise.reject(new Error("not seen to")))],
];

/** Follows a log that has the login. */
async function following(ingest: Ingest, onEffects: () => void | Promise<void>): Promise<void> {
  let subscription: ScanSubscription | undefined;
  const scan = (one: ScanSubscription): Promise<RunningSubscription> => {
    subscription = one;
    return Promise.resolve({ finished: Promise.resolve(), stop: () => Promise.resolve() });
  };
  await ingest.follow({ scan } as unknown as EventLog, onEffects);
  await subscription?.onSpans(spansFrom(3, [loggedIn(BROWSER, ADA)]));
}

describe.each(LOSSES)("when the state that a login moves is lost, as %s,", (_, lose) => {
  it("a checkpoint under way does not make that final: the next life reads the login with it", async () => {
    const { opened, open } = gate();
    const ingest = await begin();
    ingest.take(spansFrom(0, [did(BROWSER), did(BROWSER), did(BROWSER)]));
    store.begins = opened;
    const written = ingest.checkpoint();
    await expect(lose(ingest)).rejects.toThrow();
    open();
    await written;
    expect([store.manifest, store.abandoned]).toEqual([undefined, 1]);

    const next = await begin();
    next.take(spansFrom(0, [did(BROWSER), did(BROWSER), did(BROWSER)]));
    expect(next.take(spansFrom(3, [loggedIn(BROWSER, ADA)])).sent).toMatchObject([{ hasState: true }]);
  });

  it("a checkpoint that waits for moved states is given up, and none is begun again", async () => {
    const { opened, open } = gate();
    const asked = gate();
    const ingest = await begin();
    ingest.take(spansFrom(0, [did(BROWSER), did(BROWSER), did(BROWSER)]));
    areMovesDurable = async () => {
      asked.open();
      await opened;
      return true;
    };
    const written = ingest.checkpoint();
    await asked.opened;
    await expect(lose(ingest)).rejects.toThrow();
    open();
    await written;
    await ingest.checkpoint();
    expect([store.manifest, store.abandoned, failed]).toEqual([undefined, 1, []]);
  });
});

describe("stopping", () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it("does not wait for ever for a checkpoint whose store does not answer", async () => {
    const { opened, open } = gate();
    const isFinishing = gate();
    store.finishes = opened;
    store.onFinish = isFinishing.open;
    const ingest = await begin();
    ingest.take(spansFrom(0, [did(BROWSER)]));
    const written = ingest.checkpoint();
    await isFinishing.opened;
    jest.useFakeTimers();
    const stopped = ingest.stop();
    await Promise.resolve();
    jest.advanceTimersByTime(STOP_WAIT_MS);
    await stopped;
    expect(store.manifest).toBeUndefined();
    open();
    await written;
  });
});
