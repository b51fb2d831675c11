import { CLASS_OF_INPUT } from "@leastwise/vocabulary";
import { consentStep, type Permitted } from "./consent.js";
import { bitOf, NO_CLASSES, type ClassBits } from "../class-bits.js";
import { bitsOpened } from "./personal-data.js";
import { daysToBirthday } from "../policy/birthday.js";
import type { ExpressionContext, ExpressionProfile, PersonalReads } from "../policy/expressions.js";
import { lifetimeOf } from "../lifetime/lifetime-of.js";
import { rfmClasses } from "../policy/rfm.js";
import type { Verdicts } from "../policy/segment-index.js";
import type { DecisionInput } from "../input.js";
import { situationOf, type Situation } from "../situation.js";

/** Which segments hold. */
export interface Segments {
  /** By name. */
  readonly holding: readonly string[];
  /** What the segments' expressions came to. */
  readonly verdicts: Verdicts;
  /** Classes of data of the person that an expression could see. */
  readonly classes: ClassBits;
}

const NO_SEGMENTS: Segments = { holding: [], verdicts: { holding: [], byPlace: [] }, classes: NO_CLASSES };

/** Evaluates the policy's segments. An expression that fails, by arithmetic with null for example, does not hold. */
export function segmentsStep(situation: Situation, permitted: Permitted): Segments {
  const { segments, segmentIndex, segmentsRead } = situation.policy;
  if (segments.length === 0) return NO_SEGMENTS;
  const verdicts = segmentIndex.verdicts(contextOf(situation, permitted));
  return { holding: verdicts.holding, verdicts, classes: classesSeen(segmentsRead, situation, permitted) };
}

/** The classes that expressions read and that consent opens. Channel and device are of the person where only its windows tell them. */
function classesSeen(
  { classes, context }: PersonalReads,
  { channel, device }: Situation,
  permitted: Permitted,
): ClassBits {
  const opened = bitsOpened(classes, permitted);
  const wasTold =
    (context.has("channel") && permitted.channel !== channel) || (context.has("device") && permitted.device !== device);
  return wasTold ? opened | bitOf(CLASS_OF_INPUT.last_channel) : opened;
}

/** The segments that hold for an input, by name, whatever was decided on it: an answer that goes on from an earlier one records none. */
export function segmentsHolding(input: DecisionInput): readonly string[] {
  const situation = situationOf(input);
  return segmentsStep(situation, consentStep(situation)).holding;
}

function contextOf(situation: Situation, permitted: Permitted): ExpressionContext {
  const { cart, rows, goodsMinor, place, nowMs, policy } = situation;
  const { day, weekday, minute } = policy.clock.at(nowMs);
  return {
    features: featuresOf(situation, permitted),
    profile: profileOf(permitted, day),
    cart: {
      value_minor: goodsMinor,
      units: cart.lines.reduce((sum, line) => sum + line.quantity, 0),
      lines: cart.lines.length,
      currency: cart.currency,
      product_ids: cart.lines.map((line) => line.productId),
      categories: rows.map((row) => row?.category).filter((category) => category !== undefined),
      brands: rows.map((row) => row?.brand).filter((brand) => brand !== undefined),
      payment_method: cart.paymentMethod ?? null,
    },
    context: {
      channel: orNull(permitted.channel),
      device: orNull(permitted.device),
      country: orNull(place.country),
      region: orNull(place.region),
      hour: Math.floor(minute / 60),
      weekday,
      partner_segments: permitted.partnerSegments,
    },
    rfm: policy.rfm === undefined ? null : rfmClasses(policy.rfm, permitted.features?.values),
    lifetime:
      policy.lifetimeSlots === undefined
        ? null
        : lifetimeOf(policy.lifetimeSlots, situation.model, permitted.features?.values),
  };
}

function featuresOf({ policy }: Situation, { features }: Permitted): Record<string, number | string | null> {
  const values: Record<string, number | string | null> = {};
  for (const { name, slot } of policy.featureSlots) {
    const value = features?.values[slot];
    values[name] = value === undefined || Number.isNaN(value) ? null : value;
  }
  for (const name of policy.textFeatures) {
    const texts = features?.texts;
    values[name] = texts !== undefined && Object.hasOwn(texts, name) ? (texts[name] ?? null) : null;
  }
  return values;
}

function profileOf({ profile }: Permitted, today: number): ExpressionProfile | null {
  if (profile === undefined) return null;
  return {
    loyalty_tier: orNull(profile.loyaltyTier),
    member: profile.member,
    tags: profile.tags,
    attributes: profile.attributes,
    birthday: orNull(profile.birthday),
    days_to_birthday: profile.birthday === "" ? null : daysToBirthday(profile.birthday, today),
    customer_since_ms: profile.customerSinceMs ?? null,
  };
}

function orNull(text: string): string | null {
  return text === "" ? null : text;
}
