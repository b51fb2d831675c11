export { loadCustom, type LoadOptions } from "./load.js";
export type { AskableModel, AskedOutcome } from "./standing-model.js";
