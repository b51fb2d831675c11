/**
 * What runs on a device: reads a bundle and finds the class to propose. It needs nothing but JavaScript and `Intl`, and sends nothing anywhere.
 */
export { DeviceClasses, type Seen } from "./device-classes.js";
export type { BundledClass, DeviceBundle } from "./device-bundle.js";
export { readDeviceBundle } from "./read-bundle.js";
export type { SignalContext, Signals } from "./signal-expressions.js";
