import { wire } from "@leastwise/contracts";
import { objectOf, textOf, type JsonObject } from "./json-object.js";

const { Channel, Device } = wire;

/** Where the shopper is, from `channel`, the device's system and the library. */
export function channelOf(call: JsonObject, about: JsonObject | undefined): wire.Channel {
  const channel = textOf(call, "channel").toLowerCase();
  if (channel === "mobile" || systemOf(about) !== "") return Channel.CHANNEL_APP;
  const library = textOf(objectOf(about?.["library"]), "name").toLowerCase();
  if (channel === "browser" || library.includes("analytics.js")) return Channel.CHANNEL_WEB;
  return Channel.CHANNEL_UNSPECIFIED;
}

/** What the shopper holds, from the device's system and the user agent, which itself is not kept. */
export function deviceOf(about: JsonObject | undefined): wire.Device {
  const agent = textOf(about, "userAgent").slice(0, 1_024);
  if (/ipad|tablet/i.test(agent) || (/android/i.test(agent) && !/mobi/i.test(agent))) return Device.DEVICE_TABLET;
  if (/mobi|iphone|android/i.test(agent) || systemOf(about) !== "") return Device.DEVICE_MOBILE;
  return agent === "" ? Device.DEVICE_UNSPECIFIED : Device.DEVICE_DESKTOP;
}

/** Country and region, where they come as ISO codes. City, address and coordinates are not taken. */
export function placeOf(about: JsonObject | undefined): wire.Place | undefined {
  const location = objectOf(about?.["location"]);
  const country = textOf(location, "country").toUpperCase();
  if (!/^[A-Z]{2}$/.test(country)) return undefined;
  const region = textOf(location, "region").toUpperCase();
  return { country, region: /^[A-Z0-9]{1,3}$/.test(region) ? region : "" };
}

function systemOf(about: JsonObject | undefined): string {
  const system = textOf(objectOf(about?.["device"]), "type").toLowerCase();
  return system === "ios" || system === "android" ? system : "";
}
