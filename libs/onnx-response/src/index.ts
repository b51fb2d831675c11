export { loadCustom, type LoadOptions } from "./load.js";
export { StandingModel, type AskedOutcome } from "./standing-model.js";
