import { formatPosition, parsePosition, purposeOfName, type LogPosition, type wire } from "@leastwise/contracts";
import type { CartTracker, Clickstream, Person, Storefront } from "@leastwise/testkit";
import { PURPOSES, type Millis } from "@leastwise/vocabulary";
import type { EventClock } from "../host/clock.js";
import type { Doors } from "./doors.js";
import type { Progress } from "./progress.js";
import { increase, Tally } from "./tally.js";

/** Events that go to the collector in one call, where no decision comes between. */
const BATCH_EVENTS_MAX = 500;
/** Customers whose profile and consent are told at the same time: one is no other's matter, and the log writes them together. */
const INTRODUCED_AT_ONCE = 100;
/** The catalog follows the log at once: a row that is not there after so many looks never comes. */
const LOOKS_MAX = 10_000;
/** A play waits until its own events are in the windows, however long that takes within reason. */
const AFTER_WAIT_MS = 1_000;

/** All that can be agreed to. */
const ALL_PURPOSES = PURPOSES.flatMap((name) => purposeOfName(name) ?? []);

/** Goes wrong only where the system under the play is broken: an answer that no shop could go on with. */
export class PlayFailure extends Error {
  override readonly name = "PlayFailure";
}

/**
 * Plays a clickstream or the storefront through the doors, single file in the order of event time: a decision is asked when all that
 * happened before is in the windows, so that the same play gives the same decisions each time.
 */
export class Player {
  readonly tally = new Tally();
  /** The decision that was asked last; undefined before the first. */
  lastQuestion: wire.DecideRequest | undefined;
  readonly #doors: Doors;
  readonly #clock: EventClock;
  readonly #progress: Progress;
  readonly #share: (() => number) | undefined;
  #pending: wire.Event[] = [];
  /** When the newest of the pending events is due. */
  #dueMs = 0 as Millis;
  /** Where the newest event of each partition stands. */
  #position: LogPosition = { incarnation: "", offsets: new Map() };
  #done = 0;

  /** @param share how much of the play is over, 0 to 1; absent: by the number of events */
  constructor(doors: Doors, clock: EventClock, progress: Progress, share: (() => number) | undefined) {
    this.#doors = doors;
    this.#clock = clock;
    this.#progress = progress;
    this.#share = share;
  }

  /** Has all shoppers of a clickstream agree to all purposes before it begins, since a file does not say who did. */
  async haveAgreed(stream: Clickstream): Promise<void> {
    const people = new Map<string, Person>();
    for await (const { anonymousId, userId } of stream.events)
      for (const subject of [
        { anonymousId, userId: "" },
        { anonymousId: "", userId },
      ])
        if (subject.anonymousId !== "" || subject.userId !== "")
          people.set(JSON.stringify(subject), {
            subject,
            profile: undefined,
            consent: { purposes: ALL_PURPOSES, statedAtMs: 0n },
          });
    await this.#introduceAll([...people.values()]);
  }

  /** Plays a real clickstream: asks at every cart, offers nothing. */
  async replay(stream: Clickstream, carts: CartTracker): Promise<void> {
    for await (const event of stream.events) {
      const atMs = Number(event.occurredAtMs) as Millis;
      const question = carts.see(event);
      if (question?.when === "before_event") {
        await this.#decide(question.request, atMs);
      }
      await this.#send(event, atMs);
      if (question?.when === "after_event") await this.#decide(question.request, atMs);
      this.#show();
    }
    await this.#flush();
    this.#progress.finish(this.#done, this.#remark());
  }

  /** Plays the storefront: its shoppers buy or not by tastes that the system cannot see. */
  async play(storefront: Storefront): Promise<void> {
    await this.#prepare(storefront);
    for (let step = storefront.next(); step !== undefined; step = storefront.next()) {
      switch (step.kind) {
        case "event":
          await this.#send(step.event, step.atMs);
          break;
        case "decide":
          step.reply(await this.#decide(step.request, step.atMs));
          break;
        case "redeem":
          step.reply(await this.#redeem(step.request, step.atMs));
          break;
        case "delivery":
          await this.#deliver(step.products, step.atMs);
          break;
      }
      this.#show();
    }
    await this.#flush();
    this.#progress.finish(this.#done, this.#remark());
  }

  /** What the shop knows before it opens: its goods, and its customers' profiles and consent. */
  async #prepare(storefront: Storefront): Promise<void> {
    need(await this.#doors.putProducts([...storefront.products]), "PutProducts");
    await this.#introduceAll([...storefront.people]);
  }

  async #introduceAll(people: Person[]): Promise<void> {
    while (people.length > 0) {
      await Promise.all(people.splice(0, INTRODUCED_AT_ONCE).map((person) => this.#introduce(person)));
    }
  }

  async #introduce({ subject, profile, consent }: Person): Promise<void> {
    if (profile !== undefined) need(await this.#doors.putProfile({ subject, profile }), "PutProfile");
    if (consent !== undefined)
      need(await this.#doors.putConsent({ subject, consent, exchange: undefined }), "PutConsent");
  }

  /** The catalog says so before anybody asks again: else the play would come out by how soon it does. */
  async #deliver(products: readonly wire.Product[], atMs: Millis): Promise<void> {
    await this.#flush();
    this.#clock.advance(atMs);
    need(await this.#doors.putProducts([...products]), "PutProducts");
    for (const { productId, perishableUntilMs } of products) {
      for (let look = 1; ; look += 1) {
        const { product } = need(await this.#doors.getProduct(productId), "GetProduct");
        if (product?.perishableUntilMs === perishableUntilMs) break;
        if (look === LOOKS_MAX) throw new PlayFailure(`the catalog does not show the delivery of ${productId}`);
      }
    }
  }

  /** The collector stamps a batch when its last event is due: what waits a little arrives a little late, as in life. */
  async #send(event: wire.Event, atMs: Millis): Promise<void> {
    this.#pending.push(event);
    this.#dueMs = atMs;
    if (this.#pending.length >= BATCH_EVENTS_MAX) await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#pending.length === 0) return;
    const events = this.#pending;
    this.#pending = [];
    this.#clock.advance(this.#dueMs);
    const response = need(await this.#doors.record(events), "Record");
    this.#reached(response.position);
    this.tally.recorded(events, response);
    this.#done += events.length;
  }

  /** A decision waits for every event before it, whichever call it came with. */
  #reached(text: string): void {
    const position = text === "" ? undefined : parsePosition(text);
    if (position?.ok !== true) return;
    const { incarnation, offsets } = position.value;
    this.#position = { incarnation, offsets: new Map([...this.#position.offsets, ...offsets]) };
  }

  async #decide(request: wire.DecideRequest, atMs: Millis): Promise<wire.DecideResponse> {
    await this.#flush();
    this.#clock.advance(atMs);
    const startedMs = performance.now();
    this.lastQuestion = request;
    const asked = { ...request, after: formatPosition(this.#position), maxWaitMs: AFTER_WAIT_MS };
    const response = need(await this.#doors.decide(asked), "Decide");
    this.tally.decided(response, performance.now() - startedMs);
    return response;
  }

  async #redeem(request: wire.RedeemRequest, atMs: Millis): Promise<wire.RedeemResponse | undefined> {
    await this.#flush();
    this.#clock.advance(atMs);
    const answer = await this.#doors.redeem(request);
    if (answer.ok) this.tally.redeemedOffer(answer.value);
    else increase(this.tally.redeemRefusals, answer.error.reason === "" ? answer.error.code : answer.error.reason);
    return answer.ok ? answer.value : undefined;
  }

  #show(): void {
    this.#progress.at(this.#done + this.#pending.length, () => this.#remark(), this.#share?.());
  }

  #remark(): string {
    return `${this.tally.decisions.toLocaleString("en")} decisions, ${new Date(this.#clock.nowMs()).toISOString().slice(0, 10)}`;
  }
}

function need<T>(answer: { ok: true; value: T } | { ok: false; error: { message: string } }, call: string): T {
  if (answer.ok) return answer.value;
  throw new PlayFailure(`${call} failed: ${answer.error.message}`);
}
