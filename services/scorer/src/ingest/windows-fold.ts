import {
  decodeClickstreamRecord,
  encodeClickstreamRecord,
  SlabEventReader,
  TOPICS,
  windowEventOf,
  type wire,
} from "@leastwise/contracts";
import { RECORD_BYTES_MAX, type RecordSpans } from "@leastwise/eventlog";
import { isSubjectId, type CurrencyCode, type Millis, type SubjectId } from "@leastwise/vocabulary";
import {
  causeOfPart,
  createWindowStore,
  EVENT_KINDS,
  ProductMarks,
  SlabEvent,
  subjectIdOf,
  type SegmentMemory,
  type SlabWindowStore,
  type SubjectPart,
  type Verdict,
  type WindowCounts,
} from "@leastwise/windows";
import { OrderBook, type ToldOrder } from "./order-book.js";

/** A state that a link takes from an anonymous subject to a known one, or a part of it. */
export interface SentState {
  readonly to: SubjectId;
  /** The link's place in the log, and which part it is: see `causeOfPart`. */
  readonly cause: string;
  /** The `StateMoved` record's bytes. */
  readonly value: Uint8Array;
  /** False for a link of a subject of whom nothing was known: only its key goes, and only to one who has none. */
  readonly hasState: boolean;
}

/** What else is to be done after some records of one partition were taken in. Plain data: it crosses threads. */
export interface FoldEffects {
  readonly partition: number;
  /** First offset that is not in the windows. */
  readonly nextOffset: number;
  /** See `RecordSpans.removedFrom`. */
  readonly removedFrom?: number | undefined;
  /** When the newest of these records was written to the log; absent if there was none. */
  readonly newestMs?: number | undefined;
  /** Of the events among them that was received first; absent if there was none. */
  readonly oldestReceivedMs?: number | undefined;
  readonly records: number;
  /** How long taking them in took, ms. */
  readonly tookMs: number;
  /** What the windows of the partition counted since they were made. */
  readonly counts: Readonly<WindowCounts>;
  /** Records that are no clickstream, and why. */
  readonly unreadable: readonly { readonly offset: number; readonly reason: string }[];
  readonly verdicts: Readonly<Partial<Record<Verdict["verdict"], number>>>;
  readonly orders: readonly ToldOrder[];
  readonly sent: readonly SentState[];
  /** Causes of the states that have arrived. */
  readonly arrived: readonly string[];
}

type Effects = {
  -readonly [Field in keyof FoldEffects]: FoldEffects[Field] extends readonly (infer Item)[]
    ? Item[]
    : FoldEffects[Field];
};

export interface WindowsFoldOptions {
  /** The shop's own currency: amounts in another are left out of the windows, never converted. */
  readonly currency: CurrencyCode;
  /** Of the log that is folded. */
  readonly incarnation: string;
}

/** Room for a moved state in its record, beside ids, cause and assignment key. */
const MOVED_WINDOWS_BYTES_MAX = RECORD_BYTES_MAX - 4_096;

/** What a link of a subject of whom nothing was known takes with it. */
const NO_WINDOWS: readonly SubjectPart[] = [{ number: 1, of: 1, bytes: new Uint8Array(0) }];

/** Events that are taken in together, so that the memory that they need is waited for at once. */
const EVENTS_AT_ONCE = 64;

const PURCHASE = EVENT_KINDS.indexOf("purchase");

/** Clickstream → windows, and nothing else: one store a partition, each a fold of its partition's records in their order. */
export class WindowsFold {
  readonly #stores: (SlabWindowStore | undefined)[] = [];
  readonly #orders: (OrderBook | undefined)[] = [];
  readonly #currency: CurrencyCode;
  readonly #incarnation: string;
  readonly #reader: SlabEventReader;
  readonly #marks = new ProductMarks();
  readonly #events = Array.from({ length: EVENTS_AT_ONCE }, () => new SlabEvent());
  readonly #offsets = new Float64Array(EVENTS_AT_ONCE);
  #waiting = 0;

  constructor({ currency, incarnation }: WindowsFoldOptions) {
    this.#currency = currency;
    this.#incarnation = incarnation;
    this.#reader = new SlabEventReader(currency);
  }

  /** By partition; none for one that is taken in elsewhere. They come and go. */
  get stores(): readonly (SlabWindowStore | undefined)[] {
    return this.#stores;
  }

  /** By partition, like the stores. */
  get orders(): readonly (OrderBook | undefined)[] {
    return this.#orders;
  }

  /** From now on the partition is taken in here: into this memory, which nobody else writes; of a log that is whole, or lost its beginning. */
  hold(partition: number, memory: SegmentMemory, isWhole: boolean): void {
    const store = createWindowStore({ memory });
    if (!isWhole) store.cutHistories();
    this.#stores[partition] = store;
    this.#orders[partition] = new OrderBook();
  }

  /** The partition is taken in elsewhere from now on, and nothing of it is kept but in its memory, which nobody writes any more; undefined if there is none. */
  letGo(partition: number): SegmentMemory | undefined {
    const memory = this.#stores[partition]?.memory;
    this.#stores[partition] = undefined;
    this.#orders[partition] = undefined;
    return memory;
  }

  /** Takes records in. */
  take(spans: RecordSpans): FoldEffects {
    try {
      return this.#take(spans);
    } finally {
      // What an exception left waiting is of this partition: the next records may be of another.
      this.#waiting = 0;
    }
  }

  #take(spans: RecordSpans): FoldEffects {
    const { partition, count, bytes, offsets, valueFrom, valueTo, timestampsMs } = spans;
    const store = this.#store(partition);
    const effects = noEffects(partition, spans.nextOffset, store.counts);
    effects.records = count;
    effects.removedFrom = spans.removedFrom;
    if (spans.removedFrom !== undefined) store.cutHistories();
    if (count > 0) effects.newestMs = timestampsMs[count - 1];
    for (let index = 0; index < count; index += 1) {
      const value = bytes.subarray(valueFrom[index], valueTo[index]);
      const offset = offsets[index] ?? -1;
      const event = this.#nextEvent();
      if (this.#reader.read(value, event)) this.#wait(store, offset, effects);
      else this.#takeInFull(store, value, offset, timestampsMs[index] ?? 0, effects);
    }
    this.#flush(store, effects);
    return effects;
  }

  #nextEvent(): SlabEvent {
    const event = this.#events[this.#waiting];
    if (event === undefined) throw new Error("events are flushed before there is no room for more");
    return event;
  }

  #wait(store: SlabWindowStore, offset: number, effects: Effects): void {
    this.#offsets[this.#waiting] = offset;
    this.#waiting += 1;
    if (this.#waiting === EVENTS_AT_ONCE) this.#flush(store, effects);
  }

  #flush(store: SlabWindowStore, effects: Effects): void {
    if (this.#waiting === 0) return;
    store.applySlabEvents(this.#events, this.#offsets, this.#waiting, (verdict, index) => {
      const event = this.#events[index];
      if (event !== undefined) this.#noteVerdict(event, this.#offsets[index] ?? 0, verdict, effects);
    });
    this.#waiting = 0;
  }

  #noteVerdict(event: SlabEvent, offset: number, { verdict }: Verdict, effects: Effects): void {
    const verdicts = effects.verdicts as Partial<Record<Verdict["verdict"], number>>;
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    const { receivedAtMs, atMs, s0, s1, s2, s3 } = event;
    if (receivedAtMs < (effects.oldestReceivedMs ?? Infinity)) effects.oldestReceivedMs = receivedAtMs;
    // One that is ahead of its time leaves no trace here either: with its clock mended, the same order may come again.
    if (event.kind !== PURCHASE || (verdict !== "applied" && verdict !== "late")) return;
    const orderedMs = Math.min(atMs, receivedAtMs) as Millis;
    if (this.#orders[effects.partition]?.note(s0, s1, s2, s3, orderedMs, offset) !== true) return;
    effects.orders.push({ subject: subjectIdOf(s0, s1, s2, s3), atMs: orderedMs });
  }

  #takeInFull(store: SlabWindowStore, value: Uint8Array, offset: number, writtenMs: number, effects: Effects): void {
    const body = decodeClickstreamRecord(value);
    if (!body.ok) {
      effects.unreadable.push({ offset, reason: body.error.reason });
      return;
    }
    if (body.value.$case === "event") {
      this.#takeEvent(store, body.value.value, offset, effects);
      return;
    }
    // Those that came before must be in the windows.
    this.#flush(store, effects);
    if (body.value.$case === "link") this.#takeLink(store, body.value.value, offset, effects);
    else this.#takeMove(store, body.value.value, offset, writtenMs as Millis, effects);
  }

  #takeEvent(store: SlabWindowStore, recorded: wire.ClickstreamEvent, offset: number, effects: Effects): void {
    const { subject, assignmentKey, receivedAtMs } = recorded;
    if (!isSubjectId(subject)) return;
    const event = windowEventOf(recorded, this.#currency);
    if (event === undefined) {
      this.#flush(store, effects);
      noteKey(store, subject, assignmentKey, Number(receivedAtMs));
      return;
    }
    const slabEvent = this.#nextEvent().fill(subject, event, this.#marks);
    if (isSubjectId(assignmentKey)) slabEvent.setAssignmentKey(assignmentKey);
    this.#wait(store, offset, effects);
  }

  /**
   * The anonymous subject's state goes to the known one, once; here it ends, so that a shared device does not hand it to the next. The
   * assignment key goes the same way, also without a state: which key was first is told by the order in the subject's own partition.
   * A link that is read again after its subject was seen anew took that state with it before. A state that is too large for one record goes in parts.
   */
  #takeLink(store: SlabWindowStore, link: wire.SubjectLink, offset: number, effects: Effects): void {
    const { anonymousSubject: from, knownSubject: to, assignmentKey } = link;
    if (!isSubjectId(from) || !isSubjectId(to)) return;
    const isReadAgain = store.lastOffsetOf(from) > offset;
    const parts = isReadAgain ? [] : store.exportParts(from, MOVED_WINDOWS_BYTES_MAX);
    if (!isReadAgain) forgetAllButKey(store, from, Number(link.linkedAtMs));
    const place = `${this.#incarnation}/${TOPICS.clickstream}/${effects.partition}/${offset}`;
    for (const part of parts.length === 0 ? NO_WINDOWS : parts) {
      const cause = causeOfPart(place, part);
      const [windows, purchaseHistory] = [Buffer.from(part.bytes), Buffer.from(part.purchaseHistory ?? [])];
      const moved = { fromSubject: from, toSubject: to, cause, windows, assignmentKey, purchaseHistory };
      const value = encodeClickstreamRecord({ $case: "stateMoved", value: moved });
      effects.sent.push({ to, cause, value, hasState: windows.length > 0 });
    }
  }

  #takeMove(store: SlabWindowStore, move: wire.StateMoved, offset: number, writtenMs: Millis, effects: Effects): void {
    const { toSubject, assignmentKey, cause, windows, purchaseHistory } = move;
    if (!isSubjectId(toSubject)) return;
    noteKey(store, toSubject, assignmentKey, writtenMs);
    effects.arrived.push(cause);
    if (windows.length === 0) return;
    const history = purchaseHistory.length === 0 ? undefined : purchaseHistory;
    const merged = store.mergeSubject(toSubject, windows, cause, offset, history);
    if (!merged.ok) effects.unreadable.push({ offset, reason: merged.error.reason });
  }

  #store(partition: number): SlabWindowStore {
    const store = this.#stores[partition];
    if (store === undefined) throw new RangeError(`partition ${partition} is not taken in here`);
    return store;
  }
}

function noEffects(partition: number, nextOffset: number, counts: Readonly<WindowCounts>): Effects {
  return {
    ...{ partition, nextOffset, records: 0, tookMs: 0, counts },
    ...{ unreadable: [], verdicts: {}, orders: [], sent: [], arrived: [] },
  };
}

/** The first key that a subject is seen with in its own partition stays, whatever later records say. */
function noteKey(store: SlabWindowStore, subject: SubjectId, key: string, receivedAtMs: number): void {
  if (isSubjectId(key)) store.noteAssignmentKey(subject, key, receivedAtMs as Millis);
}

/** The key stays with the browser: until the known subject has it, a checkout that names both is told it. */
function forgetAllButKey(store: SlabWindowStore, subject: SubjectId, linkedAtMs: number): void {
  const key = store.assignmentKeyOf(subject);
  store.forget(subject);
  if (key !== undefined && key !== subject) noteKey(store, subject, key, linkedAtMs);
}
