import { PURPOSES, type Purpose } from "@leastwise/vocabulary";
import * as wire from "./wire.js";

/**
 * The text forms of the contracts' enums: what columns, features, rules and labels say. `EVENT_KIND_PRODUCT_VIEW` is
 * `product_view` everywhere else.
 */
const KINDS = [
  "",
  "page_view",
  "product_view",
  "search",
  "cart_add",
  "cart_remove",
  "checkout_start",
  "purchase",
  "content_engagement",
  "return",
  "login",
] as const;
const CHANNELS = ["", "web", "app", "store", "email", "push", "social"] as const;
const DEVICES = ["", "desktop", "mobile", "tablet", "other"] as const;
const PURPOSE_NAMES = ["", ...PURPOSES] as const;

/** What a shopper did, in the words of the columns and features. */
export type KindName = Exclude<(typeof KINDS)[number], "">;
/** Where the shopper is, in words. */
export type ChannelName = Exclude<(typeof CHANNELS)[number], "">;
/** What the shopper holds, in words. */
export type DeviceName = Exclude<(typeof DEVICES)[number], "">;

/** The kind's name; undefined for one that is not said or not known. */
export function kindName(kind: wire.EventKind): KindName | undefined {
  return nameOf(KINDS, kind);
}

/** The channel's name; undefined for one that is not said or not known. */
export function channelName(channel: wire.Channel): ChannelName | undefined {
  return nameOf(CHANNELS, channel);
}

/** The device's name; undefined for one that is not said or not known. */
export function deviceName(device: wire.Device): DeviceName | undefined {
  return nameOf(DEVICES, device);
}

/** The purpose's name; undefined for one that is not said or not known. */
export function purposeName(purpose: wire.Purpose): Purpose | undefined {
  return nameOf(PURPOSE_NAMES, purpose);
}

/** The kind of that name; undefined for another text. */
export function kindOfName(name: string): wire.EventKind | undefined {
  return Object.values(wire.EventKind).find((kind) => kindName(kind) === name);
}

/** The channel of that name; undefined for another text. */
export function channelOfName(name: string): wire.Channel | undefined {
  return Object.values(wire.Channel).find((channel) => channelName(channel) === name);
}

/** The device of that name; undefined for another text. */
export function deviceOfName(name: string): wire.Device | undefined {
  return Object.values(wire.Device).find((device) => deviceName(device) === name);
}

/** The purpose of that name; undefined for another text. */
export function purposeOfName(name: string): wire.Purpose | undefined {
  return Object.values(wire.Purpose).find((purpose) => purposeName(purpose) === name);
}

function nameOf<Name extends string>(names: readonly ("" | Name)[], value: number): Name | undefined {
  const name = names[value];
  return name === undefined || name === "" ? undefined : name;
}
