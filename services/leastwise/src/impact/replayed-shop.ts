import { createSubjectHasher, readCart, readSubjectRef, windowEventOf, wire } from "@leastwise/contracts";
import { featureVector, readDecide } from "@leastwise/scorer";
import { CartTracker, type CartQuestion, type Clickstream } from "@leastwise/testkit";
import {
  type AssignmentKey,
  type CurrencyCode,
  type Millis,
  type Purpose,
  type SubjectId,
} from "@leastwise/vocabulary";
import { createWindowStore, emptySnapshot, type SlabWindowStore } from "@leastwise/windows";
import { CODE_KEY, type Moment } from "./moment.js";
import type { SharedFacts } from "./policy-world.js";

/** Memory for windows: the subjects of two million events. */
const WINDOWS_BYTES_MAX = 1024 * 1024 * 1024;
/** Arms are those of this key: shares of shoppers, not the shop's own assignment. */
const SUBJECT_KEY = Buffer.from("leastwise impact/subjects");
const NO_WAIT_MS = 0;
/** Clickstreams do not have one. */
const NO_CATALOG: SharedFacts["catalog"] = [];

/** A clickstream as a shop saw it: the features of its shoppers at each cart, and when they bought. */
export class ReplayedShop {
  readonly #stream: Clickstream;
  readonly #currency: CurrencyCode;
  readonly #consent: readonly Purpose[];
  readonly #carts: CartTracker;
  readonly #windows: SlabWindowStore = createWindowStore({ bytesMax: WINDOWS_BYTES_MAX });
  readonly #hasher = createSubjectHasher(SUBJECT_KEY);
  readonly #snapshot = emptySnapshot();
  #offset = 0;

  /**
   * @param currency of the policies
   * @param consent what every shopper agreed to: clickstreams do not say
   */
  constructor(stream: Clickstream, currency: CurrencyCode, consent: readonly Purpose[]) {
    this.#stream = stream;
    this.#currency = currency;
    this.#consent = consent;
    this.#carts = new CartTracker(stream.format.asksAt);
  }

  /** Carts that nobody could be asked for, by reason, and the lines that were left out of those that were. */
  get carts(): Pick<CartTracker, "skipped" | "linesWithoutPrice"> {
    return this.#carts;
  }

  /** Events that were gone through. */
  get events(): number {
    return this.#offset;
  }

  /** Goes through the clickstream once. */
  async *moments(): AsyncGenerator<Moment, void, undefined> {
    for await (const event of this.#stream.events) {
      const question = this.#carts.see(event);
      if (question?.when === "before_event") yield* this.#cartOf(question);
      const subject = this.#apply(event);
      if (question?.when === "after_event") yield* this.#cartOf(question);
      if (subject !== undefined) yield* orderOf(event, subject);
    }
  }

  /** Counts the event; whose it is, undefined for one that names nobody. */
  #apply(event: wire.Event): SubjectId | undefined {
    const offset = this.#offset;
    this.#offset += 1;
    const ids = readSubjectRef({ userId: event.userId, anonymousId: event.anonymousId });
    if (!ids.ok) return undefined;
    const subject = this.#hasher.of(ids.value);
    const recorded = { subject, assignmentKey: "", receivedAtMs: event.occurredAtMs, source: "", event };
    const counted = windowEventOf(recorded, this.#currency);
    if (counted !== undefined) this.#windows.apply(subject, counted, offset);
    return subject;
  }

  *#cartOf({ request, atMs }: CartQuestion): Generator<Moment, void, undefined> {
    const call = readDecide(request, NO_WAIT_MS);
    // A cart that the door refuses gets no decision in the shop, either.
    if (!call.ok) return;
    const { ids, caller, requestId, sessionId, cart, channel, device, place, partnerSegments, proposedClass } =
      call.value;
    const subject = this.#hasher.of(ids);
    const snapshot = this.#windows.read(subject, atMs, this.#snapshot);
    const assignmentKey = (this.#windows.assignmentKeyOf(subject) ?? subject) as string as AssignmentKey;
    const facts: SharedFacts = {
      cause: { caller, requestId, sessionId },
      ...{ subject, assignmentKey, nowMs: atMs, clock: "event", cart, channel, device, place, partnerSegments },
      ...{ proposedClass, features: featureVector(snapshot, 0), consent: this.#consent, catalog: NO_CATALOG },
      ...{ killSwitch: false, observeOnly: false, language: "en", codeKey: CODE_KEY, freshness: "fresh" },
    };
    yield { kind: "cart", facts };
  }
}

function* orderOf(event: wire.Event, subject: SubjectId): Generator<Moment, void, undefined> {
  if (event.kind !== wire.EventKind.EVENT_KIND_PURCHASE || event.order === undefined) return;
  const cart = readCart({ lines: event.order.lines, shipping: undefined, paymentMethod: "", offers: [] }, "order");
  if (!cart.ok) return;
  const goods = { cart: cart.value, catalog: NO_CATALOG };
  yield { kind: "order", subject, goods, atMs: Number(event.occurredAtMs) as Millis };
}
