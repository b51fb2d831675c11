export { starterPolicy } from "./host/starter-policy.js";
export { compare, type Comparison } from "./impact/compare.js";
export { ReplayedShop, type Moment } from "./impact/replayed-shop.js";
export { VERSION } from "./version.js";
