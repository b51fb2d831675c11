export * from "./contrast.js";
export * from "./metrics.js";
export * from "./sample-ratio.js";
export * from "./student-t.js";
export * from "./sufficient-sums.js";
export { LIFT_VIEWS, type LiftView } from "./views.js";
