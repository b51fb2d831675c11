export { starterPolicy } from "./host/starter-policy.js";
export { VERSION } from "./version.js";
