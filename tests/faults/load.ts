import { wire } from "@leastwise/contracts";
import { callUnary, connect, type RpcFailure } from "@leastwise/rpc";
import { exponential, happens, oneOf, RandomStreams, weighted, wholeNumber, type Xoshiro128 } from "@leastwise/testkit";
import { setTimeout as delay } from "node:timers/promises";
import { Doors } from "./doors.js";
import { ShopProducer } from "./shop-producer.js";
import { Shopper, type HeldOffer, type JsonEvent, type Question } from "./shopper.js";
import type { Places } from "./system.js";
import type { AnswerTold, EventTold, FailureTold, OfferTold, ToldFile } from "./told.js";

const WORKERS = 6;

/** Share of what known shoppers do that the shop writes to the log itself. */
const WRITTEN_BY_SHOP = 0.2;

const SHOPPERS_A_WORKER = 50;

/** Mean of the time between one act of a worker and the next, ms. */
const PAUSE_MEAN_MS = 200;

/** A checkout waits so long for an answer, ms: a well-formed call must have one by then. */
const DECIDE_MAX_MS = 5_000;
const REDEEM_MAX_MS = 5_000;
const EVENTS_MAX_MS = 5_000;

/** Between two tries of what got no answer, ms. */
const AGAIN_AFTER_MS = 250;

/** How long events that got no answer are sent again, and for how long a redemption is, ms. */
const EVENTS_GIVEN_UP_MS = 60_000;
const REDEEM_GIVEN_UP_MS = 20_000;

export interface LoadOptions {
  readonly seed: string;
  readonly places: Places;
  /** HTTP door of the collector. */
  readonly events: string;
  readonly told: ToldFile;
}

/** Shoppers who browse, log in, ask at the checkout, use offers and buy, from a seed; all that they are told is written down. */
export class Load {
  readonly #workers: readonly Worker[];
  readonly #told: ToldFile;
  readonly #shop: ShopProducer;
  readonly #over = new AbortController();
  #done: Promise<unknown> | undefined;

  constructor({ seed, ...options }: LoadOptions) {
    const streams = new RandomStreams(seed);
    const shop = new ShopProducer(options.places.brokers);
    this.#told = options.told;
    this.#shop = shop;
    this.#workers = Array.from(
      { length: WORKERS },
      (_, index) => new Worker({ ...options, shop, name: `w${index}`, streams, isOver: this.#over.signal }),
    );
  }

  /** Lets all shoppers agree to be known, so that decisions may look at what they did, and begins. */
  async start(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.consent()));
    this.#told.add({ told: "load", atMs: Date.now(), what: "begins" });
    this.#done = Promise.all(this.#workers.map((worker) => worker.run()));
  }

  /** Ends what was begun, and says no more. Rejects if a worker failed, which is a defect of this file. */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#done;
    await this.#shop.close();
    this.#told.add({ told: "load", atMs: Date.now(), what: "ends" });
  }
}

interface WorkerOptions extends Omit<LoadOptions, "seed"> {
  readonly shop: ShopProducer;
  readonly name: string;
  readonly streams: RandomStreams;
  readonly isOver: AbortSignal;
}

/** Acts for its own shoppers, one act after the other. */
class Worker {
  readonly #options: WorkerOptions;
  readonly #random: Xoshiro128;
  readonly #doors: Doors;
  readonly #shoppers: readonly Shopper[];
  #orders = 0;

  constructor(options: WorkerOptions) {
    const { name, streams, places } = options;
    this.#options = options;
    this.#random = streams.stream(name);
    this.#doors = new Doors(places.scorers);
    this.#shoppers = Array.from({ length: SHOPPERS_A_WORKER }, (_, index) => {
      return new Shopper(`${name}-${index}`, streams.stream(`${name}-${index}`));
    });
  }

  async consent(): Promise<void> {
    const subjects = connect(wire.SubjectServiceClient, this.#options.places.collector);
    const consent = { purposes: [wire.Purpose.PURPOSE_PERSONALIZATION] };
    for (const { names } of this.#shoppers)
      for (const subject of names) {
        const request = wire.PutConsentRequest.fromPartial({ subject, consent });
        const answer = await callUnary(subjects.putConsent.bind(subjects), request, { timeoutMs: EVENTS_MAX_MS });
        if (!answer.ok) throw new Error(`consent: ${answer.error.message}`);
      }
    subjects.close();
  }

  async run(): Promise<void> {
    while (!this.#options.isOver.aborted) {
      await this.#act(oneOf(this.#random, this.#shoppers));
      await delay(exponential(this.#random, PAUSE_MEAN_MS));
    }
    this.#doors.close();
  }

  async #act(shopper: Shopper): Promise<void> {
    const act = weighted(this.#random, [
      ["browse", 45],
      ["deliver again", 5],
      ["log in", 5],
      ["ask", 25],
      ["ask again", 5],
      ["use", 15],
    ] as const);
    switch (act) {
      case "browse":
        return this.#browse(shopper);
      case "deliver again":
        return this.#send(shopper, shopper.lastEvents);
      case "log in":
        return shopper.isKnown ? undefined : this.#logIn(shopper);
      case "ask":
        return this.#ask(shopper, shopper.ask());
      case "ask again":
        return shopper.lastQuestion === undefined ? undefined : this.#ask(shopper, shopper.lastQuestion);
      case "use":
        return shopper.held === undefined ? undefined : this.#use(shopper, shopper.held);
    }
  }

  /** Only what is of somebody known goes by the shop's own way, which takes its time: who logs in meanwhile would be somebody else. */
  async #browse(shopper: Shopper): Promise<void> {
    const events = shopper.browse();
    const isWritten = happens(this.#random, WRITTEN_BY_SHOP) && shopper.isKnown;
    await (isWritten ? this.#write(shopper, events) : this.#send(shopper, events));
  }

  async #write(shopper: Shopper, events: readonly JsonEvent[]): Promise<void> {
    const fromMs = Date.now();
    const isWritten = await this.#options.shop.write(events);
    this.#tellEvents(events, { door: "raw", fromMs, outcome: isWritten ? "acknowledged" : "unknown", position: "" });
    shopper.lastEvents = events;
  }

  /** What was sent as somebody else is not sent again: to the windows that shopper has gone. */
  async #logIn(shopper: Shopper): Promise<void> {
    await this.#send(shopper, shopper.logIn());
    shopper.lastEvents = [];
  }

  /** Sends until there is an answer: what got none may stand on the log, and is delivered again. */
  async #send(shopper: Shopper, events: readonly JsonEvent[]): Promise<void> {
    if (events.length === 0) return;
    const fromMs = Date.now();
    const givenUpMs = fromMs + EVENTS_GIVEN_UP_MS;
    let answer = await this.#post(events);
    while (answer === undefined && Date.now() < givenUpMs) {
      await delay(AGAIN_AFTER_MS);
      answer = await this.#post(events);
    }
    const outcome = answer === undefined ? "unknown" : answer.accepted === events.length ? "acknowledged" : "refused";
    const position = answer?.position ?? "";
    this.#tellEvents(events, { door: "http", fromMs, outcome, position });
    shopper.lastEvents = events;
    if (outcome === "acknowledged") shopper.position = position;
  }

  #tellEvents(events: readonly JsonEvent[], became: Pick<EventTold, "door" | "fromMs" | "outcome" | "position">): void {
    const toMs = Date.now();
    for (const { event_id: eventId, kind, user_id, anonymous_id } of events) {
      const ids = {
        ...(typeof user_id === "string" ? { userId: user_id } : {}),
        ...(typeof anonymous_id === "string" ? { anonymousId: anonymous_id } : {}),
      };
      this.#options.told.add({ told: "event", ...became, toMs, eventId, kind, ids });
    }
  }

  /** The door's answer; undefined where it gave none, or could not take the events now. */
  async #post(events: readonly JsonEvent[]): Promise<{ accepted: number; position: string } | undefined> {
    try {
      const response = await fetch(this.#options.events, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ events }),
        signal: AbortSignal.timeout(EVENTS_MAX_MS),
      });
      const body = (await response.json()) as { readonly accepted?: number; readonly position?: string };
      if (response.status >= 500) return undefined;
      return { accepted: body.accepted ?? 0, position: body.position ?? "" };
    } catch {
      return undefined;
    }
  }

  /** Asks one scorer, and where that brings no answer the next, as a real client does. */
  async #ask(shopper: Shopper, question: Question): Promise<void> {
    const { requestId, ids, lines, shipping } = question;
    const sees = happens(this.#random, 0.3) && shopper.position !== "";
    const request = {
      ...{ caller: "load", requestId, subject: ids, cart: { lines, shipping } },
      ...(sees ? { after: shopper.position, maxWaitMs: 500 } : {}),
    };
    shopper.lastQuestion = question;
    for (const at of this.#doors.from(wholeNumber(this.#random, 0, this.#doors.count - 1))) {
      const fromMs = Date.now();
      const heard = await this.#doors.decide(at, request, DECIDE_MAX_MS);
      const line = { told: "decide" as const, fromMs, toMs: Date.now(), at, requestId, ids };
      if (heard.ok) {
        const answer = answerTold(heard.value);
        this.#options.told.add({ ...line, answer });
        if (answer.offer !== undefined) shopper.held = { offer: answer.offer, question };
        return;
      }
      this.#options.told.add({ ...line, failure: failureTold(heard.error) });
    }
  }

  /** Uses an offer, sometimes once more under the same key, sometimes under another one, and buys. */
  async #use(shopper: Shopper, held: HeldOffer): Promise<void> {
    this.#orders += 1;
    const orderId = `${this.#options.name}-o${this.#orders}`;
    const again = weighted(this.#random, [
      ["once", 50],
      ["same key", 25],
      ["other key", 25],
    ] as const);
    shopper.held = undefined;
    const discountMinor = await this.#redeem(held, orderId, orderId);
    if (again === "same key") await this.#redeem(held, orderId, orderId);
    if (again === "other key") await this.#redeem(held, `${orderId}-other`, `${orderId}-other`);
    if (discountMinor !== undefined) await this.#send(shopper, shopper.buy(orderId, held.question, discountMinor));
  }

  /** Redeems until that is taken or refused, for a while. What it took off; undefined where it did not. */
  async #redeem({ offer, question }: HeldOffer, orderId: string, key: string): Promise<number | undefined> {
    const { ids, lines, shipping } = question;
    const request = { code: offer.code, subject: ids, lines, shipping, orderId, idempotencyKey: key };
    const first = wholeNumber(this.#random, 0, this.#doors.count - 1);
    const givenUpMs = Date.now() + REDEEM_GIVEN_UP_MS;
    for (let tried = 0; tried === 0 || Date.now() < givenUpMs; tried += 1) {
      const at = this.#doors.from(first + tried)[0]!;
      const fromMs = Date.now();
      const heard = await this.#doors.redeem(at, request, REDEEM_MAX_MS);
      const { offerId } = offer;
      const line = { told: "redeem" as const, fromMs, toMs: Date.now(), at, offerId, orderId, key };
      if (heard.ok) {
        const discountMinor = Number(heard.value.discount?.minor ?? 0n);
        this.#options.told.add({ ...line, taken: { discountMinor, replayed: heard.value.replayed } });
        return discountMinor;
      }
      this.#options.told.add({ ...line, failure: failureTold(heard.error) });
      if (!/^(UNAVAILABLE|DEADLINE_EXCEEDED|CANCELLED)$/.test(heard.error.code)) return undefined;
      await delay(AGAIN_AFTER_MS);
    }
    return undefined;
  }
}

/** What of an answer is written down. */
export function answerTold(answer: wire.DecideResponse): AnswerTold {
  const { decisionId, freshness, degradedReason, staleMs, offer } = answer;
  return {
    decisionId,
    freshness: FRESHNESS[freshness] ?? "degraded",
    degradedReason,
    staleMs: Number(staleMs),
    ...(offer === undefined ? {} : { offer: offerTold(offer) }),
  };
}

const FRESHNESS: Readonly<Partial<Record<wire.Freshness, AnswerTold["freshness"]>>> = {
  [wire.Freshness.FRESHNESS_FRESH]: "fresh",
  [wire.Freshness.FRESHNESS_STALE]: "stale",
};

function offerTold({ offerId, code, campaignId }: wire.Offer): OfferTold {
  return { offerId, code, campaignId };
}

/** What of a failure is written down. */
export function failureTold({ code, reason, message }: RpcFailure): FailureTold {
  return { code, reason, message };
}
