export { PLACED_KEYS, type PlacedKey } from "./catalogue.js";
export { makeDataDirectory } from "./data-directory.js";
export { describeConfig } from "./describe.js";
export { findKey, keepKey, obtainKey, type KeyName } from "./key-material.js";
export type { Config, SomeConfig } from "./keys.js";
export { loadConfig, type ConfigSources } from "./load.js";
export { sayProblems, type ConfigProblem } from "./problem.js";
