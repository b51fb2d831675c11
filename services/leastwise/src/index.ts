export { starterPolicy } from "./host/starter-policy.js";
export { compare, type Comparison } from "./impact/compare.js";
export type { Moment } from "./impact/moment.js";
export { ReplayedShop } from "./impact/replayed-shop.js";
export { VERSION } from "./version.js";
