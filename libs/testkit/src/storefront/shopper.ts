import { wire } from "@leastwise/contracts";
import { DAY_MS, type Millis } from "@leastwise/vocabulary";
import { happens, normal, oneOf, weighted, wholeNumber } from "../random/draws.js";
import type { RandomStreams, Xoshiro128 } from "../random/xoshiro128.js";
import type { Clientele, Share } from "./assortment.js";
import { drawTaste, type Taste } from "./taste.js";

/** `anonymous` never says who they are; `known` is logged in from the start; `joins` logs in at a checkout. */
type Identity = "anonymous" | "known" | "joins";

/** A simulated shopper. */
export interface Shopper {
  readonly index: number;
  readonly taste: Taste;
  readonly identity: Identity;
  /** Empty for an anonymous shopper. */
  readonly userId: string;
  readonly visitsPerDay: number;
  readonly channel: wire.Channel;
  readonly device: wire.Device;
  readonly place: wire.Place;
  readonly custom: Custom;
}

/** What a shop with a clientele of its own knows of a shopper besides; nothing, elsewhere. */
export interface Custom {
  readonly partnerSegments: readonly string[];
  /** Empty: the checkout does not say. */
  readonly paymentMethod: string;
  /** Empty: the checkout does not say. */
  readonly language: string;
  /** Days from an order to the beginning of the play; undefined for one who has not bought before. */
  readonly boughtDaysAgo: number | undefined;
}

const NOTHING_MORE: Custom = { partnerSegments: [], paymentMethod: "", language: "", boughtDaysAgo: undefined };

/** What the shop knows of a shopper before the play begins, to be kept through the subjects' door. */
export interface Person {
  readonly subject: wire.SubjectRef;
  readonly profile: wire.Profile | undefined;
  readonly consent: wire.Consent | undefined;
}

const PLACES: readonly wire.Place[] = [
  ...["CA", "NY", "TX", "WA", "IL", "FL"].map((region) => ({ country: "US", region })),
  { country: "CA", region: "ON" },
];

/** Mean number of visits a day. Log-normal over shoppers: few come often, most seldom. */
const VISITS_PER_DAY_MEAN = 0.3;
const VISITS_SPREAD = 0.9;

export function createShopper(streams: RandomStreams, index: number, clientele?: Clientele): Shopper {
  const random = streams.stream(`shopper/${index}`);
  const identity = weighted<Identity>(random, [
    ["anonymous", 0.3],
    ["known", 0.4],
    ["joins", 0.3],
  ]);
  const logMean = Math.log(VISITS_PER_DAY_MEAN) - VISITS_SPREAD ** 2 / 2;
  return {
    index,
    identity,
    taste: drawTaste(random),
    userId: identity === "anonymous" ? "" : `user-${streams.hex(`user/${index}`)}`,
    visitsPerDay: Math.exp(logMean + VISITS_SPREAD * normal(random)),
    channel: happens(random, 0.75) ? wire.Channel.CHANNEL_WEB : wire.Channel.CHANNEL_APP,
    device: weighted<wire.Device>(random, [
      [wire.Device.DEVICE_MOBILE, 0.6],
      [wire.Device.DEVICE_DESKTOP, 0.33],
      [wire.Device.DEVICE_TABLET, 0.07],
    ]),
    place: oneOf(random, PLACES),
    custom: clientele === undefined ? NOTHING_MORE : drawCustom(streams.stream(`custom/${index}`), clientele, identity),
  };
}

/** Only whom the shop knows can have bought before under a name that it knows. */
function drawCustom(random: Xoshiro128, clientele: Clientele, identity: Identity): Custom {
  const segment = oneByShare(random, clientele.partnerSegments);
  const boughtBefore = happens(random, clientele.boughtBefore);
  const daysAgo = wholeNumber(random, ...clientele.boughtDaysAgo);
  return {
    partnerSegments: segment === "" ? [] : [segment],
    paymentMethod: oneByShare(random, clientele.paymentMethods),
    language: oneByShare(random, clientele.languages),
    boughtDaysAgo: boughtBefore && identity !== "anonymous" ? daysAgo : undefined,
  };
}

/** One of the values by its share; empty for the rest that the shares leave. */
function oneByShare(random: Xoshiro128, shares: readonly Share[]): string {
  let left = random.nextUnit();
  return shares.find(([, share]) => (left -= share) < 0)?.[0] ?? "";
}

/** The shopper's id on one of their devices, counted from 0. */
export function anonymousIdOf(streams: RandomStreams, shopper: Shopper, device: number): string {
  return `browser-${streams.hex(`device/${shopper.index}/${device}`)}`;
}

/** What is known of the shopper; undefined if nothing is. Anonymous visitors may have consented, by their first browser. */
export function personOf(streams: RandomStreams, shopper: Shopper, startMs: Millis): Person | undefined {
  const random = streams.stream(`person/${shopper.index}`);
  const isAnonymous = shopper.identity === "anonymous";
  const profile = !isAnonymous && happens(random, 0.6) ? drawProfile(random, startMs) : undefined;
  const consent = happens(random, 0.7) ? drawConsent(random, startMs) : undefined;
  if (profile === undefined && consent === undefined) return undefined;
  const subject = isAnonymous
    ? { anonymousId: anonymousIdOf(streams, shopper, 0), userId: "" }
    : { anonymousId: "", userId: shopper.userId };
  return { subject, profile, consent };
}

function drawProfile(random: Xoshiro128, startMs: Millis): wire.Profile {
  const tier = weighted(random, [
    ["", 0.5],
    ["bronze", 0.25],
    ["silver", 0.17],
    ["gold", 0.08],
  ]);
  const birthMonth = String(wholeNumber(random, 1, 12)).padStart(2, "0");
  const birthDay = String(wholeNumber(random, 1, 28)).padStart(2, "0");
  return wire.Profile.create({
    loyaltyTier: tier,
    member: tier !== "",
    customerSinceMs: BigInt(startMs - wholeNumber(random, 1, 1_500) * DAY_MS),
    birthday: happens(random, 0.5) ? `${birthMonth}-${birthDay}` : "",
    tags: happens(random, 0.2) ? ["newsletter"] : [],
  });
}

/** Shoppers of the storefront answer one question for all of these. */
const PERSONALIZED_BY = [
  wire.Purpose.PURPOSE_PERSONALIZATION,
  wire.Purpose.PURPOSE_LOCATION,
  wire.Purpose.PURPOSE_DEVICE,
  wire.Purpose.PURPOSE_PROFILE,
  wire.Purpose.PURPOSE_PARTNER_SHARING,
];

/** Personalisation nearly always, and then of all that the shop may know; marketing and learning for some. */
function drawConsent(random: Xoshiro128, startMs: Millis): wire.Consent {
  const purposes: wire.Purpose[] = [];
  if (happens(random, 0.95)) purposes.push(...PERSONALIZED_BY);
  if (happens(random, 0.5)) purposes.push(wire.Purpose.PURPOSE_MARKETING);
  if (happens(random, 0.8)) purposes.push(wire.Purpose.PURPOSE_LEARNING);
  return { purposes, statedAtMs: BigInt(startMs - wholeNumber(random, 1, 400) * DAY_MS) };
}
